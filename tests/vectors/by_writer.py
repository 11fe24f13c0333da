"""The writer's answers to the vectors."""

from ledger.disk.store import Row
from ledger.errors import TuneledgerError, UnknownTypeError
from ledger.events import decode_event, families_of
from ledger.format import submission, tree
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.ed25519 import check_public_key
from ledger.format.entry import parse_entry
from ledger.format.note import check_exact, parse_note, parse_vkey
from ledger.log.state import State
from tests.vectors import reading


def _asked(check):
    """An answer from a check that raises."""

    def answer(given):
        try:
            check(given)
        except UnknownTypeError:
            return "incomplete"
        except TuneledgerError:
            return "refuse"
        return "accept"

    return answer


def _event(given):
    decode_event(reading.content(given, "line"))


def _key(given):
    if "vkey" in given:
        parse_vkey(given["vkey"])
    else:
        check_public_key(bytes.fromhex(given["public_key"]))


def _note(given):
    note = parse_note(reading.content(given, "note"))
    check_exact(note, [parse_vkey(text) for text in given["vkeys"]])


def _submission(given):
    text, _ = submission.parse_submission(reading.content(given, "note"))
    lines = reading.lines(given)
    if lines is not None:
        submission.check_lines(text, lines)


def _entry(given):
    parse_entry(reading.entry(given))


def _checkpoint(given):
    _, note = parse_checkpoint(reading.content(given, "note"))
    check_exact(note, [parse_vkey(given["vkey"])])


def _root(given):
    leaves = [tree.leaf_hash(line.encode()) for line in given["lines"]]
    is_root = tree.root_hash(leaves).hex() == given["root"]
    return "accept" if is_root else "refuse"


def _inclusion(given):
    found = tree.root_from_inclusion(
        index=given["index"],
        size=given["size"],
        leaf=bytes.fromhex(given["leaf"]),
        path=reading.nodes(given["proof"]),
    )
    is_proof = found is not None and found.hex() == given["root"]
    return "accept" if is_proof else "refuse"


def _consistency(given):
    roots = bytes.fromhex(given["old_root"]), bytes.fromhex(given["new_root"])
    found = tree.roots_from_consistency(
        old_size=given["old_size"],
        new_size=given["new_size"],
        old_root=roots[0],
        proof=reading.nodes(given["proof"]),
    )
    return "accept" if found == roots else "refuse"


def _ledger(given):
    """Take each entry as `Ledger.submit` does, and the checkpoints as `open` does."""
    state = State()
    notes = {one["size"]: reading.content(one, "note") for one in given["checkpoints"]}
    for seq, row in enumerate(given["entries"]):
        entry, events = reading.content(row, "entry"), reading.content(row, "events")
        text, note = submission.parse_submission(parse_entry(entry).submission)
        lines = submission.split_lines(events)
        submission.check_lines(text, lines)
        families = families_of([decode_event(line) for line in lines])
        if seq:
            state.check_submission(text, note, families)
        state.take(Row(seq, entry, events))
        if state.size in notes:
            state.take_checkpoint(notes[state.size])
    if max(notes, default=0) != state.size:
        raise TuneledgerError


ANSWERS = {
    "event": _asked(_event),
    "key": _asked(_key),
    "note": _asked(_note),
    "submission": _asked(_submission),
    "entry": _asked(_entry),
    "checkpoint": _asked(_checkpoint),
    "root": _root,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "ledger": _asked(_ledger),
}
