"""The auditor's command about compute: flops audit."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

import click

from ledger.errors import InputError, IntegrityError
from ledger.events import Event
from ledger.events.model import ComputeAttested, HostedRunRecorded
from ledger.workspace.corpus import EvidenceFolder
from producers.commands.common import finish, json_option, open_ledger
from producers.metering.audit import (
    AuditedRun,
    Derived,
    NotDerivableError,
    audit,
)
from producers.training.base_files import base_files
from producers.training.recipe import capture_environment, parse_recipe

EXIT_DIFFERS = 1
EXIT_NOT_DERIVABLE = 5


@click.command("audit")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--evidence",
    "evidence_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the recipes of the runs; `evidence` of the workspace by default.",
)
@json_option
def audit_command(path: Path, evidence_folder: Path | None, *, as_json: bool) -> None:
    """Compute the compute of a ledger's runs again, without weights or records.

    PATH is a workspace or a ledger. Each plan is traced again from the run's recipe,
    each batch multiplied again, and the sum held against what the run's devices can do
    in its time. Signatures are for `verify`. What others state, vendors and files, is
    no measurement: it is left out, and counted.
    """
    beside = path if path.is_dir() else path.parent
    evidence = EvidenceFolder(evidence_folder or beside / "evidence")
    with open_ledger(path) as ledger:
        # Runs mostly share a recipe.
        events = (recorded.event for recorded in ledger.events())
        left_out: Counter[str] = Counter()
        runs = audit(_heard(events, left_out), cache(partial(_derive, evidence)))
    text = _document(runs, left_out) if as_json else _text(runs, left_out)
    finish(text, _exit_code(runs))


def _heard(events: Iterable[Event], left_out: Counter[str]) -> Iterator[Event]:
    """The events, while what others state is counted."""
    for event in events:
        left_out["hosted"] += isinstance(event, HostedRunRecorded)
        left_out["attested"] += isinstance(event, ComputeAttested)
        yield event


def _derive(evidence: EvidenceFolder, recipe_sha256: str) -> Derived:
    """Trace the model of a recipe that is kept as evidence."""
    try:
        recipe = parse_recipe(evidence.get(recipe_sha256))
        here = capture_environment(recipe.settings)
        # It loads the tensor library, which was found a moment ago.
        from producers.training.compute import compute_plan

        plan = compute_plan(recipe.settings, base_files(recipe.settings, evidence.get))
    except (InputError, IntegrityError) as error:
        message = str(error)
        raise NotDerivableError(message) from None
    if plan is None:
        message = f"recipe {recipe_sha256[:16]}: its model could not be traced"
        raise NotDerivableError(message)
    doubts = []
    if recipe.environment.code_sha256 != here.code_sha256:
        doubts.append("another version of the trainer's code")
    if recipe.environment.libraries != here.libraries:
        doubts.append(f"found {', '.join(here.libraries)}")
    return Derived(plan, "; ".join(doubts))


def _exit_code(runs: Sequence[AuditedRun]) -> int:
    verdicts = {run.verdict for run in runs}
    if "differs" in verdicts or any(_is_impossible(run) for run in runs):
        return EXIT_DIFFERS
    return EXIT_NOT_DERIVABLE if "not_derivable" in verdicts else 0


def _is_impossible(run: AuditedRun) -> bool:
    return run.physics.speed == "impossible"


def _document(runs: Sequence[AuditedRun], left_out: Mapping[str, int]) -> str:
    document = {"runs": [asdict(run) for run in runs], "left_out": dict(left_out)}
    return json.dumps(document, indent=2) + "\n"


def _text(runs: Sequence[AuditedRun], left_out: Mapping[str, int]) -> str:
    lines = [f"{_line(run)}\n" for run in runs] or ["no run\n"]
    if any(left_out.values()):
        lines.append(
            f"left out: {left_out['hosted']} hosted trainings and "
            f"{left_out['attested']} attested figures, which nobody measured here\n"
        )
    return "".join(lines)


def _line(run: AuditedRun) -> str:
    said = run.verdict.replace("_", " ")
    counts = f"plans {run.plans}, batches {run.batches}"
    complete = f"incomplete: {', '.join(run.faults)}" if run.faults else "complete"
    lines = [
        f"{run.run_id}  {run.model_name}  {said}  {counts}  {complete}",
        *([run.reason] if run.reason else []),
        f"speed {run.physics.speed.replace('_', ' ')}: {run.physics.reason}",
    ]
    return "\n  ".join(lines)
