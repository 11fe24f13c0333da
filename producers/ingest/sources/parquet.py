"""Parquet: a file, or a folder of files in the order of their names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from ledger.errors import InputError
from producers.ingest.sources.base import Item, SourceFormat
from producers.ingest.sources.columns import (
    BATCH_ROWS,
    fields_of,
    need_pyarrow,
    rows,
)
from producers.ingest.sources.mapping import Mapping

ROW_GROUP_BYTES_MAX: Final = 2**31
"""Largest row group, uncompressed: a column of it may have to be held."""


class Parquet:
    """The records of Parquet files, read a batch of rows at a time."""

    format: SourceFormat = "parquet"

    def __init__(self, paths: Sequence[Path], *, mapping: Mapping | None) -> None:
        """Read `paths` in this order.

        Raises:
            InputError: the extra `parquet` is missing.
        """
        need_pyarrow("parquet")
        self._paths = paths
        self._mapping = mapping

    def items(self) -> Iterator[Item]:
        """Each row once; see `Source`."""
        from pyarrow import ArrowException  # noqa: PLC0415 (an extra)

        before = 0
        for path in self._paths:
            try:
                with _open(path) as file:
                    names = file.schema_arrow.names
                    mapping = fields_of(names, self._mapping, path.name)
                    batches = file.iter_batches(
                        batch_size=BATCH_ROWS,
                        columns=sorted(set(mapping.columns.values())),
                        use_threads=False,
                    )
                    name = path.name if len(self._paths) > 1 else ""
                    yield from rows(batches, mapping, file=name, before=before)
                    before += file.metadata.num_rows
            except (ArrowException, OSError):
                message = f"{path.name}: expected Parquet, found damaged data"
                raise InputError(message) from None


def _open(path: Path) -> Any:
    """Open a file and check its row groups."""
    from pyarrow import parquet  # noqa: PLC0415 (an extra)

    file = parquet.ParquetFile(path, memory_map=True, pre_buffer=False)
    for number in range(file.num_row_groups):
        if file.metadata.row_group(number).total_byte_size > ROW_GROUP_BYTES_MAX:
            file.close()
            message = (
                f"{path.name}: expected row groups of at most {ROW_GROUP_BYTES_MAX} "
                "bytes, found a larger one"
            )
            raise InputError(message)
    return file
