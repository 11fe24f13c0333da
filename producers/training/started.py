"""The event that starts a run."""

from typing import Any

from ledger.events.training import RunStarted
from producers.training.plan import PretrainingPlan, RunPlan
from producers.training.recipe import Recipe


def started(plan: RunPlan, run_id: str) -> RunStarted:
    """The start of a fine-tune of shards."""
    return RunStarted(
        run_id=run_id,
        objective=plan.objective,
        technique="lora",
        purpose=plan.purpose,
        erasure_id=plan.erasure_id,
        model_name=plan.model_name,
        base_name=plan.base_name,
        base_sha256=plan.base_sha256,
        base_licence=plan.base_licence,
        base_flop=plan.base_flop,
        base_flop_source=plan.base_flop_source,
        base_flop_estimable=plan.base_flop_estimable,
        base_systemic_risk=plan.base_systemic_risk,
        map_id=plan.map_id,
        shards=[job.shard for job in plan.jobs],
        slices=len(plan.jobs[0].slices),
        generation=plan.generation,
        recipe_sha256=plan.recipe.sha256,
        resumes_run_id=plan.resumes_run_id,
        **_here(plan.recipe),
    )


def pretraining_started(plan: PretrainingPlan, run_id: str) -> RunStarted:
    """The start of a base from scratch."""
    return RunStarted(
        run_id=run_id,
        objective="pretraining",
        technique="full",
        purpose="train",
        erasure_id="",
        model_name=plan.model_name,
        base_name=plan.model_name,
        base_sha256="",
        base_licence="",
        # Nothing was computed for a start from random weights.
        base_flop="0",
        base_flop_source="measured",
        base_flop_estimable=True,
        base_systemic_risk=False,
        map_id="",
        shards=[],
        slices=0,
        generation=0,
        recipe_sha256=plan.recipe.sha256,
        resumes_run_id="",
        **_here(plan.recipe),
    )


def _device(recipe: Recipe) -> str:
    if recipe.settings.passes.device == "cpu":
        return "cpu"
    # The tensor library takes a second to load.
    from producers.training.devices import device_name  # noqa: PLC0415

    return device_name(recipe.settings.passes)


def _here(recipe: Recipe) -> dict[str, Any]:
    """What holds for every run of this trainer: one process on one device a shard.

    The commit of the code is no part of it, for the recipe has its digest.
    """
    return {
        "torch_version": recipe.environment.torch_version,
        "threads": recipe.environment.threads,
        "reexecutable": True,
        "code_commit": "",
        "environment_sha256": recipe.environment.sha256,
        "seeds_sha256": "",
        "dataset_sha256": "",
        "device": _device(recipe),
        "data_parallel": 1,
        "tensor_parallel": 1,
        "pipeline_parallel": 1,
        "resumes_sha256": "",
    }
