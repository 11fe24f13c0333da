"""Weights for others: decrypted copies of what a finished run made.

A module of the composition, as `producers.wiring` is.
"""

import contextlib
from pathlib import Path

from ledger.disk.files import disk_errors, write_once
from ledger.errors import ErasedError, InputError
from ledger.events.training import RunFinished
from ledger.projections.shards import ShardsState
from ledger.vault.artefacts import Artefacts
from ledger.workspace.workspace import Workspace
from producers.training.weights import WeightStore


def weight_store(workspace: Workspace) -> WeightStore:
    """The weights of a workspace, each encrypted under a key of its own."""
    artefacts = Artefacts(workspace.vault)
    return WeightStore(
        workspace.folder / "models",
        seal=artefacts.seal,
        unseal=artefacts.unseal,
        forget=artefacts.destroy,
    )


def export_weights(workspace: Workspace, run_id: str, out: Path) -> list[Path]:
    """Write the adapters of a finished run into a new folder, in clear.

    They are personal data where they saw any; whoever gets them is a recipient.

    Returns:
        The files, named by their digests, mode 0600.

    Raises:
        ErasedError: one of them saw a record that was erased since; nothing is written.
        InputError: there is no such finished run, its weights are gone, or the folder
            is there already.
    """
    with workspace.exclusive("train"):
        adapters = _adapters(workspace, run_id)
        _check(workspace, adapters)
        weights = weight_store(workspace)
        contents = {sha256: weights.get(sha256) for sha256 in adapters}
        with disk_errors(out.name):
            try:
                out.mkdir(mode=0o700, parents=True)
            except FileExistsError:
                message = f"{out} exists; name a new folder"
                raise InputError(message) from None
        paths = [out / f"{sha256}.safetensors" for sha256 in contents]
        with contextlib.ExitStack() as undo:
            undo.callback(out.rmdir)
            for path, content in zip(paths, contents.values(), strict=True):
                write_once(path, content)
                undo.callback(path.unlink)
            undo.pop_all()
    return paths


def _adapters(workspace: Workspace, run_id: str) -> list[str]:
    """Digests of what a run finished with, in the order of its shards."""
    for recorded in workspace.ledger.events():
        event = recorded.event
        if isinstance(event, RunFinished) and event.run_id == run_id:
            return list(dict.fromkeys(one.weights_sha256 for one in event.adapters))
    message = f"expected the id of a finished run (see `status`), found {run_id!r}"
    raise InputError(message)


def _check(workspace: Workspace, adapters: list[str]) -> None:
    """Refuse weights that saw an erased record, or are gone."""
    state: ShardsState = workspace.states()["shards"]
    saved = [
        one
        for shard_map in state.maps.values()
        for shard in shard_map.by_shard.values()
        for one in shard.saved
        if one.weights_sha256 in adapters
    ]
    for one in saved:
        if one.tainted_by:
            message = (
                f"weights {one.weights_sha256[:16]} saw a record that event "
                f"{one.tainted_by} erased; export the run that retrained them"
            )
            raise ErasedError(message)
