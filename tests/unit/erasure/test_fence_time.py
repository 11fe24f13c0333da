"""A fence lasts its ten years, whatever one clock or one mistyped day says."""

from ledger.vault.fences import RETENTION_MS
from tests.unit.erasure.asked import erase_all
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import PEOPLE, letter, record


def is_fenced(office, who="jane"):
    with office.open() as workspace:
        return workspace.fences.is_fenced(PEOPLE[who])


def test_a_request_of_long_ago(trained):
    """The ten years begin when it is entered, and the day is on record as it is."""
    erased = erase_all(trained, "jane", received_at_ms=NOW_MS - RETENTION_MS)
    [state] = trained.states()["erasures"].erasures.values()

    assert erased
    assert NOW_MS - RETENTION_MS == state.received_at_ms
    assert is_fenced(trained)


def test_a_clock_that_is_ahead_once(trained):
    """Opening the workspace under it forgets nobody."""
    trained.erase("jane")
    trained.clock.now_ms += 2 * RETENTION_MS
    assert is_fenced(trained)
    trained.clock.now_ms = NOW_MS

    assert is_fenced(trained)


def test_a_clock_that_is_behind(trained):
    """The ledger's time never runs backwards, and a fence counts from that."""
    trained.clock.now_ms = 0
    trained.erase("jane")
    trained.clock.now_ms = NOW_MS

    assert is_fenced(trained)


def test_ten_years_later(trained):
    """Once the ledger goes on, the person may come back."""
    trained.erase("jane")
    trained.clock.now_ms += 2 * RETENTION_MS
    trained.ingest([record("later", letter("dan", 9), "dan")])

    assert not is_fenced(trained)
