"""A record as its owner describes it, and the check of one from outside.

    {"id": "doc-1", "text": "...", "url": "https://example.org/a",
     "licence": "CC-BY-4.0", "subjects": ["jane@example.org"]}

`id`, `text`, `url`, `licence` and `subjects` are required; the last three are empty
where there is none, since a forgotten `subjects` must not read as "nobody". `source`,
`consent` and `response_sha256` are optional. The input comes from outside: all of it
has a limit, and a refusal names the place and the rule but never a value: values may be
personal data.
"""

import re
from typing import Annotated, Any, Final, Literal, NoReturn, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from ledger.errors import InputError
from ledger.events.base import OptionalSha256Hex
from ledger.events.ingest import SourceKind
from ledger.vault.identifiers import normalise_identifier

RECORD_BYTES_MAX: Final = 2**20
"""Longest line that is read into memory, its line feed included; of another format, the
UTF-8 bytes of all fields of a record together."""

SUBJECTS_MAX: Final = 64
"""Most data subjects of one record; each joins its erasure unit to theirs."""

IDENTIFIER_CHARS_MAX: Final = 256
"""Longest identifier; an e-mail address has at most 254 (RFC 5321, 4.5.3.1.3)."""


_ALIAS: Final = re.compile(r"s-[0-9]+")
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
    def how_many_subjects(self) -> Literal["none", "one", "several"]:
        """How many persons it names, however often and in whatever spelling."""
        match len({normalise_identifier(subject) for subject in self.subjects}):
            case 0:
                return "none"
            case 1:
                return "one"
            case _:
                return "several"

    @property
    def source_kind(self) -> SourceKind:
        """The stated source, or the one that the URL implies."""
        return self.source or ("web" if self.url else "other")


class NotARecordError(InputError):
    """What was read is no record.

    Attributes:
        field: the field that is wrong; empty where it is none in particular.
        rule: what was expected, and what was found; no value.
    """

    def __init__(self, rule: str, *, field: str = "") -> None:
        super().__init__(rule)
        self.field = field
        self.rule = rule


def to_record(value: Any) -> InputRecord:
    """Check a record that was read from anywhere.

    Args:
        value: its fields by name, as plain values.

    Raises:
        NotARecordError: it breaks a rule of this module.
    """
    try:
        record = msgspec.convert(value, InputRecord)
    except msgspec.ValidationError as error:
        _refuse(_without_values(str(error)), field=_field_of(str(error)))
    _check_strings(record)
    if record.consent and not record.subjects:
        _refuse("expected the subjects who consented, found none", field="subjects")
    if record.response_sha256 and not record.url:
        _refuse("expected the url of the response, found none", field="url")
    return record


def _field_of(message: str) -> str:
    """The field that a validation message is about; only a name of ours is repeated."""
    words = re.split(r"[`$.\[\]]+", message)
    return next((name for name in InputRecord.__struct_fields__ if name in words), "")


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


def _check_strings(record: InputRecord) -> None:
    for name in ("id", "text", "url", "licence", "subjects"):
        value = getattr(record, name)
        for text in value if name == "subjects" else (value,):
            if not _is_unicode(text):
                rule = f"expected Unicode text in {name}, found a surrogate"
                _refuse(rule, field=name)
            if name in {"id", "text"} and not text.strip():
                _refuse(f"expected text in {name}, found only blanks", field=name)
    subjects = [normalise_identifier(subject) for subject in record.subjects]
    if not all(subjects):
        rule = "expected text in subjects, found only blanks"
        _refuse(rule, field="subjects")
    if any(map(_ALIAS.fullmatch, subjects)):
        rule = "expected an identifier in subjects, found a local alias (s-1)"
        _refuse(rule, field="subjects")
    if record.url and not is_web_url(record.url):
        _refuse("expected an http or https URL with a host in url", field="url")


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


def _refuse(rule: str, *, field: str) -> NoReturn:
    raise NotARecordError(rule, field=field) from None
