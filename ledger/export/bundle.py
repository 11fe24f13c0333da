"""The artefact of a CI job: a folder that proves a run offline (docs/bundle.md).

with Ledger.open("acme/") as ledger:
write_bundle(ledger, run_id, Path("artifacts/run"), ci_key=key)
"""

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ledger.disk.files import out_errors, sync_folder
from ledger.errors import ConflictError, KeyTrustError
from ledger.export.dsse import sign_envelope
from ledger.export.receipts import encode_receipts
from ledger.export.run import FinishedRun, check_totals, read_run
from ledger.export.statement import PAYLOAD_TYPE, encode_statement
from ledger.format.signers import Signer
from ledger.log.ledger import Ledger

CHECKPOINT: Final = "checkpoint"
RECEIPTS: Final = "receipts.json"
SUMS: Final = "SHA256SUMS"
STATEMENT: Final = "statement.dsse.json"

_CI: Final = "ci"


def write_bundle(
    ledger: Ledger, run_id: str, out: Path, *, ci_key: Signer
) -> list[str]:
    """Write the bundle of a finished run into the new folder `out`.

    The same ledger head and key give the same bytes. The folder appears whole or not
    at all.

    Args:
        ledger: the ledger that holds the run.
        run_id: the run.
        out: a folder that is missing or empty; its parents are made.
        ci_key: signs the statement; the ledger must grant it the role ci.

    Returns:
        The names of the files written, sorted.

    Raises:
        ConflictError: `out` exists and is not an empty folder.
        InputError: the run is unknown, not finished, failed or too large.
        IntegrityError: the ledger contradicts itself about the run.
        KeyTrustError: the key is not granted the role ci.
        StorageError: the disk refused the write.
    """
    _check_ci_key(ledger, ci_key)
    _check_free(out)
    run = read_run(ledger, run_id)
    check_totals(run)
    files = bundle_files(run, ci_key)
    _write_folder(out, files)
    return sorted(files)


def bundle_files(run: FinishedRun, ci_key: Signer) -> dict[str, bytes]:
    """The four files of a bundle, by name.

    Raises:
        InputError: the run cannot be put into a bundle.
        IntegrityError: the ledger contradicts its checkpoint.
    """
    files = {CHECKPOINT: run.checkpoint_note, RECEIPTS: encode_receipts(run)}
    files[SUMS] = _sums(files)
    payload = encode_statement(run, files)
    files[STATEMENT] = sign_envelope(PAYLOAD_TYPE, payload, ci_key)
    return files


def _sums(files: Mapping[str, bytes]) -> bytes:
    """The lines that `sha256sum --check` reads, sorted by name."""
    return "".join(
        f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)
    ).encode()


def _check_ci_key(ledger: Ledger, ci_key: Signer) -> None:
    """Refuse a key whose statement nobody would accept."""
    key = ci_key.verifier
    for grant in ledger.grants:
        if (grant.role, grant.verifier) == (_CI, key):
            if grant.retired_seq is None:
                return
            message = f"key {key.name} was retired by entry {grant.retired_seq}"
            raise KeyTrustError(message)
    message = f"key {key.name} is not granted the role ci"
    raise KeyTrustError(message)


def _check_free(out: Path) -> None:
    """Refuse to mix a bundle with anything else."""
    with out_errors(out):
        if out.is_symlink() or (
            out.exists() and (not out.is_dir() or any(out.iterdir()))
        ):
            message = f"{out} exists and is not an empty folder"
            raise ConflictError(message)


def _write_folder(out: Path, files: Mapping[str, bytes]) -> None:
    """Write beside `out`, then rename: a kill leaves a whole folder or none."""
    target = Path(os.path.abspath(out))  # noqa: PTH100 (resolve would follow links)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    with out_errors(out):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        try:
            for name, content in files.items():
                _write_file(temporary / name, content)
            sync_folder(temporary)
            temporary.rename(target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                message = f"{out} appeared while the bundle was written"
                raise ConflictError(message) from None
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        sync_folder(target.parent)


def _write_file(path: Path, content: bytes) -> None:
    """Write a new file and make it durable; readable as the umask allows."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
