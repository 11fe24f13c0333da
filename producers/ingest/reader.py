"""Input files: JSON Lines, one record a line, read as a stream.

    {"id": "doc-1", "text": "...", "url": "https://example.org/a",
     "licence": "CC-BY-4.0", "subjects": ["jane@example.org"]}

`id`, `text`, `url`, `licence` and `subjects` are required; the last three are empty
where there is none, since a forgotten `subjects` must not read as "nobody". `source`,
`consent` and `response_sha256` are optional. The input comes from outside: all of it
has a limit, and a refusal names the line and the rule but never a value: values may be
personal data.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Final, Literal, NoReturn, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from ledger.errors import InputError
from ledger.events.base import OptionalSha256Hex
from ledger.events.ingest import SourceKind

LINE_BYTES_MAX: Final = 2**20
"""Longest line that is read into memory, its line feed included."""

RECORDS_MAX: Final = 1_000_000
"""Most records in one file: about 100 bytes of memory each, for the ids seen so far."""

SUBJECTS_MAX: Final = 64
"""Most data subjects of one record; each joins its erasure unit to theirs."""

IDENTIFIER_CHARS_MAX: Final = 256
"""Longest identifier; an e-mail address has at most 254 (RFC 5321, 4.5.3.1.3)."""


_ALIAS: Final = re.compile(r"[sS]-[0-9]+")
"""How the vault names subjects locally; as an identifier it would be two persons."""


class InputRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One text that somebody wants to train on, as its owner describes it.

    Attributes:
        id: the owner's own id, unique in the corpus, 1 .. 256 characters.
        text: what would be trained on; not blank.
        url: where the text was copied from, http or https; empty where nowhere public.
        licence: an SPDX expression, the id of a licence of the register, or what else
            the owner knows; empty where none.
        subjects: identifiers of the persons the text is about or by, such as e-mail
            addresses, at most 64.
        source: where the text came from; empty means `web` with a URL, else `other`.
        consent: whether the subjects' consent is the legal basis (Regulation (EU)
            2016/679, Article 6(1)(a)), which they may withdraw at any time.
        response_sha256: SHA-256 of the body of the response that the text was taken
            from, after content decoding, in lowercase hex; empty where it is not known.
            A scan that saw another body says nothing about this text.
    """

    id: Annotated[str, Meta(min_length=1, max_length=IDENTIFIER_CHARS_MAX)]
    text: Annotated[str, Meta(min_length=1)]
    url: Annotated[str, Meta(max_length=2048)]
    licence: str
    subjects: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=IDENTIFIER_CHARS_MAX)], ...],
        Meta(max_length=SUBJECTS_MAX),
    ]
    source: SourceKind | Literal[""] = ""
    consent: bool = False
    response_sha256: OptionalSha256Hex = ""

    @property
    def source_kind(self) -> SourceKind:
        """The stated source, or the one that the URL implies."""
        return self.source or ("web" if self.url else "other")


def read_records(
    stream: BinaryIO,
    *,
    line_bytes_max: int = LINE_BYTES_MAX,
    records_max: int = RECORDS_MAX,
) -> Iterator[InputRecord]:
    """Yield the records of a JSON Lines file; the n-th record is on line n.

    Args:
        stream: the file, opened for reading bytes; at most one line is held.
        line_bytes_max: longest line in bytes, its line feed included.
        records_max: most lines.

    Raises:
        InputError: a line breaks a rule of this module; the records before it were
            yielded already.
    """
    seen: set[bytes] = set()
    number = 0
    while line := stream.readline(line_bytes_max + 1):
        number += 1
        if number > records_max:
            _refuse(number, f"expected at most {records_max} records in a file")
        if len(line) > line_bytes_max:
            _refuse(number, f"expected at most {line_bytes_max} bytes, found more")
        record = parse_record(line, number=number)
        # 128 bits: the set stays small, and nobody can construct a false duplicate.
        digest = hashlib.blake2b(record.id.encode(), digest_size=16).digest()
        if digest in seen:
            _refuse(number, "expected an id of its own, found that of a line before")
        seen.add(digest)
        yield record


