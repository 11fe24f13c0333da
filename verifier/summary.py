"""What a pass amounts to: counts, what was not checked, what is not proven."""

from verifier.report import Report
from verifier.walk import Walk

_LATER_LEVELS = (
    "time stamps (L2), witnesses (L3) and continuity with an earlier checkpoint (L4): "
    "no part of this reader"
)
_WHOLE = (
    "that this is the whole ledger: a shorter copy that ends at an earlier checkpoint "
    "verifies too; compare the size with one that you know"
)
_TRUE = (
    "that what an event says was true when it was written, or that nothing was left "
    "out before it was submitted"
)
_NOT_PROVEN = (
    _TRUE,
    _WHOLE,
    "when anything happened: recorded and claimed times are the operator's clocks",
    "that nobody who holds all the keys wrote the ledger anew",
    "that keys, files or weights reported as destroyed are gone from every copy",
)


def summarise(report: Report, walk: Walk | None, *, copied: bool) -> None:
    """Fill in everything but findings and trust."""
    report.not_proven += _NOT_PROVEN
    report.levels["consistent"] = (
        "no" if len(report.findings) or len(report.unknown) else "yes"
    )
    if copied:
        report.not_checked.append(
            "the file alone: a -wal lay beside it, so a temporary copy of both was read"
        )
    report.not_checked.append(_LATER_LEVELS)
    if walk is None:
        report.not_checked.append("entries: the file itself is not sound")
        return
    report.origin = walk.ring.origin
    report.root_keys = [f"{key.name} {key.public_key.hex()}" for key in walk.ring.roots]
    _add_head(report, walk)
    _add_counts(report, walk)
    _add_gaps(report, walk)


def _add_head(report: Report, walk: Walk) -> None:
    good = walk.heads.last_good
    report.head = {
        "entries": walk.entries,
        "size": good.size if good else 0,
        "root": good.root.hex() if good else "none",
    }


def _add_counts(report: Report, walk: Walk) -> None:
    report.counts = {
        "entries": walk.entries,
        "events": walk.events,
        "signatures": walk.signatures,
        "checkpoints": walk.heads.passed,
        "streams": len(walk.streams),
        "events_judged": walk.content.judged,
        **{f"type {name}": n for name, n in sorted(walk.content.types.items())},
    }
    links = max(walk.entries - 1, 0)
    heads = walk.heads
    typed = sum(walk.content.types.values())
    report.checked += [
        f"links              {walk.chain.links}/{links} entries confirmed by the next",
        f"checkpoints        {heads.passed}/{heads.stored} signed, root as computed",
        f"signatures         {walk.signatures} in {len(walk.streams)} streams",
        f"event lines        {walk.events} bound, {typed} match their type",
        f"rules across       {walk.content.judged} events",
    ]


def _add_gaps(report: Report, walk: Walk) -> None:
    if walk.content.stopped:
        report.not_checked.append(f"rules across events {walk.content.stopped}")
    unsigned = walk.unsigned + walk.heads.unsigned
    if unsigned:
        report.not_checked.append(
            f"{unsigned} signatures by keys that this reader may not know"
            f" {walk.ring.unsure}"
        )
    if walk.chain.tree_lost:
        report.not_checked.append("checkpoint roots after an entry that is not known")
    for stream, count in sorted(walk.streams.abandoned.items()):
        report.not_proven.append(
            f"what stream {stream} held after its {count} submissions: it was abandoned"
        )
