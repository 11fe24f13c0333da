"""The `tuneledger` command: parse options, call one function, print, exit."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click

from ledger import Ledger
from ledger.errors import InputError, NotALedgerError, TuneledgerError
from ledger.events.erasure import Ground
from ledger.events.policy import Jurisdiction
from ledger.export.bundle import write_bundle
from ledger.export.event_path import event_document, event_text
from ledger.export.log_lines import log_document, log_text
from ledger.export.status import (
    erasure_document,
    erasure_text,
    masked_subjects,
    status_document,
    status_text,
)
from ledger.export.summary import private_names, summary_document
from ledger.keys import key_name, load_key
from ledger.log import ledger_file, system_clock_ms
from ledger.projections.summary_markdown import to_markdown
from ledger.projector import project
from ledger.settings import parse_settings
from ledger.workspace import Workspace
from producers import wiring
from producers.optout.resolve import Resolver, resolve_public
from verifier import RootKeyError, UnreadableLedgerError
from verifier import verify as verify_file
from verifier.bundle import verify_bundle as verify_bundle_folder
from verifier.pin import read_root_keys

EXIT_POLICY = 3
EXIT_WAITING = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

BASE_TEXT_BYTES_MAX = 64 * 1024 * 1024
"""Longest text to pre-train on: it is held in memory."""


def say(text: str) -> None:
    """Progress and messages go to stderr, so that stdout is the result."""
    click.echo(text, err=True)


def finish(text: str, code: int) -> None:
    """Print a report and exit with its code, even where nobody reads to the end."""
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        stop_printing()
    sys.exit(code)


def stop_printing() -> None:
    """Send to nowhere what a reader who went away would have got."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(document: Any) -> None:
    """One document on stdout."""
    click.echo(json.dumps(document, indent=2))


workspace_option = click.option(
    "-w",
    "--workspace",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    envvar="TUNELEDGER_WORKSPACE",
    help="Folder of the workspace; the current one by default.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)
root_option = click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="VKEY",
    help="Root key that you know from elsewhere, or @FILE with one a line.",
)


jurisdiction_option = click.option(
    "--jurisdiction",
    "jurisdictions",
    type=click.Choice(["eu", "uk"]),
    multiple=True,
    help="Where the model may be used; the settings' by default (EU and UK at first).",
)


def resolver() -> Resolver:
    """Where a scan connects to: by name service, unless the caller injects another."""
    injected: Resolver | None = click.get_current_context().obj
    return injected or resolve_public


def passphrase() -> bytes | None:
    """The key files' passphrase, from the environment only."""
    value = os.environ.get("TUNELEDGER_PASSPHRASE")
    return value.encode() if value else None


def open_workspace(folder: Path) -> Workspace:
    """Open a workspace for writing."""
    return Workspace(folder, passphrase=passphrase())


