"""Training shards again: retrain."""

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType

import click

from ledger.errors import InputError, IntegrityError
from ledger.workspace.workspace import Workspace
from producers.commands.common import (
    EXIT_WAITING,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.erasing import models_option
from producers.commands.ids import whole_run_id
from producers.retraining.pending import Wanted, Worked, work_off
from producers.retraining.resume import resume
from producers.retraining.verify import Checked, verify_weights
from producers.retraining.watch import watch

EXIT_NOT_REPEATED = 5

NEWEST = "newest"
"""Stands for no run in particular: the newest, or what is in service."""

resume_option = click.option(
    "--resume",
    "resumes",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[RUN]",
    help="Go on with RUN, or the newest training, where it failed: no slice twice.",
)
"""An option of `train`."""


@click.command()
@workspace_option
@click.option(
    "--pending",
    is_flag=True,
    help="Whatever the ledger marks, each mark once; also without options.",
)
@click.option(
    "--quarantined",
    is_flag=True,
    help="Train also shards whose weights in service saw a quarantined record.",
)
@click.option(
    "--watch",
    "seconds",
    type=click.IntRange(1, 86_400),
    metavar="SECONDS",
    help="Go on until interrupted; look at the ledger so often.",
)
@click.option(
    "--shard",
    "shards",
    type=click.IntRange(0, 255),
    multiple=True,
    metavar="N",
    help="Only what concerns this shard; may be given several times.",
)
@click.option(
    "--verify",
    "run_id",
    is_flag=False,
    flag_value=NEWEST,
    metavar="[RUN]",
    help="Train nothing: repeat the training of the weights in service, or of RUN.",
)
@models_option
@click.option(
    "--json", "as_json", is_flag=True, help="With --verify, print one JSON document."
)
def retrain(
    folder: Path,
    seconds: int | None,
    shards: tuple[int, ...],
    run_id: str | None,
    *,
    pending: bool,
    quarantined: bool,
    delete_models: bool,
    as_json: bool,
) -> None:
    """Finish every erasure that is open, oldest first: retrain, verify, certify.

    Exit code 4 where one could not be certified. With --verify, 1 where weights came
    out otherwise, and 5 where some could not be trained again here.
    """
    chosen = set(shards) or None
    if run_id is not None:
        if pending or quarantined or seconds or delete_models:
            message = "--verify: expected no other option than --shard and --json"
            raise InputError(message)
        named = "" if run_id == NEWEST else run_id
        _verify(folder, named, chosen, as_json=as_json)
        return
    if as_json:
        message = "--json: expected --verify with it"
        raise InputError(message)
    wanted = Wanted(quarantined=quarantined, shards=chosen, delete_models=delete_models)
    if seconds is not None:
        with _ended_by_sigterm():
            watch(
                partial(open_workspace, folder),
                wanted,
                wait=partial(time.sleep, seconds),
                report=_report,
                progress=say,
            )
    with open_workspace(folder) as workspace:
        worked = work_off(workspace, wanted, progress=say)
        _report(workspace, worked)
    for error in worked.failed.values():
        raise error
    if not worked.erased and not worked.run_id:
        say("no erasure is open")
    if not all(erased.certificate for erased in worked.erased):
        sys.exit(EXIT_WAITING)


def _report(_workspace: Workspace, worked: Worked) -> None:
    """One line on stdout for each mark that was worked off."""
    for erased in worked.erased:
        certificate = erased.certificate or "not certified"
        click.echo(f"erasure {erased.erasure_id}: {certificate}")
    if worked.run_id:
        click.echo(f"quarantine: trained again by run {worked.run_id}")
    for mark, error in worked.failed.items():
        say(f"mark {mark.cause}: {error}; fix the cause, then run retrain again")


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """End at SIGTERM as at Ctrl-C: what was running is put on record first."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _verify(
    folder: Path, run_id: str, shards: set[int] | None, *, as_json: bool
) -> None:
    with open_workspace(folder) as workspace:
        named = whole_run_id(workspace.ledger, run_id)
        checked = verify_weights(workspace, named, shards=shards, progress=say)
    if as_json:
        claims = [asdict(one) for one in checked]
        print_json({"schema": "tuneledger.replay/1", "claims": claims})
    else:
        for one in checked:
            click.echo(_claim_line(one))
    outcomes = {one.outcome for one in checked}
    if "differs" in outcomes:
        message = "a clean process gives other weights"
        raise IntegrityError(message)
    if outcomes != {"bitwise_equal"}:
        sys.exit(EXIT_NOT_REPEATED)


def _claim_line(one: Checked) -> str:
    detail = f": {one.detail}" if one.detail else ""
    return (
        f"shard {one.shard:<4} slice {one.slice:<3} {one.weights_sha256[:16]} of "
        f"run {one.run_id}  {one.outcome}{detail}"
    )


def resume_run(folder: Path, run_id: str) -> None:
    """Go on with a run that failed, and print the id of the run that does."""
    with open_workspace(folder) as workspace:
        newest_or = "" if run_id == NEWEST else run_id
        named = whole_run_id(workspace.ledger, newest_or)
        click.echo(resume(workspace, named, progress=say))


COMMANDS = (retrain,)
