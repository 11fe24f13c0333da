"""Hugging Face `datasets` on disk: what `save_to_disk` writes, and Arrow files alone.

Their files are Arrow streams, which pyarrow reads without the library `datasets`: a
fraction of the install, and no code of a dataset is ever run. The folder's own list of
files is followed, since it says the order.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ledger.errors import InputError
from producers.ingest.sources.base import Item, SourceFormat
from producers.ingest.sources.columns import (
    FILES_MAX,
    fields_of,
    need_pyarrow,
    rows,
)
from producers.ingest.sources.mapping import Mapping

STATE: Final = "state.json"
SPLITS: Final = "dataset_dict.json"
_STATE_BYTES_MAX: Final = 2**24
_MAGIC: Final = b"ARROW1"
"""How an Arrow file begins; a stream does not."""


class ArrowFiles:
    """The records of Arrow files, mapped into memory and read a batch at a time."""

    format: SourceFormat = "hf_datasets"

    def __init__(self, paths: Sequence[Path], *, mapping: Mapping | None) -> None:
        """Read `paths` in this order.

        Raises:
            InputError: the extra `hf` is missing.
        """
        need_pyarrow("hf")
        self._paths = paths
        self._mapping = mapping

    def items(self) -> Iterator[Item]:
        """Each row once; see `Source`."""
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        before = 0
        for path in self._paths:
            count = 0
            try:
                with pa.memory_map(str(path)) as mapped:
                    names, batches = _batches(mapped)
                    mapping = fields_of(names, self._mapping, path.name)
                    name = path.name if len(self._paths) > 1 else ""
                    for item in rows(batches, mapping, file=name, before=before):
                        count += 1
                        yield item
            except (pa.ArrowException, OSError):
                message = f"{path.name}: expected Arrow data, found damaged data"
                raise InputError(message) from None
            before += count


def _batches(mapped: Any) -> tuple[list[str], Iterator[Any]]:
    """The columns of a mapped file, and its batches."""
    from pyarrow import ipc  # noqa: PLC0415 (an extra)

    start = mapped.read(len(_MAGIC))
    mapped.seek(0)
    if start != _MAGIC:
        stream = ipc.open_stream(mapped)
        return stream.schema.names, iter(stream)
    file = ipc.open_file(mapped)
    numbers = range(file.num_record_batches)
    return file.schema.names, (file.get_batch(number) for number in numbers)


def files_of(folder: Path) -> list[Path]:
    """The Arrow files of a saved dataset, all of its splits, in order.

    Raises:
        InputError: the folder's list cannot be read, or names what is not beside it.
    """
    if not (folder / SPLITS).is_file():
        return _files_of_split(folder)
    splits = _read(folder / SPLITS).get("splits")
    found: list[Path] = []
    for name in splits if isinstance(splits, list) else ():
        found += _files_of_split(folder / _plain_name(name, folder / SPLITS))
    return _checked(found, folder)


def _files_of_split(folder: Path) -> list[Path]:
    state = _read(folder / STATE)
    if state.get("_indices_data_files"):
        message = f"{folder.name}: expected a dataset without an index of its rows"
        raise InputError(message)
    listed = state.get("_data_files")
    found = [
        folder / _plain_name(entry.get("filename"), folder / STATE)
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
    ]
    return _checked(found, folder)


def _checked(found: list[Path], folder: Path) -> list[Path]:
    if not 1 <= len(found) <= FILES_MAX:
        message = (
            f"{folder.name}: expected 1 to {FILES_MAX} Arrow files, found {len(found)}"
        )
        raise InputError(message)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_STATE_BYTES_MAX + 1)
        value = json.loads(content)
    except (OSError, ValueError, RecursionError):
        message = f"{path.name}: expected the list of a saved dataset"
        raise InputError(message) from None
    if len(content) > _STATE_BYTES_MAX or not isinstance(value, dict):
        message = f"{path.name}: expected the list of a saved dataset"
        raise InputError(message)
    return value


def _plain_name(name: object, where: Path) -> str:
    """A name that leads nowhere else."""
    if not isinstance(name, str) or name in {"", ".", ".."} or name != Path(name).name:
        message = f"{where.name}: expected names of files beside it, found another path"
        raise InputError(message)
    return name
