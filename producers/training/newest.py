"""With what a workspace was trained last: what retrains its shards uses the same."""

from collections.abc import Iterable

from ledger.events import Event
from ledger.events.training import RunStarted
from ledger.events.training_saved import SliceTrained
from producers.ports import Evidence
from producers.training.fine_tune import BaseModel
from producers.training.recipe import parse_recipe
from producers.training.settings import Settings


def newest_run(events: Iterable[Event], map_id: str = "") -> RunStarted | None:
    """The run of shards that saved a slice last.

    A run that failed before its first slice left nothing that a retrain must fit.

    Args:
        events: those of the training streams, in order.
        map_id: the shard map; any where empty.
    """
    started: dict[str, RunStarted] = {}
    newest: RunStarted | None = None
    for event in events:
        match event:
            case RunStarted(run_id=run_id, reexecutable=True):
                started[run_id] = event
            case SliceTrained(run_id=run_id) if run_id in started:
                run = started[run_id]
                if map_id in {"", run.map_id}:
                    newest = run
            case _:
                pass
    return newest


def base_of_run(run: RunStarted) -> BaseModel:
    """The base that a run's adapters are on."""
    return BaseModel(
        name=run.base_name,
        sha256=run.base_sha256,
        licence=run.base_licence,
        flop=run.base_flop,
        flop_source=run.base_flop_source,
        systemic_risk=run.base_systemic_risk,
    )


def settings_of_run(run: RunStarted, evidence: Evidence) -> Settings:
    """The settings that a run trained with.

    Raises:
        InputError: its recipe is not one that this version reads.
        IntegrityError: its recipe is gone from evidence/, or altered.
    """
    return parse_recipe(evidence.get(run.recipe_sha256)).settings