@contextlib.contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open the ledger of a workspace, or a `.ledger` file, for reading."""
    with Ledger.open(path) as ledger:
        yield ledger


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
    help="Write the root key to this folder, away from the workspace.",
)
@jurisdiction_option
@click.option("--shards", type=int, default=4, show_default=True)
@click.option("--slices", type=int, default=3, show_default=True)
def init(
    folder: Path,
    origin: str | None,
    root_out: Path | None,
    jurisdictions: tuple[Jurisdiction, ...],
    shards: int,
    slices: int,
) -> None:
    """Create a workspace with its keys and its genesis entry."""
    values: dict[str, object] = {
        "origin": origin or f"{folder.absolute().name}.invalid",
        "shards": shards,
        "slices": slices,
    }
    if jurisdictions:
        values["jurisdictions"] = sorted(set(jurisdictions))
    vkey = Workspace.create(
        folder, parse_settings(values), root_folder=root_out, passphrase=passphrase()
    )
    if root_out is None:
        say("the root key lies in keys/: whoever holds this folder can rewrite it all")
    say("give auditors this root key; they pin it with verify --root:")
    click.echo(vkey)


@app.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@workspace_option
def scan(urls: tuple[str, ...], folder: Path) -> None:
    """Ask every opt-out channel of each URL, and append the verdicts.

    Exit code 3 where a verdict is not `allowed`.
    """
    with open_workspace(folder) as workspace:
        outcomes = wiring.scan_urls(workspace, urls, resolver=resolver())
    for url, outcome in zip(urls, outcomes, strict=True):
        click.echo(f"{outcome.verdict:<9} {url} {' '.join(outcome.reasons)}".rstrip())
    if any(outcome.verdict != "allowed" for outcome in outcomes):
        sys.exit(EXIT_POLICY)


@app.command()
@click.argument("file", type=click.File("rb"))
@workspace_option
@click.option("--resume", is_flag=True, help="Skip records that are kept already.")
@jurisdiction_option
def ingest(
    file: Any, folder: Path, *, resume: bool, jurisdictions: tuple[Jurisdiction, ...]
) -> None:
    """Decide on every record of FILE (JSON Lines), and keep what is accepted.

    Each line: {"id", "text", "url", "licence", "subjects": [...]}. Exit code 4 where
    records wait for a person.
    """
    with open_workspace(folder) as workspace:
        report = wiring.ingest_file(
            workspace,
            file,
            resolver=resolver(),
            progress=say,
            resume=resume,
            jurisdictions=jurisdictions,
        )
    for decision, count in sorted(report.decisions.items()):
        click.echo(f"{decision:<9} {count}")
    for reason, count in sorted(report.reasons.items()):
        click.echo(f"  {reason:<16} {count}")
    if report.decisions.get("pending"):
        sys.exit(EXIT_WAITING)


@app.command()
@workspace_option
@click.option(
    "--base-text",
    type=click.File("rb"),
    help="Public text to pre-train the base on; the Python documentation by default.",
)
def train(folder: Path, base_text: Any) -> None:
    """Train an adapter for each shard, and print the run's id."""
    from producers.demo.corpus import base_text as documentation

    def read() -> bytes:
        text: bytes = base_text.read(BASE_TEXT_BYTES_MAX + 1)
        if len(text) > BASE_TEXT_BYTES_MAX:
            message = f"base text: expected at most {BASE_TEXT_BYTES_MAX} bytes"
            raise InputError(message)
        return text

    text = documentation if base_text is None else read
    with open_workspace(folder) as workspace:
        click.echo(wiring.train(workspace, base_text=text, progress=say))


@app.command()
@workspace_option
@json_option
@click.option(
    "--subjects",
    is_flag=True,
    help="List data subjects by local alias, identifiers masked.",
)
def status(folder: Path, *, as_json: bool, subjects: bool) -> None:
    """Show shards, runs, provider status and erasures."""
    with open_ledger(folder) as ledger:
        document = status_document(ledger, project(ledger), now_ms=system_clock_ms())
    if subjects:
        document["subjects"] = masked_subjects(folder)
    if as_json:
        print_json(document)
    else:
        click.echo(status_text(document))


@app.command()
@workspace_option
@json_option
@click.option(
    "--sme/--no-sme",
    default=None,
    help="Whether the provider is an SME; decides how many domains are listed.",
)
def summary(folder: Path, *, as_json: bool, sme: bool | None) -> None:
    """Draft the public summary of training content, field by field."""
    with open_ledger(folder) as ledger:
        draft = summary_document(
            project(ledger), private=private_names(folder), sme=sme
        )
    if as_json:
        print_json(draft.as_dict())
    else:
        click.echo(to_markdown(draft.summary))


@app.command()
@click.argument("subject")
@workspace_option
@click.option(
    "--ground",
    type=click.Choice(get_args(Ground)),
    default="consent_withdrawn",
    show_default=True,
    help="GDPR Article 17(1).",
)
@click.option("--no-retrain", is_flag=True, help="Destroy now, retrain later.")
@click.option(
    "--no-prove", is_flag=True, help="Leave out the clean-process comparison."
)
@json_option
def erase(
    subject: str,
    folder: Path,
    *,
    ground: Ground,
    no_retrain: bool,
    no_prove: bool,
    as_json: bool,
) -> None:
    """Erase a data SUBJECT, by local alias or identifier, and retrain its shard.

    Exit code 4 while steps are outstanding.
    """
    with open_workspace(folder) as workspace:
        erased = wiring.erase(
            workspace,
            subject,
            ground=ground,
            retrain=not no_retrain,
            prove=not no_prove,
            progress=say,
        )
        document = erasure_document(
            erased.erasure_id,
            erased.erasure,
            certificate=erased.certificate,
            now_ms=workspace.clock_ms(),
        )
    if as_json:
        print_json(document)
    else:
        click.echo(erasure_text(document))
    if not erased.certificate:
        sys.exit(EXIT_WAITING)


