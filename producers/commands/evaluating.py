"""What weights memorised, and how well they say what they never saw: evaluate."""

import sys
from pathlib import Path
from typing import Any, Final, get_args

import click

from ledger.errors import IntegrityError
from ledger.events.model import Probe
from ledger.workspace.workspace import Workspace
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.erasures import find_erasure
from producers.commands.given import read_limited
from producers.commands.ids import whole_run_id
from producers.commands.words import counted
from producers.evaluating import (
    Evaluation,
    compare,
    evaluate,
    offered,
    run_of_base,
)
from producers.evaluation.canaries import BYTES_MAX
from producers.evaluation.texts import check_texts
from producers.exporting import needs_train_extra

EXIT_INCONCLUSIVE: Final = 5

_UNITS: Final[dict[Probe, str]] = {
    "exposure": "bits",
    "held_out_loss": "nats a token",
    "min_k": "nats a token",
    "verbatim": "of the texts",
}


@click.command("evaluate")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    help="A text that nothing was trained on: measure the loss on it.",
)
@click.option(
    "--probe",
    type=click.Choice([one for one in get_args(Probe) if one != "held_out_loss"]),
    help="What to measure of the texts in --texts.",
)
@click.option(
    "--texts",
    type=click.Path(path_type=Path),
    help="JSON lines: prefix, secret, and the space of the secret.",
)
@click.option(
    "--against",
    metavar="base|RUN",
    help="Measure these weights too: the base alone, or those of another run.",
)
@click.option(
    "--erasure",
    "erasure_id",
    metavar="ID",
    help="Measure what this erasure retrained, and compare with before and never saw.",
)
@workspace_option
@json_option
def evaluate_command(
    run_id: str,
    held_out: Path | None,
    probe: Probe | None,
    texts: Path | None,
    against: str | None,
    erasure_id: str | None,
    folder: Path,
    *,
    as_json: bool,
) -> None:
    """Measure the weights of RUN, or those that serve, and record what came out.

    The texts stay out of the ledger, which holds a commitment to them. Exit code 5
    where a comparison is inconclusive, 1 where it differs.
    """
    asked, file = _asked(held_out, probe, texts)
    if erasure_id is not None and (asked == "held_out_loss" or run_id or against):
        message = "--erasure: expected --probe, and neither RUN nor --against"
        raise click.UsageError(message)
    content = read_limited(file, BYTES_MAX)
    check_texts(asked, content)
    with needs_train_extra(), open_workspace(folder) as workspace:
        if erasure_id is not None:
            erasure = find_erasure(workspace, erasure_id)
            found = compare(
                workspace, erasure, probe=asked, texts=content, progress=say
            )
        else:
            runs = _runs(workspace, run_id, against)
            found = [
                one
                for run in runs
                for one in evaluate(
                    workspace, run, probe=asked, texts=content, progress=say
                )
            ]
    _report(found, as_json=as_json)


def _asked(
    held_out: Path | None, probe: Probe | None, texts: Path | None
) -> tuple[Probe, Path]:
    """What to measure, and the file of it.

    Raises:
        UsageError: both, neither, or a probe without texts.
    """
    if held_out is not None and probe is None and texts is None:
        return "held_out_loss", held_out
    if held_out is None and probe is not None and texts is not None:
        return probe, texts
    message = "evaluate: expected either --held-out, or --probe with --texts"
    raise click.UsageError(message)


def _runs(workspace: Workspace, run_id: str, against: str | None) -> list[str]:
    """The runs to measure, each looked for before the first one takes its time."""
    runs = [whole_run_id(workspace.ledger, run_id)]
    if against == "base":
        runs.append(run_of_base(workspace, runs[0]))
    elif against is not None:
        runs.append(whole_run_id(workspace.ledger, against))
    for one in runs:
        offered(workspace, one)
    return runs


def _report(found: list[Evaluation], *, as_json: bool) -> None:
    """Print what was recorded, and exit with what a comparison came to.

    Raises:
        IntegrityError: what was retrained gives another value than what never saw.
    """
    documents = [_document(one) for one in found]
    if as_json:
        print_json({"schema": "tuneledger.evaluation/1", "evaluations": documents})
    else:
        for one in found:
            click.echo(_text(one))
    outcomes = {one.event.outcome for one in found}
    if "differs" in outcomes:
        message = (
            "the retrained weights give another value than weights that never saw the "
            "records: expected the same, to the last digit; run retrain --verify"
        )
        raise IntegrityError(message)
    if "inconclusive" in outcomes:
        say("inconclusive: the value before is below the floor and proves nothing")
        sys.exit(EXIT_INCONCLUSIVE)


def _document(one: Evaluation) -> dict[str, Any]:
    event = one.event
    return {
        "evaluation_id": event.evaluation_id,
        "run_id": event.trained_run,
        "shard": one.shard,
        "weights": event.weights,
        "erasure_id": event.erasure_id or None,
        "probe": event.probe,
        "unit": _UNITS[event.probe],
        "items": event.items,
        "value_millionths": event.value,
        "before_millionths": int(event.before) if event.before else None,
        "never_saw_millionths": int(event.never_saw) if event.never_saw else None,
        "floor_millionths": event.floor,
        "outcome": event.outcome,
    }


def _text(one: Evaluation) -> str:
    event = one.event
    who = f"run {event.trained_run}"
    if one.shard is not None:
        who += f", shard {one.shard}"
    elif len(event.weights) > 1:
        who += f", {len(event.weights)} adapters averaged"
    line = (
        f"{event.probe}  {_plain(event.value)} {_UNITS[event.probe]}  "
        f"{counted(event.items, 'text')}  {who}"
    )
    if event.before:
        line += (
            f"\n  before {_plain(int(event.before))}, never saw "
            f"{_plain(int(event.never_saw))}, floor {_plain(event.floor)}: "
            f"{event.outcome.replace('_', ' ')}"
        )
    return line


def _plain(millionths: int) -> str:
    return f"{millionths // 1_000_000}.{millionths % 1_000_000:06}"


COMMANDS = (evaluate_command,)
