"""The key of a run, from its start to its end (ledger.training)."""

import gc
import itertools
from random import Random

import pytest
from msgspec.structs import replace

from ledger.errors import KeyTrustError, LockedError
from ledger.events.training import RunFailed, RunFinished
from ledger.events.training_plan import PlanRegistered
from ledger.keys.files import SigningKey
from ledger.keys.grants import RUN
from ledger.log.key_admin import KeyAdmin
from ledger.log.ledger import Ledger
from ledger.training.book import TrainingBook
from tests.unit.ledger.world import World


def run_of(end):
    """A run's events: its start, one batch, its end."""
    runs = (World(Random(seed)).run()[1] for seed in itertools.count())
    found = next(run for run in runs if len(run) == 4 and isinstance(run[-1], end))
    return [event for event in found if not isinstance(event, PlanRegistered)]


@pytest.fixture
def book(office):
    """The training book of an open workspace."""
    with office.open() as workspace:
        yield TrainingBook(workspace)


def ledger_of(book):
    """Its ledger."""
    return book._workspace.ledger


def held(book):
    """Names of the keys that the process holds in memory only."""
    return [one.name for one in ledger_of(book).keys._held]


def streams(book):
    """The stream of each entry after genesis, by what signed it."""
    from ledger.export.log_lines import log_document  # noqa: PLC0415

    events = log_document(ledger_of(book))["events"]
    return [
        (one["stream"], *one["signed_by"]) for one in events if one["stream"] != "root"
    ]


@pytest.mark.parametrize("end", [RunFinished, RunFailed])
def test_a_run_has_its_own_key_and_stream(office, book, end):
    """Certified by the trainer, let go with the run's last event."""
    *begin, last = run_of(end)
    run_id, trainer = last.run_id, "example.org/acme/trainer"
    for event in begin:
        book.append([event])
        assert [f"{trainer}/{run_id}"] == held(book)
    book.append([last])

    own = (f"train/{run_id}", f"{trainer}/{run_id}")
    assert [("train", trainer), own, own, own] == streams(book)
    assert [] == held(book)
    assert 4 == ledger_of(book).grants[-1].retired_seq
    assert not any(run_id in path.name for path in (office.folder / "keys").iterdir())


def test_no_private_key_of_a_run_stays(book):
    """Nothing in the process refers to it any more."""
    for event in run_of(RunFinished):
        book.append([event])
    name = ledger_of(book).grants[-1].name
    gc.collect()
    # Not isinstance, which wakes up lazy objects of other libraries.
    keys = [one for one in gc.get_objects() if type(one) is SigningKey]

    assert keys
    assert name not in [one.name for one in keys]


def test_two_runs_have_two_keys(book):
    """Nothing of the first signs the second."""
    first = run_of(RunFinished)
    second = [replace(one, run_id="ab" * 16) for one in first]
    for event in (*first, *second):
        book.append([event])
    keys = [one for one in ledger_of(book).grants if one.role == RUN]

    assert 2 == len({one.public_key for one in keys})
    assert [4, 8] == [one.retired_seq for one in keys]


def test_a_killed_run_is_closed_by_the_trainer(office):
    """The process with the run's key is gone; the next one says so (KEY-11)."""
    with office.open() as workspace:
        for event in run_of(RunFailed)[:2]:
            TrainingBook(workspace).append([event])

    with office.open() as workspace:
        again = TrainingBook(workspace)
        assert 1 == again.close_open_runs()
        assert ("train", "example.org/acme/trainer") == streams(again)[-1]
        assert 4 == workspace.ledger.grants[-1].retired_seq
        assert 0 == again.close_open_runs()


def test_a_run_outlives_a_rotation_of_the_trainer(book):
    """And ends under its own key."""
    *begin, last = run_of(RunFinished)
    for event in begin:
        book.append([event])
    KeyAdmin(ledger_of(book)).rotate("trainer")
    book.append([last])

    assert 5 == ledger_of(book).grants[-2].retired_seq
    assert RUN == ledger_of(book).grants[-2].role


def test_a_theft_of_the_trainers_key_stops_its_runs(book):
    """What is left to say is that they failed, by the next trainer's key."""
    start, metered, last = run_of(RunFailed)
    book.append([start])
    admin = KeyAdmin(ledger_of(book))
    admin.revoke("trainer", since_seq=1)
    admin.add("trainer")

    with pytest.raises(KeyTrustError, match="expected the run's own key"):
        book.append([metered])
    book.append([replace(last, batches=0)])
    assert [] == held(book)
    assert ("train", "example.org/acme/trainer") == streams(book)[-1]


def test_a_start_that_is_refused_can_be_tried_again(book, monkeypatch):
    """With another run id, since a run is certified once."""
    start, *_ = run_of(RunFinished)
    real = Ledger.append
    calls = []

    def refuse_second(self, events, *, stream):
        calls.append(stream)
        if len(calls) == 2:
            message = "another process holds the lock"
            raise LockedError(message)
        return real(self, events, stream=stream)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", refuse_second)
        with pytest.raises(LockedError):
            book.append([start])
    book.append([replace(start, run_id="ab" * 16)])

    assert 4 == ledger_of(book).size


def test_without_the_trainers_key_no_run_starts(office):
    """Nothing is appended."""
    (office.folder / "keys" / "trainer.pem").unlink()
    with office.open() as workspace, pytest.raises(KeyTrustError, match="key trainer"):
        TrainingBook(workspace).append(run_of(RunFinished)[:1])
    with office.open() as workspace:
        assert 1 == workspace.ledger.size
