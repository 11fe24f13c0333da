"""TDMRep: the site's file, the response header and the meta element.

    /.well-known/tdmrep.json   [{"location": "/a/*", "tdm-reservation": 1}, ...]
    header                     tdm-reservation: 1
    meta                       <meta name="tdm-reservation" content="1">

In the file the first matching entry decides, not the longest. A value other than 0 or 1
breaks the protocol and sets nothing; it is reported as malformed, since somebody meant
to say something.

Source: W3C Community Group, TDM Reservation Protocol, Final Report of 10 May 2024.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from ledger.events.optout import Preference, Usage
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.patterns import Glob, parse_glob, path_of
from producers.optout.vocabulary.signals import (
    SILENCE,
    Reservation,
    SignalError,
    Statement,
    malformed,
)

ENTRIES_MAX = 10_000
"""Most entries that are read."""

DEPTH_MAX = 8
"""Deepest nesting of arrays and objects; an entry needs 2."""

_RESERVATION: dict[int, Reservation] = {0: "not_reserved", 1: "reserved"}
_HEADER_VALUES: dict[str, Reservation] = {"0": "not_reserved", "1": "reserved"}
_STATED: dict[Reservation, tuple[tuple[Usage, Preference], ...]] = {
    "reserved": (("tdm", "disallow"),),
    "not_reserved": (("tdm", "allow"),),
    "unset": (),
}
_GAPS = ("-", ":", "_", ".", "")
_RESERVATION_NAMES = frozenset(f"tdm{gap}reservation" for gap in _GAPS)
_POLICY_NAMES = frozenset(f"tdm{gap}policy" for gap in _GAPS)
TDM_NAMES = _RESERVATION_NAMES | _POLICY_NAMES
"""Names of headers and meta elements; with a colon as in EPUB, which pages use too, or
misspelled."""

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class TdmrepEntry:
    """One entry of the file.

    Attributes:
        glob: the location, percent-decoded.
        statement: what it says; `unset` and malformed where the value is not 0 or 1.
    """

    glob: Glob
    statement: Statement


@dataclass(frozen=True, slots=True)
class TdmrepFile:
    """A parsed tdmrep.json.

    Attributes:
        entries: those with a location, in order.
        is_malformed: whether some entry had no usable location.
    """

    entries: tuple[TdmrepEntry, ...]
    is_malformed: bool

    def decide(self, url: str) -> Statement:
        """What the first matching entry says about `url`."""
        path = unquote_to_bytes(path_of(url))
        said = next(
            (entry.statement for entry in self.entries if entry.glob.matches(path)),
            SILENCE,
        )
        if said.reservation == "reserved" or not self.is_malformed:
            return said
        # An entry that cannot be placed may have been meant to come first.
        return replace(said, is_malformed=True)


def parse_tdmrep(body: bytes) -> TdmrepFile:
    """Parse the bytes of a tdmrep.json.

    Raises:
        SignalError: too long or too deep, no UTF-8, no JSON, no array of objects, or
            an object that names a key twice.
    """
    if len(body) > POLICY_BYTES_MAX:
        message = (
            f"tdmrep.json: expected at most {POLICY_BYTES_MAX} bytes, found {len(body)}"
        )
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"tdmrep.json: expected UTF-8, found byte {error.start} that is not"
        raise SignalError(message, outcome="unreadable", reason="unreadable") from error
    _check_depth(text)
    entries: list[TdmrepEntry] = []
    skipped = False
    for line, item in _items(text):
        entry = _entry(line, item)
        if entry is None:
            skipped = True
        else:
            entries.append(entry)
    return TdmrepFile(tuple(entries), skipped)


def header_statement(headers: Sequence[tuple[str, str]]) -> Statement:
    """Read `tdm-reservation` lines of a response, or meta elements of a page.

    Values that a proxy joined with commas count one by one; a single 1 reserves.

    Args:
        headers: (name, value) in order; names in any case.
    """
    policy = ""
    answer = SILENCE
    for number, (name, value) in enumerate(headers, 1):
        if name.lower() in _POLICY_NAMES:
            policy = value.strip()
        if name.lower() in _RESERVATION_NAMES:
            answer = _stricter(answer, _header_value(number, value))
    return replace(answer, policy=policy)


def effective_reservation(layers: Sequence[Statement]) -> Reservation:
    """What the protocol itself makes of its layers: a later one supersedes, if set.

    Args:
        layers: file, header, page, embedded metadata, in this order.

    Source: TDM Reservation Protocol, section "Processing priority".
    """
    set_ones = [layer.reservation for layer in layers if layer.reservation != "unset"]
    return set_ones[-1] if set_ones else "unset"


def _header_value(line: int, value: str) -> Statement:
    answer = SILENCE
    for part in value.split(","):
        said = _HEADER_VALUES.get(part.strip(), "unset")
        is_malformed = said == "unset"
        statement = Statement(
            reservation=said,
            stated=_STATED[said],
            line=line,
            is_malformed=is_malformed,
        )
        answer = _stricter(answer, statement)
    return answer


def _stricter(one: Statement, other: Statement) -> Statement:
    """The stricter of two statements of one source: reserved, malformed, 0, silence."""
    return max(
        one, other, key=lambda s: (s.reservation == "reserved", s.is_malformed, s.line)
    )


def _items(text: str) -> Iterator[tuple[int, Any]]:
    """The items of the array in `text`, each with the line it starts on."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_unique_keys, parse_constant=_refuse_constant
    )
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise malformed("tdmrep.json: expected an array")
    at = _skip(text, at + 1)
    line, counted, count = 1, 0, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            item, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise malformed(f"tdmrep.json: line {line}: expected JSON") from error
        count += 1
        if count > ENTRIES_MAX:
            raise malformed(f"tdmrep.json: expected at most {ENTRIES_MAX} entries")
        yield line, item
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
            if text[at : at + 1] == "]":
                raise malformed(f"tdmrep.json: line {line}: a comma ends the array")
        elif text[at : at + 1] != "]":
            raise malformed(f"tdmrep.json: line {line}: expected a comma or the end")
    if _skip(text, at + 1) != len(text):
        raise malformed("tdmrep.json: expected nothing after the array")


def _entry(line: int, item: object) -> TdmrepEntry | None:
    if not isinstance(item, dict):
        raise malformed(f"tdmrep.json: line {line}: expected an object")
    location = item.get("location")
    if not isinstance(location, str) or not location.startswith(("/", "*")):
        return None
    value = item.get("tdm-reservation")
    said: Reservation = "unset"
    if type(value) is int:  # not bool: `true` is no value of the protocol
        said = _RESERVATION.get(value, "unset")
    policy = item.get("tdm-policy", "")
    statement = Statement(
        reservation=said,
        stated=_STATED[said],
        line=line,
        is_malformed=said == "unset",
        policy=policy if isinstance(policy, str) else "",
    )
    octets = location.encode("utf-8", "surrogatepass")
    return TdmrepEntry(parse_glob(octets, decode=True), statement)


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the JSON parser recurses into it."""
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise malformed(f"tdmrep.json: expected at most {DEPTH_MAX} levels")
        elif char in "]}":
            depth -= 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise malformed("tdmrep.json: expected each key once in an object")
    return keys


def _refuse_constant(name: str) -> None:
    raise malformed(f"tdmrep.json: expected a number, found {name}")
