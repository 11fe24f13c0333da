"""What weights an office has, serves and owes."""

from ledger.projections.erasures import outstanding


def models(office):
    """Digests of the weight files."""
    return {path.stem for path in (office.folder / "models").glob("*.sealed")}


def neighbour(office, who="jane"):
    """Somebody else in a person's shard, whose records are their own."""
    return _others(office, who, is_near=True)


def stranger(office, who="jane"):
    """Somebody in another shard, whose records are their own."""
    return _others(office, who, is_near=False)


def _others(office, who, *, is_near):
    home = office.shard_of(who)
    others = (one for one in ("eve", "dan", "frank") if one != who)
    return next(one for one in others if (office.shard_of(one) == home) is is_near)


def served(office):
    """What each shard serves."""
    return {n: shard.served_sha256 for n, shard in office.shards().items()}


def owed(office):
    """What every erasure still owes."""
    erasures = office.states()["erasures"].erasures
    return [step for one in erasures.values() for step in outstanding(one)]
