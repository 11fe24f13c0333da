"""What a pass amounts to: counts, what was not checked, what is not proven."""

from verifier.clock import utc
from verifier.history.walk import Walk
from verifier.report.verdict import Report
from verifier.rules.redactions import event_id
from verifier.verdict import Covers

_WHOLE = (
    "that this is the whole ledger: a shorter copy that ends at an earlier checkpoint "
    "verifies too; compare the size with one that you know"
)
_TRUE = (
    "that what an event says was true when it was written, or that nothing was left "
    "out before it was submitted"
)
_WHEN = "when anything happened: recorded and claimed times are the operator's clocks"
_ANEW = "that nobody who holds all the keys wrote the ledger anew"
_GONE = "that keys, files or weights reported as destroyed are gone from every copy"

_ANCHORS = {
    "witness": ("cosignatures", "by witnesses"),
    "timestamp": ("time stamps", "under roots"),
}


def summarise(
    report: Report, walk: Walk | None, covers: Covers, *, copied: bool
) -> None:
    """Fill in everything but findings, trust and the levels above the first."""
    report.not_proven += _not_proven(report, covers)
    report.levels["consistent"] = _consistent(report)
    if copied:
        report.not_checked.append(
            "the file alone: a -wal lay beside it, so a temporary copy of both was read"
        )
    if walk is None:
        report.not_checked.append("entries: the file itself is not sound")
        return
    if walk.resumed:
        report.answers["consistent"] = (
            f"entries 0..{walk.resumed - 1} by their bytes, as an earlier run judged "
            "them; --full judges all"
        )
    report.origin = walk.ring.origin
    report.root_keys = [f"{key.name} {key.public_key.hex()}" for key in walk.ring.roots]
    _add_head(report, walk)
    _add_counts(report, walk)
    _add_redacted(report, walk)
    _add_anchors(report, covers)
    _add_gaps(report, walk)


def _consistent(report: Report) -> str:
    """A contradiction with the reader's checkpoint is none of the file in itself."""
    broken = [finding for finding in report.findings if finding.rule != "VER-5"]
    return "no" if broken or len(report.unknown) else "yes"


def _not_proven(report: Report, covers: Covers) -> list[str]:
    """Return what no check here can show, given the levels that hold."""
    held = {name for name, answer in report.levels.items() if answer == "yes"}
    lines = [_TRUE]
    if held & {"witnessed", "continuous"}:
        lines += _views(held, covers)
    else:
        lines.append(_WHOLE)
    if "timed" in held and covers.timed:
        at = utc(covers.timed.at_ms)
        lines.append(
            f"when anything happened before {at}: a time stamp proves 'no later than'"
            " and rests on its authority; recorded times are the operator's clocks"
        )
    else:
        lines.append(_WHEN)
    if not held & {"timed", "witnessed", "continuous"}:
        lines.append(_ANEW)
    else:
        lines.append(_anew_before(held, covers))
    return [*lines, _GONE]


def _views(held: set[str], covers: Covers) -> list[str]:
    """Say what others may have been shown, and what may have come later."""
    lines: list[str] = []
    if "witnessed" in held and covers.witnessed:
        who, at = ", ".join(covers.witnessed.who), utc(covers.witnessed.at_ms)
        lines.append(
            f"that nobody was shown another history, if {who} work together with the "
            "operator: witnesses are as independent as those who run them"
        )
        lines.append(
            f"that nothing was appended after {at}, when the witnesses last spoke"
        )
    elif "continuous" in held:
        lines.append(
            "that this is the whole ledger: it goes on from your kept checkpoint, but "
            "may go further than this copy"
        )
    if "continuous" in held:
        lines.append(
            "that others were shown the same ledger: continuity is with your own kept "
            "checkpoint only"
        )
    return lines


def _anew_before(held: set[str], covers: Covers) -> str:
    """Say until when somebody with all keys could have written it anew."""
    times = [
        cover.at_ms
        for name, cover in (("timed", covers.timed), ("witnessed", covers.witnessed))
        if name in held and cover
    ]
    until = f"before {utc(min(times))}" if times else "before your kept checkpoint"
    return f"that nobody who holds all the keys wrote the ledger anew {until}"


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
        f"rules across       {walk.content.judged} events{_unjudged(walk)}",
    ]


def _unjudged(walk: Walk) -> str:
    met = walk.redacted.met
    return f"; {met} redacted lines not judged" if met else ""


def _add_redacted(report: Report, walk: Walk) -> None:
    """List the redacted lines, and say what that leaves open."""
    told = walk.redacted
    report.redacted_total = told.total
    report.redacted = [
        {
            "event": event_id(number),
            "by": "" if by is None else event_id(by),
            "state": "redacted" if is_met else "named",
        }
        for number, is_met, by in told.first
    ]
    if not told.met:
        return
    report.counts |= {"redacted": told.met, "redactions": told.events}
    report.checked.append(
        f"redacted lines     {told.met}, named by {told.events} events"
    )
    report.not_proven.append(
        f"what {told.met} redacted lines said, of which type they were, and that they"
        " broke no rule: whoever holds the keys that signed them and the eraser's could"
        " have hidden a quarantine, a scan or a step of an erasure"
    )
    if walk.content.stopped and told.unnamed:
        report.not_checked.append(
            f"whether an event names {told.unnamed} redacted lines"
        )


def _add_anchors(report: Report, covers: Covers) -> None:
    """Count the anchors, and say which of them nobody asked for or could read."""
    judge = covers.judge
    if judge is None:
        return
    for kind, (name, whom) in _ANCHORS.items():
        accepted = sum(anchor.kind == kind for anchor in judge.accepted)
        ignored = judge.ignored.get(kind, 0)
        if accepted:
            report.counts[name] = accepted
            report.checked.append(f"{name:<18} {accepted} {whom} of the policy")
        if ignored:
            why = f"not {whom} of the policy" if judge.policy else "no policy"
            report.not_checked.append(f"{name}: {ignored}, {why}")
    report.not_checked += [
        f"{anchor}: its time is in this clock's future" for anchor in judge.future
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
    for stream, reasons in sorted(walk.content.dropped.items()):
        dropped = ", ".join(f"{n} for {why}" for why, n in sorted(reasons.items()))
        report.not_proven.append(
            f"what the producer of stream {stream} dropped, as it says: {dropped}"
        )
    for level, name in (("timed", "time stamps"), ("witnessed", "witnesses")):
        if report.levels[level] == "not asked":
            report.not_checked.append(f"{name}: no policy asks for them")
    if report.levels["continuous"] == "not asked" and not report.pin:
        report.not_checked.append("continuity with an earlier checkpoint: no pin store")
