"""T16, T17, T22 to T24: attacks on signed texts, trees and limits.

Each says which keys it takes.
"""

import base64
from hashlib import sha256

from tests.simulator import (
    Key,
    encode,
    leaf,
    sign_note,
    split_entry,
)
from tests.tamper.anchoring import note_text
from tests.tamper.attack import attack
from tests.tamper.attacks_history import pending
from tests.tamper.attacks_keys import replace_roots
from tests.tamper.thief import set_entry


@attack("T16", after="BROKEN", code="SUBMISSION_MALFORMED")
def checkpoint_passed_off_as_a_submission(scene):
    """With the log key: a checkpoint stands where a submission belongs."""
    note = scene.ledger.checkpoints[4]
    scene.ledger.append(note, b"")
    scene.ledger.checkpoint()
    scene.write()


@attack("T16", after="BROKEN", code="SIGNATURE_INVALID")
def signature_of_another_kind_of_text(scene):
    """With the ingest key's signature over a checkpoint's text under a submission."""
    ledger = scene.ledger
    line = encode(pending(ledger, 60))
    key = ledger.key("ingest")
    signature = key.line(note_text(ledger.checkpoints[4]))
    note = ledger.submission("ingest", [line]) + b"\n" + signature
    ledger.append(note, line + b"\n")
    ledger.checkpoint()
    scene.write()


@attack("T16", auditor="policy", after="BROKEN", code="CHECKPOINT_SIGNATURE")
def cosignature_passed_off_as_the_log_line(scene):
    """A witness's line stands where the log's signature belongs."""
    size, line = scene.anchors.cosignatures[0]
    text = note_text(scene.ledger.checkpoints[size])
    scene.ledger.checkpoints[size] = text + b"\n" + line
    scene.anchors.timestamps.clear()
    scene.write()


@attack("T17", after="BROKEN", code="SIGNER_NOT_ALLOWED")
def signature_replaced(scene):
    """The signature of a submission is replaced by another key's; no key of the log."""
    ledger = scene.ledger
    _, note = split_entry(ledger.entries[4][0])
    again = sign_note(note_text(note), Key(ledger.key("ingest").name, "thief"))
    set_entry(ledger, 4, again, ledger.entries[4][1])
    scene.write()


@attack("T17", after="BROKEN", code="SIGNATURE_LINES")
def one_of_two_root_signatures_stripped(scene):
    """With the log key: one line of a two-of-three root submission is taken off."""
    ledger = replace_roots(scene)
    grant = ledger.granted(ledger.key("ingest"), "ingest", ["ingest"], "ingest")
    seq = ledger.submit("root", [grant])
    scene.write()
    assert scene.read().verdict == "L1"
    _, note = split_entry(ledger.entries[seq][0])
    set_entry(
        ledger, seq, note[: note.rindex(b"\n", 0, -1) + 1], ledger.entries[seq][1]
    )
    ledger.rechain(seq)
    scene.write()


@attack("T22", after="BROKEN", code="ENTRY_MALFORMED")
def node_passed_off_as_an_entry(scene):
    """Two entries replaced by the 64 bytes below their node of the tree."""
    ledger = scene.ledger
    ledger.entries[0] = (ledger.leaves[0] + ledger.leaves[1], b"")
    del ledger.entries[1]
    scene.write()


@attack("T22", after="BROKEN", code="EVENTS_ROOT")
def lines_passed_off_as_one(scene):
    """Two event lines replaced by the 64 bytes below their node of the events' tree."""
    ledger = scene.ledger
    seq = next(s for s, (e, _) in enumerate(ledger.entries) if b"\nevents 3\n" in e)
    entry, events = ledger.entries[seq]
    lines = events.split(b"\n")
    forged = (leaf(lines[0]) + leaf(lines[1])).replace(b"\n", b"\0")
    ledger.entries[seq] = (entry, b"\n".join([forged, *lines[1:]]))
    scene.write()


@attack("T23", after="BROKEN", code="CHECKPOINT_SIGNATURE")
def checkpoint_under_another_algorithm(scene):
    """A checkpoint whose line is by a key of another type under the log's name."""
    ledger = scene.ledger
    size = max(ledger.checkpoints)
    text = note_text(ledger.checkpoints[size])
    kind = sha256(ledger.origin.encode() + b"\n\x06" + bytes(1312)).digest()[:4]
    blob = base64.b64encode(kind + bytes(64)).decode()
    line = f"\u2014 {ledger.origin} {blob}\n".encode()
    ledger.checkpoints[size] = text + b"\n" + line
    scene.write()


@attack("T24", after="BROKEN", code="OVER_LIMIT")
def line_of_a_megabyte(scene):
    """With the ingest and log keys: a line far past its limit."""
    scene.ledger.submit("ingest", [b'{"type":"' + b"x" * 1_000_000 + b'"}'])
    scene.write()


@attack("T24", after="BROKEN", code="CHECKPOINT_SIZE")
def flood_of_checkpoints(scene):
    """Two hundred thousand checkpoints over entries that are not there."""
    note = scene.ledger.checkpoints[4]
    scene.ledger.checkpoints |= dict.fromkeys(range(100, 200_100), note)
    scene.write()
