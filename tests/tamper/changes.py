"""What breaks one rule in the story, and where the finding is then expected."""

from collections.abc import Callable
from pathlib import Path

from tests.tamper.chapters import digest, ident
from tests.tamper.harness import verify_simulated
from tests.tamper.story import Story
from verifier import Report

Case = tuple[str, Callable[[Story], dict]]
"""Name of the finding's code, and what edits the story and returns the event."""

OTHER = digest("other")
ADOPTED = "policy.adopted"
CLASSIFIED = "ingest.dataset_classified"
READ = "ingest.dataset_read"
SCANNED = "optout.url_scanned"
DECIDED = "ingest.record_decided"
ASSIGNED = "shards.record_assigned"
STARTED = "training.run_started"
METERED = "training.steps_metered"
TRAINED = "training.slice_trained"
FINISHED = "training.run_finished"
FAILED = "training.run_failed"
PLANNED = "training.plan_registered"
REVIEWED = "review.decided"
QUARANTINE = "optout.records_quarantined"
LICENSED = "licence.granted"
REVOKED = "licence.revoked"
RESEARCH_RECORD = 13
FROM_DATASET = 14
REVIEWED_RECORD = 11
LICENSED_RECORD = 12


def change(kind: str, number: int = 0, **fields):
    """A change of one event's fields; the finding is expected there."""

    def apply(story: Story) -> dict:
        event = story.one(kind, number)
        event.update(fields)
        return event

    return apply


def again(kind: str, number: int = 0, **fields):
    """An event said once more at the end."""
    return lambda story: story.repeat(story.one(kind, number), **fields)


def after(kind: str, number: int = 0, *, drop: str, drop_number: int = 0):
    """An event is left out; the finding is expected at a later one."""

    def apply(story: Story) -> dict:
        story.drop(story.one(drop, drop_number))
        return story.one(kind, number)

    return apply


def moved(kind: str, number: int = 0, *, behind: str, behind_number: int = 0):
    """An event is said later than it should be; the finding is at `kind`."""

    def apply(story: Story) -> dict:
        event = story.one(kind, number)
        story.move_after(event, story.one(behind, behind_number))
        return event

    return apply


def started(**fields):
    """Another run begins."""
    return again("training.run_started", run_id=ident("third run"), **fields)


def carry_out(case: Case, folder: Path) -> tuple[tuple[str, str], Report]:
    """Code and place of the finding that is expected first, and the report."""
    code, apply = case
    story = Story()
    event = apply(story)
    place = story.place(event)
    return (code, place), verify_simulated(story.build(), folder)
