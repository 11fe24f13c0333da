"""The mapping file of a source: which column is which field, and what is constant.

    [columns]
    id = "doc_id"
    text = "content"
    url = "link"

    [constants]
    licence = "CC-BY-4.0"
    subjects = []

Each of `id`, `text`, `url`, `licence` and `subjects` is named once, under `columns` or
under `constants`: what is not there is said, not forgotten. An input without ids names
a `row_ids` prefix instead, and the row's number completes it; such ids hold only while
rows are neither inserted nor reordered.
"""

import hashlib
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import msgspec
from msgspec import Meta

from ledger.errors import InputError
from producers.ingest.reader import InputRecord

MAPPING_BYTES_MAX: Final = 65_536
"""Longest mapping file."""

FIELDS: Final[tuple[str, ...]] = InputRecord.__struct_fields__
REQUIRED: Final = ("id", "text", "url", "licence", "subjects")
_OWN: Final = frozenset({"id", "text"})
"""What cannot be the same for all records."""

_Column = Annotated[str, Meta(min_length=1, max_length=256)]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file's shape."""

    columns: dict[str, _Column]
    constants: dict[str, Any] = {}
    row_ids: Annotated[str, Meta(max_length=128)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A checked mapping.

    Attributes:
        columns: the column of each field that has one.
        constants: the value of each field that is the same for all.
        row_ids: what row numbers are appended to, to make ids; empty for ids of a
            column.
        content: the exact bytes of the file; empty where there is none.
    """

    columns: dict[str, str]
    constants: dict[str, Any] = field(default_factory=dict)
    row_ids: str = ""
    content: bytes = b""

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, hex; empty where there is none."""
        return hashlib.sha256(self.content).hexdigest() if self.content else ""

    def apply(self, row: dict[str, Any], number: int) -> dict[str, Any]:
        """The fields of a row, as plain values.

        A missing or null value is nothing, which only `id` and `text` may not be; a
        number may be an id; one subject need not stand in a list.

        Args:
            row: values by column.
            number: 1-based number of the row.
        """
        values = dict(self.constants)
        for name, column in self.columns.items():
            value = row.get(column)
            if value is not None:
                values[name] = _plain(name, value)
            elif name in {"url", "licence"}:
                values[name] = ""
            elif name == "subjects":
                values[name] = []
        if self.row_ids:
            values["id"] = f"{self.row_ids}{number}"
        return values

    def check_columns(self, found: Collection[str], where: str) -> None:
        """Check that an input has every column.

        Raises:
            InputError: one is missing.
        """
        missing = [name for name in self.columns.values() if name not in found]
        if missing:
            message = (
                f"{where}: expected a column {missing[0]}, found none of that name; "
                "name the columns in a mapping file"
            )
            raise InputError(message)


def _plain(name: str, value: Any) -> Any:
    if name == "id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "subjects" and isinstance(value, str):
        return [value] if value else []
    return value


def by_name(found: Collection[str]) -> Mapping:
    """The mapping of an input whose columns have the names of our fields."""
    optional = [name for name in FIELDS if name not in REQUIRED and name in found]
    return Mapping(columns={name: name for name in (*REQUIRED, *optional)})


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        InputError: it cannot be read or breaks a rule of this module.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAPPING_BYTES_MAX + 1)
    except OSError as error:
        _refuse(f"expected a file that can be read, found {error.strerror}")
    if len(content) > MAPPING_BYTES_MAX:
        _refuse(f"expected at most {MAPPING_BYTES_MAX} bytes, found more")
    try:
        given = msgspec.convert(tomllib.loads(content.decode()), _File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        _refuse(f"expected TOML, found an error: {error}")
    except msgspec.ValidationError as error:
        _refuse(str(error)[:1].lower() + str(error)[1:])
    mapping = Mapping(
        columns=given.columns,
        constants=given.constants,
        row_ids=given.row_ids,
        content=content,
    )
    _check(mapping)
    return mapping


def _check(mapping: Mapping) -> None:
    """Check that each field is said once."""
    row_ids = ("id",) if mapping.row_ids else ()
    said = [*mapping.columns, *mapping.constants, *row_ids]
    for name in said:
        if name not in FIELDS:
            _refuse(f"expected the fields {', '.join(FIELDS)}, found another")
        if said.count(name) > 1:
            _refuse(f"expected {name} once, found it twice")
    for name in REQUIRED:
        if name not in said:
            _refuse(f"expected {name} under columns or constants, found it in neither")
    for name in sorted(_OWN & mapping.constants.keys()):
        _refuse(f"expected a column for {name}, found a constant")
    sample = {"id": "a", "text": "a", "url": "", "licence": "", "subjects": []}
    try:
        msgspec.convert({**sample, **mapping.constants}, InputRecord)
    except msgspec.ValidationError as error:
        _refuse(f"constants: {str(error)[:1].lower() + str(error)[1:]}")


def _refuse(rule: str) -> NoReturn:
    message = f"mapping: {rule}"
    raise InputError(message) from None
