"""Level L1: is the ledger's root the one that the reader knows from outside?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from verifier.findings import Code, Finding, Violation, escaped
from verifier.format import ed25519
from verifier.format.note import NoteError, VerifierKey, parse_vkey
from verifier.given import GivenError, open_regular
from verifier.keys.ring import KeyRing

KEY_FILE_BYTES_MAX = 65_536

_HEX_KEY = re.compile(r"[0-9a-f]{64}")


class RootKeyError(GivenError):
    """A pinned root key is malformed."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A root key that the reader knows; any name fits where none was given."""

    public_key: bytes
    name: str | None

    def fits(self, key: VerifierKey) -> bool:
        """Whether this is that key."""
        return self.public_key == key.public_key and self.name in (None, key.name)


def read_root_keys(options: Iterable[str]) -> list[str]:
    """Return the root keys of a command line, where `@FILE` holds one a line.

    Raises:
        RootKeyError: a file cannot be read, is too long, or is not UTF-8; or an option
            looks like a file whose `@` was forgotten.
    """
    keys: list[str] = []
    for option in options:
        if option.startswith("@"):
            keys += _read_key_file(Path(option[1:]))
        elif option.endswith(".vkey"):
            name = escaped(option)
            message = f"{name}: expected a key; for the keys in a file give @{name}"
            raise RootKeyError(message)
        else:
            keys.append(option)
    return keys


def parse_pins(texts: Sequence[str]) -> list[Pin]:
    """Read root keys as vkeys or as 64 hex digits.

    Raises:
        RootKeyError: one is malformed or weak.
    """
    pins: list[Pin] = []
    for number, text in enumerate(texts, start=1):
        try:
            if _HEX_KEY.fullmatch(text):
                pin = Pin(bytes.fromhex(text), None)
                ed25519.check_public_key(pin.public_key)
            else:
                key = parse_vkey(text)
                pin = Pin(key.public_key, key.name)
        except (NoteError, Violation) as error:
            message = f"root key {number}: {error}"
            raise RootKeyError(message) from None
        pins.append(pin)
    return pins


def check_pins(
    pins: Sequence[Pin],
    ring: KeyRing,
    signers: Iterable[VerifierKey],
    *,
    threshold: int | None,
) -> list[Finding]:
    """Return why the ledger's root is not the pinned one; nothing where it is.

    Every pin must be a root key of the ledger, and every root key that signed entry
    0 must be pinned. The second half matters: without it, someone could begin a
    ledger of their own that lists the reader's key beside theirs, with threshold 1.
    So does the threshold: whoever holds one of several pinned keys could begin a
    ledger that asks for no more.

    Args:
        pins: the root keys that the reader knows.
        ring: the ledger's keys.
        signers: the root keys that signed entry 0.
        threshold: the least root threshold; None for as many as there are pins.
    """
    if not pins:
        expected = "a root key from outside the file"
        return [_distrust(Code.ROOT_NOT_PINNED, expected, "none")]
    unknown = [pin for pin in pins if not any(map(pin.fits, ring.roots))]
    signed = list(signers)
    foreign = [key for key in signed if not any(pin.fits(key) for pin in pins)]
    if unknown:
        expected = f"root key {unknown[0].public_key.hex()}"
        found = ", ".join(key.public_key.hex() for key in ring.roots) or "no root key"
        return [_distrust(Code.ROOT_DIFFERS, expected, found)]
    if foreign or not signed:
        expected = "entry 0 signed by pinned root keys only"
        found = ", ".join(key.public_key.hex() for key in foreign) or "no signature"
        return [_distrust(Code.ROOT_DIFFERS, expected, found)]
    least = threshold or len({pin.public_key for pin in pins})
    if ring.threshold < least:
        expected = f"at least {least} signatures of root keys on each key event"
        return [_distrust(Code.ROOT_THRESHOLD, expected, str(ring.threshold))]
    return []


def _distrust(code: Code, expected: str, found: str) -> Finding:
    return Violation(code, "L1", expected=expected, found=found).at("root")


def _read_key_file(path: Path) -> list[str]:
    try:
        with open_regular(path) as file:
            content = file.read(KEY_FILE_BYTES_MAX + 1)
        if len(content) > KEY_FILE_BYTES_MAX:
            raise _unread(path, f"longer than {KEY_FILE_BYTES_MAX} bytes")
        text = content.decode("utf-8")
    except OSError as error:
        raise _unread(path, error.strerror or "not readable") from None
    except UnicodeDecodeError:
        raise _unread(path, "not UTF-8") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _unread(path: Path, reason: str) -> RootKeyError:
    return RootKeyError(f"{escaped(str(path))}: the root key cannot be read ({reason})")
