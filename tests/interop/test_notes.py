"""Signed notes of golang/mod and C2SP."""

import contextlib
import json

import pytest

from ledger.errors import TuneledgerError
from ledger.format import note as ledger_note
from verifier.format.checkpoint import parse_checkpoint
from verifier.format.note import NoteError, open_note, parse_note, parse_vkey


class VerifierNotes:
    """The verifier's side."""

    def names(self, note: bytes, vkeys: list[str]) -> list[str]:
        """Names of the known keys that signed; raises ValueError."""
        return open_note(note, [parse_vkey(key) for key in vkeys])[1]

    def parse(self, note: bytes) -> None:
        """Check the shape; raises ValueError."""
        parse_note(note)

    def key_name(self, vkey: str) -> str:
        """The name in a verifier key; raises ValueError."""
        return parse_vkey(vkey).name


class WriterNotes:
    """The writer's side; its errors become ValueError here."""

    def names(self, note: bytes, vkeys: list[str]) -> list[str]:
        with refusals():
            keys = [ledger_note.parse_vkey(key) for key in vkeys]
            signed = ledger_note.check_note(ledger_note.parse_note(note), keys)
            return [key.name for key in signed]

    def parse(self, note: bytes) -> None:
        with refusals():
            ledger_note.parse_note(note)

    def key_name(self, vkey: str) -> str:
        with refusals():
            return ledger_note.parse_vkey(vkey).name


@contextlib.contextmanager
def refusals():
    """The writer's refusals as ValueError."""
    try:
        yield
    except TuneledgerError as error:
        raise ValueError(str(error)) from None


IMPLEMENTATIONS = [VerifierNotes(), WriterNotes()]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda side: type(side).__name__)
def side(request):
    return request.param


@pytest.fixture
def golang(cases_dir):
    """The keys and text of golang/mod."""
    return json.loads((cases_dir / "signed-note.json").read_text("utf-8"))


@pytest.mark.cases("signed-note.json", "valid_notes")
def test_valid_note(case, side, golang):
    """A valid note opens under both keys, and under one with the other ignored."""
    signed = [line.split()[1] for line in golang["sig_lines"] if line in case]

    assert signed == side.names(case.encode(), golang["vkeys"])
    assert signed[:1] == side.names(case.encode(), golang["vkeys"][:1])


@pytest.mark.cases("signed-note.json", "malformed_notes")
def test_malformed_note(case, side, golang):
    """A malformed note is refused, even before a key is known."""
    with pytest.raises(ValueError):
        side.parse(case.encode())
    with pytest.raises(ValueError):
        side.names(case.encode(), golang["vkeys"])


@pytest.mark.cases("signed-note.json", "valid_notes")
def test_note_that_is_not_utf8(case, side):
    """The byte 0xff before a valid note makes it malformed."""
    with pytest.raises(ValueError):
        side.parse(b"\xff" + case.encode())


@pytest.mark.cases("signed-note.json", "valid_notes")
def test_changed_text(case, side, golang):
    """A known key's signature over another text rejects the whole note."""
    changed = case.replace("cryptography", "Cryptography")

    with pytest.raises(ValueError):
        side.names(changed.encode(), golang["vkeys"])


@pytest.mark.cases("signed-note.json", "vkeys")
def test_verifier_key(case, side):
    """A published verifier key is read."""
    assert case.split("+")[0] == side.key_name(case)


@pytest.mark.cases("signed-note.json", "invalid_vkeys")
def test_invalid_verifier_key(case, side):
    """A verifier key of another type or length is refused."""
    with pytest.raises(ValueError):
        side.key_name(case)


@pytest.mark.cases("signed-note.json", "sig_lines")
def test_signature_line(case, side, golang):
    """Each published line is valid under the text."""
    note = golang["text"] + "\n" + case

    assert [case.split()[1]] == side.names(note.encode(), golang["vkeys"])


def test_c2sp_note(cases_dir, side):
    """The example of the C2SP page verifies under its key."""
    cases = json.loads((cases_dir / "c2sp-examples.json").read_text("utf-8"))
    example = cases["signed_note"]

    assert ["example.com/foo"] == side.names(example["msg"].encode(), [example["vkey"]])


def test_c2sp_checkpoint_text(cases_dir):
    """The checkpoint text of the C2SP page has the three lines that we read."""
    cases = json.loads((cases_dir / "c2sp-examples.json").read_text("utf-8"))
    line = cases["signed_note"]["msg"].partition("\n\n")[2]
    text = cases["checkpoint_text_shape"]
    checkpoint = parse_checkpoint(f"{text}\n{line}".encode())

    assert ("example.com/behind-the-sofa", 20852163) == (
        checkpoint.origin,
        checkpoint.size,
    )


def test_note_error_is_a_value_error():
    """Both sides refuse a note with a kind of ValueError."""
    assert issubclass(NoteError, ValueError)
