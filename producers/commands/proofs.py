"""Commands on proofs: prove, disclose, check, consistency, checkpoint."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from ledger.disk.files import write_once
from ledger.disk.places import ledger_file
from ledger.errors import InputError, IntegrityError, NotALedgerError
from ledger.export.disclosure import Asked, encode_disclosure
from ledger.export.proof_parts import Proof
from ledger.export.receipt import encode_receipt
from ledger.log.ledger import system_clock_ms
from producers.commands.common import (
    EXIT_ROLLED_BACK,
    finish,
    json_option,
    open_ledger,
    open_workspace,
    out_option,
    policy_option,
    print_json,
    root_option,
    root_threshold_option,
    say,
    workspace_option,
)
from producers.commands.given import size_option
from verifier.bundle.files import UnreadableError
from verifier.bundle.verify import verify_bundle
from verifier.proofs.check import LEVEL_MAX, check_proof
from verifier.proofs.compare import Outcome, compare
from verifier.proofs.report import printable
from verifier.proofs.sides import DamagedLedgerError, Side, SideError, read_side
from verifier.store.storage import UnreadableLedgerError
from verifier.trust.pin import read_root_keys
from verifier.trust.policy import load_policy


@click.command()
@click.argument("event_id", metavar="EVENT")
@workspace_option
@out_option
@size_option
@click.option(
    "--tlog-proof",
    type=click.Path(path_type=Path),
    help="Write the C2SP tlog-proof of the event's entry to a file of its own too.",
)
def prove(
    event_id: str, folder: Path, out: Path, size: int | None, tlog_proof: Path | None
) -> None:
    """Write a receipt of one EVENT (SEQ.INDEX) that shows no other event.

    It leads to the newest checkpoint with a cosignature or time stamp that covers the
    event, else to the newest.
    """
    with open_ledger(folder) as ledger:
        proof, text = encode_receipt(ledger, event_id, size=size)
    write_once(out, proof.content)
    if tlog_proof is not None:
        write_once(tlog_proof, text)
    click.echo(f"{out}: event {event_id}, {anchored(proof)}")


@click.command()
@workspace_option
@out_option
@click.option(
    "--site", "sites", multiple=True, metavar="ORIGIN", help="Such as https://a.org."
)
@click.option(
    "--scan", "scans", multiple=True, metavar="SCAN_ID", help="The URL of a scan."
)
@click.option("--all-sites", is_flag=True, help="Every registered site.")
def disclose(
    folder: Path,
    out: Path,
    sites: tuple[str, ...],
    scans: tuple[str, ...],
    *,
    all_sites: bool,
) -> None:
    """Write the names of sites and scanned URLs, with proof that they are the ones.

    Only what is asked for is in the file; data subjects never are.
    """
    asked = Asked(sites=sites, scans=scans, all_sites=all_sites)
    with open_workspace(folder) as workspace:
        proof = encode_disclosure(workspace.ledger, workspace.vault, asked)
    write_once(out, proof.content)
    click.echo(f"{out}: {anchored(proof)}")


def anchored(proof: Proof) -> str:
    """Which checkpoint a proof leads to, in words."""
    anchors = f"{proof.cosignatures} cosignatures, {proof.timestamps} time stamps"
    return f"checkpoint of size {proof.size}, {anchors}"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@root_option
@policy_option
@click.option(
    "--level",
    type=click.IntRange(0, LEVEL_MAX),
    help="0 consistent, 1 authentic, 2 timed, 3 witnessed; the policy's, or 1.",
)
@root_threshold_option
@click.option(
    "--entry",
    type=click.Path(path_type=Path),
    help="The entry's bytes, which a plain tlog-proof needs.",
)
@json_option
def check(
    file: Path,
    roots: tuple[str, ...],
    policy_file: Path | None,
    level: int | None,
    root_threshold: int | None,
    entry: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check a proof FILE offline: receipt, disclosure, pair, tlog-proof or bundle."""
    keys = read_root_keys(roots)
    if file.is_dir():
        if (policy_file, level, root_threshold, entry) != (None,) * 4:
            message = "a bundle takes --root only; see also verify-bundle --models"
            raise click.UsageError(message)
        bundle = verify_bundle(file, root_keys=keys, root_threshold=root_threshold)
        text = bundle.as_json() + "\n" if as_json else bundle.as_text()
        finish(text, bundle.exit_code)
        return
    report = check_proof(
        file,
        root_keys=keys,
        policy=None if policy_file is None else load_policy(policy_file),
        level=level,
        root_threshold=root_threshold,
        entry=entry,
        now_ms=system_clock_ms(),
    )
    finish(report.as_json() + "\n" if as_json else report.as_text(), report.exit_code)


@click.command()
@click.argument("old")
@click.argument("new")
@workspace_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the pair here; a fork is written in any case.",
)
@json_option
def consistency(
    old: str, new: str, folder: Path, out: Path | None, *, as_json: bool
) -> None:
    """Say whether the ledger at NEW extends the ledger at OLD.

    OLD and NEW: a size of the workspace's ledger, or a checkpoint note, ledger,
    receipt or bundle. Exit code 1 for a fork, or where NEW is smaller than OLD: rolled
    back; 5 where it cannot be decided, as where the two are under different roots.
    """
    with side_errors(f"{old} and {new}"):
        sides = side_of(old, folder), side_of(new, folder)
        found = compare(*sides)
    path = out
    if path is None and found.outcome is Outcome.FORK:
        path = Path(f"fork-{found.sizes[0]}-{found.sizes[1]}.json")
    if path is not None and found.pair:
        write_once(path, found.pair)
        say(f"{path}: the checkpoint pair; check it with --root")
    is_rolled_back = found.outcome is not Outcome.FORK and sides[1].size < sides[0].size
    outcome, why = found.outcome.value, found.why
    if is_rolled_back:
        outcome = "rolled back"
        why = f"OLD covers {sides[0].size} entries, NEW only {sides[1].size}"
    if as_json:
        document = {"outcome": outcome, "why": why, "sizes": found.sizes}
        print_json({"schema": "tuneledger.consistency/1", **document})
    else:
        click.echo(f"{outcome}: {printable(why)}")
    finish("", EXIT_ROLLED_BACK if is_rolled_back else found.exit_code)


def side_of(given: str, folder: Path) -> Side:
    """What an argument of `consistency` names."""
    with side_errors(given):
        if given.isascii() and given.isdigit() and len(given) <= 15:
            return read_side(ledger_file(folder), int(given))
        path = Path(given)
        if path.is_dir() and any(path.glob("*.ledger")):
            path = ledger_file(path)
        return read_side(path)


@contextlib.contextmanager
def side_errors(given: str) -> Iterator[None]:
    """Say which argument no checkpoint can be taken from.

    Raises:
        InputError: it is malformed.
        IntegrityError: it is a damaged ledger.
        NotALedgerError: it cannot be read.
    """
    try:
        yield
    except DamagedLedgerError as error:
        message = f"{given}: {printable(str(error))}"
        raise IntegrityError(message) from None
    except SideError as error:
        message = f"{given}: {printable(str(error))}"
        raise InputError(message) from None
    except (UnreadableError, UnreadableLedgerError) as error:
        message = f"{given}: {printable(str(error))}"
        raise NotALedgerError(message) from None


@click.command()
@workspace_option
@size_option
def checkpoint(folder: Path, size: int | None) -> None:
    """Print a checkpoint with its cosignatures: what a CI job keeps as an artefact."""
    with open_ledger(folder) as ledger:
        click.echo(ledger.checkpoint_note(size).decode(), nl=False)


COMMANDS = (prove, disclose, check, consistency, checkpoint)
