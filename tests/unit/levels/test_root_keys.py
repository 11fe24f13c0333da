"""Root keys that the reader knows: how they are given, and what they are held to."""

from types import SimpleNamespace

import pytest

from tests.simulator import Key
from verifier.findings import Code, shown
from verifier.format.note import VerifierKey
from verifier.trust.pin import (
    Pin,
    RootKeyError,
    check_pins,
    parse_pins,
    read_root_keys,
)

ROOTS = [Key(f"example.org/acme/root-{n}") for n in range(3)]
KEYS = [VerifierKey(one.name, one.public) for one in ROOTS]
PINS = [Pin(one.public_key, one.name) for one in KEYS]


def test_keys_and_files_of_keys(tmp_path):
    """A key stands for itself; a file holds one a line, with space around it."""
    path = tmp_path / "keys"
    path.write_text("  a+1+B \n\n\tc+2+D\n   \n", "utf-8")

    assert ["x+0+Y", "a+1+B", "c+2+D", "z"] == (
        read_root_keys(["x+0+Y", f"@{path}", "z"])
    )


def test_a_file_whose_sign_was_forgotten():
    """A name that ends as key files do is no key, and the error says what to give."""
    with pytest.raises(RootKeyError, match=r"give @root\.vkey"):
        read_root_keys(["root.vkey"])


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\xff", "not UTF-8"),
        (b" " * (65_537), "longer than 65536 bytes"),
        (None, "No such file"),
    ],
    ids=["not UTF-8", "too long", "missing"],
)
def test_a_file_that_cannot_be_read(tmp_path, content, match):
    """A file of keys is a small text."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RootKeyError, match=rf"keys: the root key cannot .*{match}"):
        read_root_keys([f"@{path}"])


def test_a_file_of_the_most_bytes(tmp_path):
    """A file of the limit is read."""
    path = tmp_path / "keys"
    path.write_bytes(b"a\n".ljust(65_536))

    assert ["a"] == read_root_keys([f"@{path}"])


def test_two_spellings_of_a_key():
    """A vkey has a name; 64 hex digits have none."""
    root = ROOTS[0]

    assert [Pin(root.public, root.name), Pin(root.public, None)] == (
        parse_pins([root.vkey, root.public.hex()])
    )


@pytest.mark.parametrize(
    "text",
    ["", "ab" * 31, "AB" * 32, "00" * 32, "01" + "00" * 31, ROOTS[0].vkey + "A"],
    ids=["empty", "short", "capitals", "zero", "low order", "vkey too long"],
)
def test_no_root_key(text):
    """A malformed or weak key is refused, with its number."""
    with pytest.raises(RootKeyError, match=r"^root key 2: "):
        parse_pins([ROOTS[0].vkey, text])


@pytest.mark.parametrize(
    ("pin", "fits"),
    [
        (Pin(KEYS[0].public_key, KEYS[0].name), True),
        (Pin(KEYS[0].public_key, None), True),
        (Pin(KEYS[0].public_key, "another"), False),
        (Pin(KEYS[1].public_key, KEYS[0].name), False),
        (Pin(KEYS[1].public_key, None), False),
    ],
    ids=["same", "without a name", "another name", "another key", "another, no name"],
)
def test_a_pin_fits_its_key(pin, fits):
    """Key and, where one was given, name."""
    assert fits is pin.fits(KEYS[0])


def judged(pins, *, roots=KEYS[:2], signers=KEYS[:2], least=None, threshold=2):
    """Code, expected and found of what pins say about a ledger's root."""
    ring = SimpleNamespace(roots=list(roots), threshold=threshold)
    found = check_pins(pins, ring, iter(signers), threshold=least)
    return [(one.code, one.expected, one.found) for one in found]


def test_the_ledger_s_root_is_the_pinned_one():
    """All pins are root keys, all signers pinned, and the threshold is theirs."""
    assert [] == judged(PINS[:2])


def test_no_pin():
    """Without a root key from outside the file vouches for itself."""
    expected = "a root key from outside the file"

    assert [(Code.ROOT_NOT_PINNED, expected, "none")] == judged([])


def test_a_pin_that_is_no_root_key():
    """Every pin is a root key of the ledger; the gap names it and the ledger's."""
    expected = f"root key {KEYS[2].public_key.hex()}"
    found = shown(", ".join(one.public_key.hex() for one in KEYS[:2]))

    assert [(Code.ROOT_DIFFERS, expected, found)] == judged([*PINS[:1], PINS[2]])
    assert [(Code.ROOT_DIFFERS, expected, "no root key")] == (
        judged([PINS[2]], roots=[], signers=[])
    )


def test_a_signer_that_is_not_pinned():
    """Every key that signed entry 0 is pinned; the gap names the others."""
    expected = "entry 0 signed by pinned root keys only"

    assert [(Code.ROOT_DIFFERS, expected, KEYS[1].public_key.hex())] == judged(PINS[:1])
    assert [(Code.ROOT_DIFFERS, expected, "no signature")] == (
        judged(PINS[:1], signers=[])
    )


@pytest.mark.parametrize(
    ("threshold", "least", "holds"),
    [(2, None, True), (1, None, False), (1, 1, True), (1, 2, False), (3, 2, True)],
)
def test_threshold(threshold, least, holds):
    """As many signatures as there are pins, or as the reader says, or more."""
    found = judged(PINS[:2], threshold=threshold, least=least)
    expected = f"at least {least or 2} signatures of root keys on each key event"

    assert ([] if holds else [(Code.ROOT_THRESHOLD, expected, str(threshold))]) == found


def test_a_key_that_is_pinned_twice_counts_once():
    """A vkey and its hex digits are one pin towards the threshold."""
    pins = [PINS[0], Pin(KEYS[0].public_key, None)]

    assert [] == judged(pins, roots=KEYS[:1], signers=KEYS[:1], threshold=1)
