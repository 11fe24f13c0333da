"""What weights an office has, serves and owes."""

from ledger.projections.erasures import outstanding


def models(office):
    """Digests of the weight files."""
    return {path.stem for path in (office.folder / "models").glob("*.safetensors")}


def served(office):
    """What each shard serves."""
    return {n: shard.served_sha256 for n, shard in office.shards().items()}


def owed(office):
    """What every erasure still owes."""
    erasures = office.states()["erasures"].erasures
    return [step for one in erasures.values() for step in outstanding(one)]
