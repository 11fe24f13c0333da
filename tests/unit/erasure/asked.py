"""Requests, and answers to them, in offices."""

from msgspec.structs import replace

from ledger.erasing.answers import Answers
from ledger.training.book import TrainingBook
from producers import wiring
from tests.unit.projections.builders import (
    digest,
    finished,
    ident,
    metered,
    started,
)
from tests.unit.workspace.office import PEOPLE

LETTER = b"Dear person, this is about your request.\n"


def receive(office, who, **options):
    """Open a request in a session of its own; return the erasure's id."""
    with office.open() as workspace:
        opened = wiring.receive(
            workspace,
            PEOPLE.get(who, who),
            ground="objection",
            progress=office.said.append,
            **options,
        )
    return opened.erasure_id


def erase_all(office, *names, **options):
    """Erase several in a session of its own."""
    with office.open() as workspace:
        return wiring.erase(
            workspace,
            [PEOPLE.get(name, name) for name in names],
            ground="objection",
            progress=office.said.append,
            **options,
        )


def answer(office, name, *args, **options):
    """Give an answer in a session of its own."""
    with office.open() as workspace:
        return getattr(Answers(workspace), name)(*args, **options)


def erasure_of(office, erasure_id):
    """The state of an erasure."""
    return office.states()["erasures"].erasures[erasure_id]


def train_whole(office, run="whole", **changes):
    """Let a run without shards be on record; return its id and its weights."""
    facts = {"map_id": "", "shards": [], "slices": 0} | changes
    with office.open() as workspace:
        book = TrainingBook(workspace)
        # Without a plan nothing says what a shape costs, so none is counted.
        uncounted = ["no_plan"]
        for event in (
            started(run, **facts),
            replace(metered(run, faults=uncounted), shapes=[]),
            finished(run, reasons=uncounted),
        ):
            book.append([event])
    return ident(run), digest(f"{run}-0")
