"""Which format an input has, and what reads it.

What reads columns is imported only where it is needed: it comes with an extra.
"""

# ruff: noqa: PLC0415 (an extra)

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ledger.errors import InputError
from producers.ingest.sources.base import Source, SourceFormat
from producers.ingest.sources.columns import FILES_MAX
from producers.ingest.sources.jsonl import JsonLines
from producers.ingest.sources.mapping import Mapping

_BY_SUFFIX: dict[str, SourceFormat] = {".parquet": "parquet", ".arrow": "hf_datasets"}


@contextlib.contextmanager
def open_source(
    path: Path, *, given: SourceFormat | None = None, mapping: Mapping | None = None
) -> Iterator[Source]:
    """Open an input.

    Args:
        path: a file; a folder of Parquet files or of a saved dataset; or `-` for JSON
            Lines on standard input.
        given: its format; without it the name says, and JSON Lines is the rest.
        mapping: where its fields are.

    Raises:
        InputError: it cannot be read, or needs an extra that is missing.
    """
    if str(path) == "-":
        yield JsonLines(sys.stdin.buffer, mapping=mapping)
        return
    if not path.exists():
        message = f"{path}: No such file or directory"
        raise InputError(message)
    kind = given or _format_of(path)
    if kind == "jsonl":
        try:
            stream = path.open("rb")
        except OSError as error:
            message = f"{path}: expected a file to read, found {error.strerror}"
            raise InputError(message) from None
        with stream:
            yield JsonLines(stream, mapping=mapping)
    elif kind == "parquet":
        from producers.ingest.sources.parquet import Parquet

        yield Parquet(_parquet_files(path), mapping=mapping)
    else:
        from producers.ingest.sources.arrow import (
            ArrowFiles,
            files_of,
        )

        paths = files_of(path) if path.is_dir() else [path]
        yield ArrowFiles(paths, mapping=mapping)


def _format_of(path: Path) -> SourceFormat:
    if not path.is_dir():
        return _BY_SUFFIX.get(path.suffix.lower(), "jsonl")
    if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
        return "hf_datasets"
    if any(path.glob("*.parquet")):
        return "parquet"
    message = (
        f"{path}: expected a file, or a directory that holds Parquet files or a saved "
        "dataset"
    )
    raise InputError(message)


def _parquet_files(path: Path) -> list[Path]:
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not 1 <= len(found) <= FILES_MAX:
        message = f"{path}: expected 1 to {FILES_MAX} Parquet files, found {len(found)}"
        raise InputError(message)
    return found
