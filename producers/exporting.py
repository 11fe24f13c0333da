"""Weights for others: decrypted copies, and signatures over them.

A module of the composition, as `producers.wiring` is.
"""

# ruff: noqa: PLC0415 (the tensor library takes a second to load)
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.disk.files import out_errors, write_once
from ledger.erasing.served import ServingBook
from ledger.errors import InputError
from ledger.events.training import RunStarted
from ledger.export.model_signing import encode_signature, hash_folder
from ledger.vault.artefacts import Artefacts
from ledger.workspace.workspace import Workspace
from producers.training.recipe import Settings, parse_recipe
from producers.training.weights import WeightStore

_RULES: Mapping[str, str] = {
    "": "as the newest serving manifest says",
    "merged": "none: this is the mean of all, behind a gate",
    "probability_average": "average the probabilities of the next token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Weights that are handed out.

    Attributes:
        title: whose they are, such as `shard 0`.
        sha256: their digest.
        rule: how they stand with others; empty where no manifest says.
        started: the run that made them; for merged ones, one of their shards'.
        run_ids: all runs that made them or what they were merged from.
    """

    title: str
    sha256: str
    rule: str
    started: RunStarted
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was handed out.

    Attributes:
        paths: the files, mode 0600.
        run_ids: the runs whose recipients whoever gets them must be noted as, sorted.
    """

    paths: list[Path]
    run_ids: list[str]


def weight_store(workspace: Workspace, *, is_writer: bool = True) -> WeightStore:
    """The weights of a workspace, each encrypted under a key of its own.

    A writer holds the `train` lock; who only reads need not.
    """
    artefacts = Artefacts(workspace.vault)
    return WeightStore(
        workspace.folder / "models",
        seal=artefacts.seal,
        unseal=artefacts.unseal,
        forget=artefacts.destroy,
        is_writer=is_writer,
    )


@contextlib.contextmanager
def needs_train_extra() -> Iterator[None]:
    """Say which extra a missing module belongs to.

    Raises:
        InputError: an import failed inside the block.
    """
    try:
        yield
    except ImportError as error:
        message = f"this needs the extra 'train': module {error.name} not found"
        raise InputError(message) from None


def settings_of(workspace: Workspace, started: RunStarted) -> Settings:
    """What a run was trained with.

    Raises:
        InputError: it was a trainer outside.
        IntegrityError: its recipe is not in evidence/ any more.
    """
    if not started.reexecutable:
        message = (
            f"run {started.run_id}: expected a run of `tuneledger train`, found one of "
            "a trainer outside, whose model is not known here"
        )
        raise InputError(message)
    return parse_recipe(workspace.evidence.get(started.recipe_sha256)).settings


def export_weights(workspace: Workspace, run_id: str, out: Path) -> Exported:
    """Write weights into a new folder, in clear.

    Each as `<sha256>.safetensors`, the bytes that the ledger names; and each adapter in
    a folder of its own as PEFT reads it. They are personal data where they saw any;
    whoever gets them is a recipient.

    Args:
        workspace: whose.
        run_id: a finished run; what the newest manifest names, where it is empty.
        out: the folder.

    Raises:
        ErasedError: an erasure, a deletion or a restriction stands against one of them;
            nothing is written.
        InputError: there is no such run or manifest, its weights are gone, or the
            folder is there already.
    """
    with workspace.exclusive("train"):
        copies = _of_run(workspace, run_id) if run_id else _of_manifest(workspace)
        weights = weight_store(workspace)
        files: dict[str, bytes] = {}
        for one in copies:
            content = weights.get(one.sha256)
            files[f"{one.sha256}.safetensors"] = content
            if one.started.reexecutable and one.started.technique == "lora":
                folder = one.title.replace(" ", "-")
                for name, part in _peft(workspace, one, content).items():
                    files[f"{folder}/{name}"] = part
        run_ids = sorted({run_id for one in copies for run_id in one.run_ids})
        return Exported(paths=_write(out, files), run_ids=run_ids)


def sign_weights(workspace: Workspace, what: str, out: Path) -> None:
    """Sign weights in the form of OpenSSF model signing, with the ci key.

    Args:
        workspace: whose ci key.
        what: a finished run, whose weights are signed by the digests that the ledger
            names; or a folder, whose files are hashed.
        out: the signature's file, which must not exist.

    Raises:
        ConflictError: the signature's file exists.
        ErasedError: an erasure stands against the run's weights.
        InputError: there is no such run or folder.
        KeyTrustError: the ci key is missing.
    """
    folder = Path(what)
    if folder.is_dir():
        name, digests = folder.resolve().name, hash_folder(folder, but=out)
    else:
        name = what
        copies = _of_run(workspace, what)
        digests = {f"{one.sha256}.safetensors": one.sha256 for one in copies}
    key = workspace.ledger.role_signer("ci")
    write_once(out, encode_signature(name, digests, key))


def _of_run(workspace: Workspace, run_id: str) -> list[Copy]:
    """What a run finished with, in the order of its shards."""
    book = ServingBook(workspace)
    started, finished = book.ends(run_id)
    adapters = {one.shard: one.weights_sha256 for one in finished.adapters}
    book.check_may_serve(started.map_id, started.base_sha256, adapters)
    return [
        Copy(
            title=f"shard {shard}",
            sha256=sha256,
            rule="",
            started=started,
            run_ids=(started.run_id,),
        )
        for shard, sha256 in adapters.items()
    ]


def _of_manifest(workspace: Workspace) -> list[Copy]:
    """What the newest manifest says that serves."""
    book = ServingBook(workspace)
    _, served = book.newest()
    book.check(served)
    made_by = book.made_by()
    if served.merged_sha256:
        runs = [made_by[sha256] for sha256 in served.adapters.values()]
        return [
            Copy(
                title="merged",
                sha256=served.merged_sha256,
                rule="merged",
                started=runs[0],
                run_ids=tuple(run.run_id for run in runs),
            )
        ]
    if not served.adapters:
        message = f"manifest {served.manifest_id}: the base serves alone; nothing to do"
        raise InputError(message)
    return [
        Copy(
            title=f"shard {shard}",
            sha256=sha256,
            rule=served.rule,
            started=made_by[sha256],
            run_ids=(made_by[sha256].run_id,),
        )
        for shard, sha256 in served.adapters.items()
    ]


def _peft(workspace: Workspace, one: Copy, content: bytes) -> dict[str, bytes]:
    with needs_train_extra():
        from producers.serving.peft_layout import About, peft_files

        about = About(
            title=one.title,
            weights_sha256=one.sha256,
            model_name=one.started.model_name,
            base_name=one.started.base_name,
            base_sha256=one.started.base_sha256,
            base_licence=one.started.base_licence,
            origin=workspace.ledger.origin,
            run_id="" if one.rule == "merged" else one.started.run_id,
            rule=_RULES[one.rule],
        )
        return peft_files(settings_of(workspace, one.started), content, about)


def _write(out: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a new folder, all or none."""
    with out_errors(out), contextlib.ExitStack() as undo:
        try:
            out.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            message = f"{out} exists; name a new folder"
            raise InputError(message) from None
        undo.callback(out.rmdir)
        for name, content in files.items():
            path = out / name
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700)
                undo.callback(path.parent.rmdir)
            write_once(path, content)
            undo.callback(path.unlink)
        undo.pop_all()
    return [out / name for name in files]