@app.command()
@workspace_option
def retrain(folder: Path) -> None:
    """Finish every erasure that is open, oldest first: retrain, verify, certify.

    Exit code 4 where one could not be certified.
    """
    with open_workspace(folder) as workspace:
        finished = wiring.finish_erasures(workspace, progress=say)
    for erased in finished:
        certificate = erased.certificate or "not certified"
        click.echo(f"erasure {erased.erasure_id}: {certificate}")
    if not finished:
        say("no erasure is open")
    if not all(erased.certificate for erased in finished):
        sys.exit(EXIT_WAITING)


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
    with open_ledger(folder) as ledger:
        name = key_name(ledger.origin, "ci")
        ci_key = load_key(folder / "keys", "ci", name, passphrase())
        for file in write_bundle(ledger, run_id, out, ci_key=ci_key):
            click.echo(str(out / file))


@app.command("verify-bundle")
@click.argument("folder", type=click.Path(path_type=Path))
@root_option
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    help="Folder with the adapters, to hash them too.",
)
@json_option
def verify_bundle(
    folder: Path, roots: tuple[str, ...], models: Path | None, *, as_json: bool
) -> None:
    """Check a bundle that `attest` wrote, offline."""
    keys = read_root_keys(roots)
    report = verify_bundle_folder(folder, root_keys=keys, models=models)
    finish(report.as_json() + "\n" if as_json else report.as_text(), report.exit_code)


@app.command()
@click.argument("file", type=click.Path(path_type=Path))
@root_option
@click.option(
    "--level",
    type=click.IntRange(0, 1),
    default=1,
    show_default=True,
    help="0 consistent, 1 authentic under a pinned root.",
)
@json_option
def verify(file: Path, roots: tuple[str, ...], level: int, *, as_json: bool) -> None:
    """Prove that no event of a ledger FILE was altered, and say what is not proven."""
    path = ledger_file(file) if file.is_dir() else file
    report = verify_file(
        path, root_keys=read_root_keys(roots), level=level, progress=say_each_10_000
    )
    finish(report.as_json() + "\n" if as_json else report.as_text(), report.exit_code)


def say_each_10_000(entries: int) -> None:
    """Progress of a long verification."""
    if entries % 10_000 == 0:
        say(f"verified {entries} entries")


@app.command("log")
@workspace_option
@click.option("--stream", help="Only this stream.")
@click.option("--type", "event_type", help="Only event types that begin with this.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last N events.")
@json_option
def log_command(
    folder: Path,
    stream: str | None,
    event_type: str | None,
    last: int | None,
    *,
    as_json: bool,
) -> None:
    """List the events, oldest first."""
    with open_ledger(folder) as ledger:
        document = log_document(ledger, stream=stream, event_type=event_type, last=last)
    if as_json:
        print_json(document)
    else:
        click.echo(log_text(document))


@app.command()
@click.argument("event_id", metavar="EVENT")
@workspace_option
@json_option
def show(event_id: str, folder: Path, *, as_json: bool) -> None:
    """Show one EVENT (SEQ.INDEX) with its path to its signature and checkpoint."""
    with open_ledger(folder) as ledger:
        document = event_document(ledger, event_id)
    if as_json:
        print_json(document)
    else:
        click.echo(event_text(document))


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
            code = invoke(arguments, obj=resolver)
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
        case RootKeyError():
            say(f"error: {error}")
            code = InputError.exit_code
        case UnicodeEncodeError(reason="surrogates not allowed"):
            # Python keeps bytes of an argument that are not UTF-8 as lone surrogates.
            say("error: an argument is not valid UTF-8")
            code = InputError.exit_code
        case click.ClickException():
            say(f"error: {' '.join(error.format_message().split())}")
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
