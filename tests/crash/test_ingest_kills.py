"""An ingest that is cut off anywhere loses and doubles nothing when it is resumed."""

import random
import signal

import pytest

from ledger.events.ingest import RecordDecided
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.vault.near_tables import SqliteBands
from producers.ingest import run as ingest_run
from tests.crash.killing import places, run_and_kill
from tests.unit.workspace.child import BATCH_EVENTS
from tests.unit.workspace.fixtures import office
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    jsonl,
    leaks,
    secrets_of,
)
from tests.unit.workspace.points import Countdown, Crash, watch

CRASHES, KILLS, KILLS_SOAK = 10, 4, 100
MOMENTS = 126
"""Moments of one ingest, counted by `test_every_moment_is_known`."""

NEAR = ((SqliteBands, "add"),)
"""The writes of the index of near texts."""

__all__ = ["office"]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Several submissions for ten records."""
    monkeypatch.setattr(ingest_run, "BATCH_EVENTS", BATCH_EVENTS)


def check_between(office):
    """After a crash: the ledger verifies, and files and rows are of decided records."""
    # Opened first: SQLite puts right what a kill within the closing left.
    accepted = {one.record_id for one in office.events(RecordDecided)}
    with office.open() as workspace:
        assert accepted == workspace.vault.record_ids()
        assert [] == workspace.vault.pending()
        assert accepted == set(workspace.vault.near.clusters())
        signatures = workspace.vault.connection.execute(
            "SELECT count(*) FROM near_signature"
        )
        assert len(accepted) == signatures.fetchone()[0]
        known = {
            name for subject, _ in workspace.vault.subjects() for name in [subject.name]
        }
    office.check()
    files = {path.stem for path in (office.folder / "corpus").iterdir()}

    assert accepted == files
    strangers = [name for name in PEOPLE if PEOPLE[name].casefold() not in known]
    assert [] == leaks(office.folder, secrets_of(*strangers))


def check_ended(office):
    """Each record is decided and placed once, and the vault knows where."""
    decided = [one.record_id for one in office.events(RecordDecided)]
    assigned = {one.record_id: one.shard for one in office.events(RecordAssigned)}
    with office.open() as workspace:
        placed = {one.record_id: one.shard for one in workspace.vault.records()}

    assert len(RECORDS) == len(decided) == len(set(decided))
    assert len(RECORDS) == len(office.events(RecordAssigned))
    assert assigned == placed
    assert 1 == len(office.events(MapDeclared))
    office.check()


def test_every_moment_is_known(office):
    """The crashes below fall on all of them."""
    countdown = Countdown()
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, countdown, more=NEAR)
        office.ingest(RECORDS)

    assert MOMENTS == len(countdown.passed)


def pytest_generate_tests(metafunc):
    """Crash at some moments, or at all of them."""
    places(metafunc, moments=MOMENTS, crashes=CRASHES, seed=20_260_103)


@pytest.mark.parametrize("once", [False, True], ids=["kill", "error"])
def test_a_crash_at_a_write(office, place, once):
    """Resumed, it ends as if nothing had happened."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, Countdown(place, once=once), more=NEAR)
        with pytest.raises(Crash):
            office.ingest(RECORDS)
    check_between(office)
    office.ingest(RECORDS, resume=True)

    check_ended(office)


def test_kill_at_any_moment(office, tmp_path, request):
    """kill -9 of the process, again and again, then once to the end."""
    chance = random.Random(20_260_104)
    kills = KILLS_SOAK if request.config.getoption("--soak") else KILLS
    (tmp_path / "in.jsonl").write_bytes(jsonl(RECORDS))
    command = [
        "ingest",
        str(tmp_path / "in.jsonl"),
        "--resume",
        "-w",
        str(office.folder),
    ]
    for _ in range(kills):
        code, said = run_and_kill(command, chance, moments_max=30)
        assert code in {-signal.SIGKILL, 0}, said
        check_between(office)
    office.ingest(RECORDS, resume=True)

    check_ended(office)
