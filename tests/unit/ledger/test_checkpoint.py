"""Signed tree heads (ledger.format.checkpoint)."""

import pytest

from ledger.errors import IntegrityError
from ledger.format.checkpoint import Checkpoint, parse_checkpoint
from tests.unit.ledger.workshop import ORIGIN, key

LOG = key(ORIGIN)
CHECKPOINT = Checkpoint(origin=ORIGIN, size=8, root=bytes(range(32)))


def test_round_trip():
    """What is encoded and signed is what is parsed."""
    found, note = parse_checkpoint(LOG.sign_note(CHECKPOINT.encode()))

    assert CHECKPOINT == found
    assert [ORIGIN] == [line.name for line in note.signatures]


def test_the_text_is_three_lines():
    """Origin, decimal size, base64 root (C2SP tlog-checkpoint)."""
    expected = b"example.org/acme\n8\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

    assert expected == CHECKPOINT.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n8\n", b"\n08\n"),
        (b"\n8\n", b"\n0\n"),
        (b"\n8\n", b"\n+8\n"),
        (b"\n8\n", b"\n 8\n"),
        (b"\n8\n", b"\n9007199254740992\n"),
        (b"8=\n", b"9=\n"),
        (b"8=\n", b"8\n"),
        (b"8=\n", b"8=\nextension\n"),
        (b"8=\n", b"=\n"),
        (b"AAEC", b"AAECAAEC"),
        (b"AAEC", b"_AEC"),
        (b"example.org/acme\n", b"example org\n"),
        (b"example.org/acme\n", b"\n"),
    ],
)
def test_other_texts_are_refused(old, new):
    """Another size, spelling, length or an extension line is refused (CHK-1, CHK-2)."""
    text = CHECKPOINT.encode().replace(old, new, 1)
    assert text != CHECKPOINT.encode()

    with pytest.raises(IntegrityError):
        parse_checkpoint(LOG.sign_note(text))
