"""What serves, and weights for others: models publish, manifest, export, sign."""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click

from ledger.erasing.served import ServingBook
from ledger.errors import InputError
from ledger.projections.serving import Served
from ledger.workspace.workspace import Workspace
from producers.commands.common import (
    EXIT_POLICY,
    json_option,
    open_workspace,
    out_option,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import read_limited
from producers.commands.ids import whole_run_id
from producers.exporting import export_weights, sign_weights
from producers.publishing import Gate, publish
from producers.serving.manifest import PPM_PER_NAT

HELD_OUT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Longest held-out text."""

GATE_NATS_MAX: Final = 100


@click.group("models")
def models_group() -> None:
    """Say what serves, and hand out what runs made."""


@models_group.command("publish")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--merged", is_flag=True, help="One merged adapter, behind a gate.")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    help="A text that nothing was trained on, for the gate.",
)
@click.option(
    "--gate",
    "gate_nats",
    metavar="NATS",
    default="0.05",
    show_default=True,
    help="Most by which merging may raise the held-out loss, nats a token.",
)
@workspace_option
def publish_command(
    run_id: str, held_out: Path | None, gate_nats: str, folder: Path, *, merged: bool
) -> None:
    """Let the weights of a finished RUN serve; by default what every shard serves.

    Exit code 3 where an erasure stands against the weights, or the merged adapter does
    not pass its gate; then nothing is written.
    """
    gate = None
    if merged:
        if held_out is None:
            message = "--merged: expected --held-out FILE to measure the gate on"
            raise InputError(message)
        text = read_limited(held_out, HELD_OUT_BYTES_MAX)
        gate = Gate(held_out=text, worst=_gate_ppm(gate_nats))
    elif held_out is not None:
        message = "--held-out: expected --merged with it"
        raise InputError(message)
    with open_workspace(folder) as workspace:
        run_id = whole_run_id(workspace.ledger, run_id)
        event = publish(workspace, run_id, gate=gate, progress=say)
    click.echo(event.manifest_id)


@models_group.command("manifest")
@workspace_option
@json_option
def manifest_command(folder: Path, *, as_json: bool) -> None:
    """Show what serves under each name, and what may not serve any more.

    Exit code 3 where a manifest is fenced: nothing may obey it until a newer one.
    """
    with open_workspace(folder) as workspace:
        documents = [
            _document(workspace, name, served)
            for name, served in ServingBook(workspace).all().items()
        ]
    if as_json:
        print_json({"schema": "tuneledger.manifests/1", "models": documents})
    else:
        for document in documents:
            _print(document)
    if not documents:
        say("nothing is published: run models publish")
    if any(one["fenced"] for one in documents):
        sys.exit(EXIT_POLICY)


@models_group.command()
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--manifest", is_flag=True, help="What the newest manifest names.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new folder."
)
@workspace_option
def export(run_id: str, out: Path, folder: Path, *, manifest: bool) -> None:
    """Write the weights of a finished RUN, or of the manifest, in clear.

    Each as the safetensors file that the ledger names, and each adapter in a folder as
    PEFT reads it. In the workspace they are encrypted. A copy is out of reach of an
    erasure: whoever gets it is a recipient.
    """
    if manifest == bool(run_id):
        message = "models export: expected either RUN or --manifest"
        raise InputError(message)
    with open_workspace(folder) as workspace:
        run_id = whole_run_id(workspace.ledger, run_id)
        exported = export_weights(workspace, run_id, out)
    for path in exported.paths:
        click.echo(str(path))
    say("these files are not encrypted, and no erasure reaches them")
    say("note who gets them, with the recipient's name for NAME:")
    for run in exported.run_ids:
        say(f"tuneledger recipient add NAME --run {run}")


@models_group.command()
@click.argument("what", metavar="RUN|DIR")
@out_option
@workspace_option
def sign(what: str, out: Path, folder: Path) -> None:
    """Sign the weights of a finished RUN, or the files in DIR, with the ci key.

    The form is that of OpenSSF model signing.
    """
    with open_workspace(folder) as workspace:
        named = what if Path(what).is_dir() else whole_run_id(workspace.ledger, what)
        sign_weights(workspace, named, out)
    click.echo(str(out))


def _gate_ppm(text: str) -> int:
    """Nats as typed, in 10^-6.

    Raises:
        InputError: no number from 0 up, or with more than six decimals.
    """
    try:
        ppm = Decimal(text) * PPM_PER_NAT
    except InvalidOperation:
        ppm = Decimal(-1)
    if not (0 <= ppm <= GATE_NATS_MAX * PPM_PER_NAT and ppm == ppm.to_integral_value()):
        message = (
            f"--gate: expected 0 to {GATE_NATS_MAX} nats with at most 6 decimals, "
            f"found {text[:32]!r}"
        )
        raise InputError(message)
    return int(ppm)


def _document(workspace: Workspace, name: str, served: Served) -> dict[str, Any]:
    """A manifest as plain values."""
    state = workspace.states()["shards"].maps.get(served.map_id)
    shards = range(0 if state is None else state.shards)
    return {
        "model": name,
        "manifest_id": served.manifest_id,
        "event": served.event_id,
        "reason": served.reason,
        "map_id": served.map_id,
        "base_sha256": served.base_sha256,
        "rule": served.rule,
        "adapters": [
            {"shard": shard, "weights_sha256": sha256}
            for shard, sha256 in served.adapters.items()
        ],
        "left_out": [one for one in shards if one not in served.adapters],
        "merged_sha256": served.merged_sha256,
        "fenced": [
            {"weights_sha256": one.weights_sha256, "why": one.text}
            for one in ServingBook(workspace).fenced(served)
        ],
    }


def _print(document: dict[str, Any]) -> None:
    """A manifest as lines."""
    click.echo(
        f"{document['model']}  manifest {document['manifest_id']}  "
        f"{document['rule']}  {document['reason']}"
    )
    if document["base_sha256"]:
        click.echo(f"  base      {document['base_sha256'][:16]}")
    for one in document["adapters"]:
        click.echo(f"  shard {one['shard']:<4}{one['weights_sha256'][:16]}")
    if document["merged_sha256"]:
        click.echo(f"  merged    {document['merged_sha256'][:16]}")
    for shard in document["left_out"]:
        click.echo(f"  shard {shard:<4}left out: nothing clean to serve")
    for one in document["fenced"]:
        click.echo(f"  FENCED    {one['why']}")


COMMANDS = (models_group,)
