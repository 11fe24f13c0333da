"""The auditor's command about compute: flops audit."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path

import click

from ledger.errors import InputError, IntegrityError
from ledger.workspace.corpus import EvidenceFolder
from producers.commands.common import finish, json_option, open_ledger
from producers.metering.audit import (
    AuditedRun,
    Derived,
    NotDerivableError,
    audit,
)
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
    and each batch multiplied again. Signatures are for `verify`.
    """
    beside = path if path.is_dir() else path.parent
    evidence = EvidenceFolder(evidence_folder or beside / "evidence")
    with open_ledger(path) as ledger:
        events = (recorded.event for recorded in ledger.events())
        # Runs mostly share a recipe.
        runs = audit(events, cache(partial(_derive, evidence)))
    finish(_document(runs) if as_json else _text(runs), _exit_code(runs))


def _derive(evidence: EvidenceFolder, recipe_sha256: str) -> Derived:
    """Trace the model of a recipe that is kept as evidence."""
    try:
        here = capture_environment()
        recipe = parse_recipe(evidence.get(recipe_sha256))
    except (InputError, IntegrityError) as error:
        message = str(error)
        raise NotDerivableError(message) from None
    # It loads the tensor library, which was found a moment ago.
    from producers.training.compute import compute_plan

    plan = compute_plan(recipe.settings)
    if plan is None:
        message = f"recipe {recipe_sha256[:16]}: its model could not be traced"
        raise NotDerivableError(message)
    is_same = recipe.environment.code_sha256 == here.code_sha256
    return Derived(plan, "" if is_same else "another version of the trainer's code")


def _exit_code(runs: Sequence[AuditedRun]) -> int:
    verdicts = {run.verdict for run in runs}
    if "differs" in verdicts:
        return EXIT_DIFFERS
    return EXIT_NOT_DERIVABLE if "not_derivable" in verdicts else 0


def _document(runs: Sequence[AuditedRun]) -> str:
    return json.dumps({"runs": [asdict(run) for run in runs]}, indent=2) + "\n"


def _text(runs: Sequence[AuditedRun]) -> str:
    if not runs:
        return "no run\n"
    return "".join(f"{_line(run)}\n" for run in runs)


def _line(run: AuditedRun) -> str:
    said = run.verdict.replace("_", " ")
    counts = f"plans {run.plans}, batches {run.batches}"
    complete = f"incomplete: {', '.join(run.faults)}" if run.faults else "complete"
    line = f"{run.run_id}  {run.model_name}  {said}  {counts}  {complete}"
    return f"{line}\n  {run.reason}" if run.reason else line
