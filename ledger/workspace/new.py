"""A new workspace folder: built beside its place and renamed."""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from ledger.disk.files import disk_errors, out_errors, sync_folder, write_once
from ledger.disk.places import ledger_file
from ledger.errors import ConflictError
from ledger.log.genesis import create_ledger
from ledger.log.ledger import system_clock_ms
from ledger.vault.fences import Fences
from ledger.vault.vault import Vault
from ledger.workspace.settings import Settings, save_settings

FOLDERS = ("keys", "evidence", "corpus", "models", "artifacts")


def create_workspace(
    folder: Path,
    settings: Settings,
    *,
    root_keys: int = 1,
    root_threshold: int = 1,
    root_folder: Path | None = None,
    passphrase: bytes | None = None,
    clock_ms: Callable[[], int] = system_clock_ms,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> str:
    """Create a workspace, whole or not at all.

    It is built beside its place and renamed, so a kill leaves no half workspace.

    Returns:
        The root keys' vkey texts, one a line.

    Raises:
        ConflictError: the folder exists and is not empty.
        InputError: a setting is malformed, or the threshold out of range.
        StorageError: the disk refused the write.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} exists and is not empty"
        raise ConflictError(message)
    _remove_half_built(folder)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    built = temporary / folder.name
    try:
        with out_errors(folder):
            for name in FOLDERS:
                (built / name).mkdir(mode=0o700, parents=True)
        vkeys = create_ledger(
            built,
            origin=settings.origin,
            root_keys=root_keys,
            root_threshold=root_threshold,
            root_folder=root_folder and temporary / "root",
            passphrase=passphrase,
            clock_ms=clock_ms,
            random_bytes=random_bytes,
        )
        save_settings(built, settings)
        _make_private_files(built, random_bytes)
        with contextlib.ExitStack() as undo:
            if root_folder is not None:
                _move_roots(temporary / "root", root_folder, undo)
            with disk_errors(folder.name):
                built.replace(folder)
            undo.pop_all()
        with disk_errors(folder.name):
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return vkeys


def _make_private_files(built: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Make an empty vault and fences, so that a look at a new workspace finds them."""
    path = ledger_file(built)
    Vault(path.with_suffix(".vault"), random_bytes=random_bytes).close()
    Fences(path.with_suffix(".fences"), random_bytes=random_bytes).close()


def _remove_half_built(folder: Path) -> None:
    """Delete what a killed `create` of the same folder left, keys above all."""
    for path in folder.parent.glob(".*.tmp"):
        if re.fullmatch(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}\.tmp", path.name):
            shutil.rmtree(path, ignore_errors=True)


def _move_roots(built: Path, folder: Path, undo: contextlib.ExitStack) -> None:
    """Write the new root keys into their own folder, or none of them.

    Raises:
        ConflictError: a root key is there already.
        StorageError: the disk refused the write.
    """
    with out_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(built.iterdir()):
        write_once(folder / path.name, path.read_bytes())
        undo.callback((folder / path.name).unlink)
