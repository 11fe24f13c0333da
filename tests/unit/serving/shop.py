"""An office whose models serve."""

from ledger.erasing.served import ServingBook
from ledger.events.model import ManifestPublished
from ledger.events.training import RunFinished
from producers import publishing

HELD_OUT = (
    b"A text that nobody trained on, and that is long enough to measure a loss on."
)
LOOSE = publishing.Gate(held_out=HELD_OUT, worst=1_000_000)
"""A gate that lets every merge of tiny adapters through."""


def publish(office, run_id="", gate=None):
    """Publish in a session of its own; return the event."""
    with office.open() as workspace:
        return publishing.publish(
            workspace, run_id, gate=gate, progress=office.said.append
        )


def republish(office, erasure_id, reason):
    """Let manifests follow an erasure, once more."""
    with office.open() as workspace:
        publishing.republisher(workspace, office.said.append)(erasure_id, reason)


def manifests(office):
    """Every manifest, oldest first."""
    return office.events(ManifestPublished)


def adapters(event):
    """Shard to weights of a manifest's event."""
    return {one.shard: one.weights_sha256 for one in event.adapters}


def fenced(office):
    """Why the newest manifest may not be obeyed: (shard, reason)."""
    with office.open() as workspace:
        book = ServingBook(workspace)
        return [(one.shard, one.reason) for one in book.fenced(book.newest()[1])]


def last_run(office):
    """The run that finished last."""
    return office.events(RunFinished)[-1]


def digests(office):
    """Digests of the weight files that are there."""
    return {path.stem for path in (office.folder / "models").glob("*.sealed")}
