"""The auditor's commands: verify, verify-bundle."""

from pathlib import Path

import click

from ledger.disk.places import ledger_file
from ledger.errors import NotALedgerError
from producers.commands.common import (
    finish,
    json_option,
    policy_option,
    root_option,
    root_threshold_option,
    say,
)
from verifier import UnreadableLedgerError, load_policy
from verifier import verify as verify_file
from verifier.bundle.verify import verify_bundle as verify_bundle_folder
from verifier.trust.demand import LEVEL_MAX
from verifier.trust.pin import read_root_keys

JOBS_MAX = 64


@click.command("verify-bundle")
@click.argument("folder", type=click.Path(path_type=Path))
@root_option
@root_threshold_option
@click.option(
    "--models",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the adapters, to hash them too.",
)
@json_option
def verify_bundle(
    folder: Path,
    roots: tuple[str, ...],
    root_threshold: int | None,
    models: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check a bundle that `attest` wrote, offline."""
    keys = read_root_keys(roots)
    report = verify_bundle_folder(
        folder, root_keys=keys, root_threshold=root_threshold, models=models
    )
    finish(report.as_json() + "\n" if as_json else report.as_text(), report.exit_code)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@root_option
@root_threshold_option
@policy_option
@click.option(
    "--pin",
    type=click.Path(path_type=Path),
    help="Folder that keeps the newest checkpoint until the next verification.",
)
@click.option(
    "--level",
    type=click.IntRange(0, LEVEL_MAX),
    help="0 consistent, 1 authentic, 2 timed, 3 witnessed, 4 continuous; by default"
    " the policy's, or 1.",
)
@click.option(
    "--fork-out",
    type=click.Path(path_type=Path),
    help="Where the proof of a fork is written; beside the pin by default.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Judge every entry again, whatever the pin store kept.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, JOBS_MAX),
    default=1,
    show_default=True,
    help="Processes that check signatures.",
)
@json_option
def verify(
    file: Path,
    roots: tuple[str, ...],
    root_threshold: int | None,
    policy_file: Path | None,
    pin: Path | None,
    level: int | None,
    fork_out: Path | None,
    jobs: int,
    *,
    full: bool,
    as_json: bool,
) -> None:
    """Prove that no event of a ledger FILE was altered, and say what is not proven.

    Exit code 7 where a level that was asked for is not reached.
    """
    try:
        report = verify_file(
            ledger_file(file) if file.is_dir() else file,
            root_keys=read_root_keys(roots),
            root_threshold=root_threshold,
            policy=None if policy_file is None else load_policy(policy_file),
            pin=pin,
            level=level,
            fork_out=fork_out,
            full=full,
            jobs=jobs,
            progress=say_each_10_000,
        )
    except UnreadableLedgerError as error:
        message = f"{file}: {error}"
        raise NotALedgerError(message) from None
    finish(report.as_json() + "\n" if as_json else report.as_text(), report.exit_code)


def say_each_10_000(entries: int) -> None:
    """Progress of a long verification."""
    if entries % 10_000 == 0:
        say(f"verified {entries} entries")


COMMANDS = (verify, verify_bundle)
