"""The `tuneledger` command: parse options, call one function, print, exit."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any, get_args

import click

from ledger import Ledger
from ledger.errors import InputError, NotALedgerError, TuneledgerError
from ledger.events.policy import Jurisdiction, Purpose
from ledger.export.bundle import write_bundle
from ledger.workspace.settings import parse_settings
from ledger.workspace.workspace import Workspace
from producers import wiring
from producers.commands import (
    anchors,
    datasets,
    erasing,
    erasures,
    evaluating,
    evidence,
    flops,
    generate,
    hosted,
    ingesting,
    keys,
    licences,
    models,
    proofs,
    reading,
    recipients,
    records,
    redacting,
    retraining,
    reviews,
    scanning,
    shards,
    spool,
    subjects,
    training,
    vaults,
    verifying,
    witness,
)
from producers.commands.common import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_WAITING,
    jurisdiction_option,
    open_workspace,
    passphrase,
    say,
    stop_printing,
    workspace_option,
)
from producers.commands.ids import whole_run_id
from producers.scanning import ScanOptions
from verifier import UnreadableLedgerError
from verifier.given import GivenError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tuneledger")
def app() -> None:
    """Keep the evidence of an LLM fine-tune in a signed, hash-chained ledger.

    Exit codes: 0 all that was asked for holds, 1 tampered, 2 usage or input refused,
    3 policy gap, 4 waiting for a person, 5 incomplete, 6 not a readable ledger, 7 key
    or trust, 8 conflict or locked, 70 uncaught error, 130 interrupted.
    """


@app.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--origin", help="Name of the log; NAME.invalid by default.")
@click.option(
    "--root-out",
    type=click.Path(path_type=Path),
    help="Write the root keys to this folder, away from the workspace.",
)
@click.option(
    "--root-keys", type=int, default=1, show_default=True, help="How many root keys."
)
@click.option(
    "--root-threshold",
    type=int,
    default=1,
    show_default=True,
    help="How many of them sign a key event.",
)
@jurisdiction_option
@click.option(
    "--purpose",
    type=click.Choice(get_args(Purpose)),
    default="commercial",
    show_default=True,
    help="What the model is for; research only where it is not for gain.",
)
@click.option("--shards", type=int, default=4, show_default=True)
@click.option("--slices", type=int, default=3, show_default=True)
def init(
    folder: Path,
    origin: str | None,
    root_out: Path | None,
    root_keys: int,
    root_threshold: int,
    jurisdictions: tuple[Jurisdiction, ...],
    purpose: Purpose,
    shards: int,
    slices: int,
) -> None:
    """Create a workspace with its keys and its genesis entry."""
    values: dict[str, object] = {
        "origin": origin or f"{folder.absolute().name}.invalid",
        "purpose": purpose,
        "shards": shards,
        "slices": slices,
    }
    if jurisdictions:
        values["jurisdictions"] = sorted(set(jurisdictions))
    vkeys = Workspace.create(
        folder,
        parse_settings(values),
        root_keys=root_keys,
        root_threshold=root_threshold,
        root_folder=root_out,
        passphrase=passphrase(),
    )
    if root_out is None:
        say("the root key lies in keys/: whoever holds this folder can rewrite it all")
    what = "this root key; they pin it" if root_keys == 1 else "these; they pin them"
    say(f"give auditors {what} with verify --root:")
    click.echo(vkeys)


@app.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="New folder for the bundle.",
)
@workspace_option
def attest(run_id: str, out: Path, folder: Path) -> None:
    """Write the signed evidence of a finished RUN into a folder, to verify offline."""
    with Ledger.open(folder, passphrase=passphrase()) as ledger:
        ci_key = ledger.role_signer("ci")
        named = whole_run_id(ledger, run_id)
        for file in write_bundle(ledger, named, out, ci_key=ci_key):
            click.echo(str(out / file))


@app.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the workspace goes; an earlier demo there is replaced.",
)
def demo(folder: Path) -> None:
    """Tell the whole story on text of this machine: train, erase, attest, verify."""
    from producers.demo.story import Ran, Stage, tell

    def run(arguments: list[str], *, resolver: Any = None, quiet: bool = False) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(out))
            if quiet:
                stack.enter_context(contextlib.redirect_stderr(err))
            # The demo plays the sites too: none is to be spared.
            played = resolver and ScanOptions(resolver=resolver, spacing_s=0)
            code = invoke(arguments, obj=played)
        if not quiet:
            click.echo(out.getvalue(), nl=False)
        elif code not in {0, EXIT_WAITING}:
            say(err.getvalue())
        return Ran(code=code, out=out.getvalue())

    def clean_room(folder: Path, shard: int) -> Any:
        with open_workspace(folder) as workspace:
            return wiring.retrainer(workspace, say).clean_room(shard)

    stage = Stage(command=sys.argv[0], run=run, clean_room=clean_room, say=click.echo)
    tell(folder, stage)


for group in (
    ingesting,
    training,
    erasing,
    retraining,
    erasures,
    subjects,
    recipients,
    records,
    redacting,
    datasets,
    scanning,
    reviews,
    licences,
    evidence,
    reading,
    shards,
    models,
    generate,
    evaluating,
    flops,
    hosted,
    vaults,
    verifying,
    proofs,
    keys,
    anchors,
    witness,
    spool,
):
    for command in group.COMMANDS:
        app.add_command(command)


def invoke(arguments: list[str] | None = None, obj: Any = None) -> int:
    """Run one command and return its exit code; every error is one line."""
    try:
        # Not `app.main`, which prints an empty line before it reports an interrupt.
        given = sys.argv[1:] if arguments is None else list(arguments)
        with app.make_context("tuneledger", given, obj=obj) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except SystemExit as error:
        code = error.code
    except (click.exceptions.Abort, KeyboardInterrupt):
        say("error: interrupted; what was appended before is safe")
        code = EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = InputError.exit_code
    except Exception as error:  # noqa: BLE001 (the contract: 70 is any uncaught error)
        code = complain(error)
    return code if isinstance(code, int) else 0


def complain(error: Exception) -> int:
    """Print an error as one line and return its exit code."""
    match error:
        case TuneledgerError(exit_code=code):
            say(f"error: {error}")
        case UnreadableLedgerError():
            say(f"error: {error}")
            code = NotALedgerError.exit_code
        case BrokenPipeError():
            stop_printing()
            code = 0
        case GivenError():
            say(f"error: {error}")
            code = InputError.exit_code
        case UnicodeEncodeError(reason="surrogates not allowed"):
            # Python keeps bytes of an argument that are not UTF-8 as lone surrogates.
            say("error: an argument is not valid UTF-8")
            code = InputError.exit_code
        case click.ClickException():
            text = " ".join(error.format_message().split())
            # Click repeats an argument, which may be a key's file by mistake.
            secret = "PRIVATE KEY" in text.upper()
            say(f"error: {'the argument: expected no private key' if secret else text}")
            code = InputError.exit_code
        case _:
            # The text may hold what a library was given, so only the kind is shown.
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = "" if trace is None else f" in {trace.tb_frame.f_code.co_qualname}"
            say(f"error: {type(error).__name__}{where}; please report this")
            code = EXIT_BUG
    return code


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(invoke())


if __name__ == "__main__":
    main()
