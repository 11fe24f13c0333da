"""The texts of a probe, as a file of JSON lines.

Each line is an object: `prefix`, `secret`, and for exposure the space that the secret
was drawn from, either `alphabet` and `length` or `candidates`. A message names the
line and never repeats what stands in it.
"""

from collections.abc import Iterator
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from ledger.errors import InputError
from ledger.events.model import Probe

BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest file."""

CANARIES_MAX: Final = 1000
"""Most lines."""

CANDIDATES_MAX: Final = 65_536
"""Longest list of candidates."""

_CHARS_MAX: Final = 65_536

_Text = Annotated[str, Meta(max_length=_CHARS_MAX)]


class Canary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that a model may have memorised.

    Attributes:
        secret: what nobody can guess from the prefix.
        prefix: what comes before it.
        alphabet: characters that the secret was drawn from; empty for no such space.
        length: how many were drawn.
        candidates: the space as a list; empty for none.
    """

    secret: Annotated[str, Meta(min_length=1, max_length=_CHARS_MAX)]
    prefix: _Text = ""
    alphabet: Annotated[str, Meta(max_length=256)] = ""
    length: Annotated[int, Meta(ge=0, le=64)] = 0
    candidates: Annotated[list[_Text], Meta(max_length=CANDIDATES_MAX)] = []

    @property
    def text(self) -> str:
        """The whole text."""
        return self.prefix + self.secret


def parse_canaries(content: bytes, probe: Probe) -> list[Canary]:
    """Read a file of canaries.

    Args:
        content: the file.
        probe: what they are for.

    Raises:
        InputError: see `numbered_canaries`.
    """
    return [canary for _, canary in numbered_canaries(content, probe)]


def numbered_canaries(content: bytes, probe: Probe) -> list[tuple[int, Canary]]:
    """The same with the number of each line in the file, from 1.

    Args:
        content: the file.
        probe: what they are for.

    Raises:
        InputError: it is too long, has no line, or one that is no canary of this probe.
    """
    if len(content) > BYTES_MAX:
        message = f"texts: expected at most {BYTES_MAX} bytes, found {len(content)}"
        raise InputError(message)
    lines = [
        (number, line)
        for number, line in enumerate(content.split(b"\n"), start=1)
        if line.strip()
    ]
    if not 1 <= len(lines) <= CANARIES_MAX:
        message = f"texts: expected 1 to {CANARIES_MAX} lines, found {len(lines)}"
        raise InputError(message)
    return [(number, _parse(line, number, probe)) for number, line in lines]


def _parse(line: bytes, number: int, probe: Probe) -> Canary:
    where = f"texts, line {number}"
    try:
        canary = msgspec.json.decode(line, type=Canary)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = (
            f"{where}: expected an object with secret, prefix and, for exposure, "
            "alphabet and length, or candidates; found something else"
        )
        raise InputError(message) from None
    for wrong in _wrong(canary, probe):
        message = f"{where}: expected {wrong}"
        raise InputError(message)
    return canary


def _wrong(canary: Canary, probe: Probe) -> Iterator[str]:
    """What a canary should have been."""
    if probe == "verbatim" and not canary.prefix:
        yield "a prefix for the model to continue, found none"
    if probe != "exposure":
        return
    if bool(canary.alphabet) == bool(canary.candidates):
        yield "either alphabet and length or candidates, found both or neither"
    if canary.alphabet:
        if len(set(canary.alphabet)) != len(canary.alphabet) or canary.length < 1:
            yield "an alphabet without repetition and a length of at least 1"
        if len(canary.alphabet) ** canary.length < 2:
            yield "a space of at least 2 candidates, found 1"
        if len(canary.secret) != canary.length or (
            set(canary.secret) - set(canary.alphabet)
        ):
            yield "a secret of that length from that alphabet, found another"
    elif len(set(canary.candidates)) != len(canary.candidates):
        yield "candidates without repetition, found some twice"
    elif len(canary.candidates) < 2 or canary.secret not in canary.candidates:
        yield "two candidates or more, the secret among them"
