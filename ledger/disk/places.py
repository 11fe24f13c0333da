"""Where the files of a workspace are."""

import os
from pathlib import Path

from ledger.errors import NotALedgerError


def ledger_file(folder: Path) -> Path:
    """The one `.ledger` file of a workspace.

    Raises:
        NotALedgerError: there is none, or there are several.
    """
    found = sorted(folder.glob("*.ledger")) if folder.is_dir() else []
    if len(found) != 1:
        message = (
            f"{folder} is no workspace: expected one .ledger file, found {len(found)}"
        )
        raise NotALedgerError(message)
    return found[0]


def check_readable(path: Path) -> None:
    """Check that a ledger file is there and may be read.

    Raises:
        NotALedgerError: it is not.
    """
    if not path.is_file():
        message = f"{path} is not a ledger: no such file"
        raise NotALedgerError(message)
    if not os.access(path, os.R_OK):
        message = f"{path} cannot be read: permission denied"
        raise NotALedgerError(message)


def vault_beside(path: Path) -> Path:
    """Where the vault of a workspace, or beside a ledger file, would be.

    Raises:
        NotALedgerError: `path` is neither.
    """
    file = ledger_file(path) if path.is_dir() else path
    return file.with_suffix(".vault")