def parse_record(line: bytes, *, number: int) -> InputRecord:
    """Parse one line.

    Args:
        line: the bytes of the line, with or without its line feed.
        number: its 1-based number, for the message of a refusal.

    Raises:
        InputError: the line is no record.
    """
    value = _parse_json(line, number)
    try:
        record = msgspec.convert(value, InputRecord)
    except msgspec.ValidationError as error:
        _refuse(number, _without_values(str(error)))
    _check_strings(record, number)
    if record.consent and not record.subjects:
        _refuse(number, "expected the subjects who consented, found none")
    if record.response_sha256 and not record.url:
        _refuse(number, "expected the url of the response, found none")
    return record


def _parse_json(line: bytes, number: int) -> Any:
    # The standard library's parser, for its hooks: msgspec takes the last of two equal
    # keys without a word.
    try:
        return json.loads(
            line.decode(),
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
        )
    except UnicodeDecodeError as error:
        _refuse(number, f"expected UTF-8, found another byte at {error.start + 1}")
    except json.JSONDecodeError as error:
        _refuse(number, f"expected one JSON object, found an error at {error.pos + 1}")
    except _NotStrictError as error:
        _refuse(number, str(error))
    except RecursionError:
        _refuse(number, "expected one flat JSON object, found deep nesting")
    except ValueError:  # a number with more digits than Python converts
        _refuse(number, "expected a record, found a number of too many digits")


class _NotStrictError(Exception):
    """Well-formed to a lenient JSON parser, and refused here."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        message = "expected each key once, found one twice"
        raise _NotStrictError(message)
    return value


def _refuse_constant(_: str) -> NoReturn:
    message = "expected JSON, found NaN or Infinity"
    raise _NotStrictError(message)


def _without_values(message: str) -> str:
    """The validation message, unless it may quote a part of the record."""
    if message.startswith("Object contains unknown field"):
        known = ", ".join(InputRecord.__struct_fields__)
        return f"expected only the fields {known}, found another"
    if message.startswith("Invalid enum value"):
        return f"expected source to be one of {', '.join(get_args(SourceKind))}"
    if message.startswith("Object missing required field"):
        return f"expected a field {message.split('`')[1]}, found none"
    if message.endswith("`$.response_sha256`"):
        return "expected 64 lowercase hex digits in response_sha256"
    if message.startswith("Expected `"):
        return f"expected {message.removeprefix('Expected ')}"
    return "expected a record, found another shape"


def _check_strings(record: InputRecord, number: int) -> None:
    for name in ("id", "text", "url", "licence", "subjects"):
        value = getattr(record, name)
        for text in value if name == "subjects" else (value,):
            if not _is_unicode(text):
                _refuse(number, f"expected Unicode text in {name}, found a surrogate")
            if name in {"id", "text", "subjects"} and not text.strip():
                _refuse(number, f"expected text in {name}, found only blanks")
    if any(_ALIAS.fullmatch(subject.strip()) for subject in record.subjects):
        _refuse(number, "expected an identifier in subjects, found a local alias (s-1)")
    if record.url and not is_web_url(record.url):
        _refuse(number, "expected an http or https URL with a host in url")


def _is_unicode(text: str) -> bool:
    # "\ud800" is valid JSON for half a character, which UTF-8 cannot hold.
    return not any("\ud800" <= char <= "\udfff" for char in text)


def is_web_url(url: str) -> bool:
    """Whether a text is an http or https URL with a host, and holds no blank."""
    if any(char <= " " or char == "\x7f" for char in url):
        return False  # urlsplit would drop some of these without a word
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
        _ = parts.port  # raises where the port is no number up to 65535
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and has_host


def _refuse(number: int, rule: str) -> NoReturn:
    message = f"line {number}: {rule}"
    raise InputError(message) from None
