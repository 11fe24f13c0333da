"""The month within which a request must be answered."""

import datetime as dt

import pytest

from ledger.events.erasure_request import ErasureRequested
from ledger.projections.erasures import is_overdue
from producers.erasing.due import due_after, months_after, utc
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import PEOPLE


def ms(*when):
    """A time in Unix milliseconds, UTC."""
    return int(dt.datetime(*when, tzinfo=dt.UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        ((2026, 4, 15, 12), (2026, 3, 15, 12)),
        ((2026, 2, 28), (2026, 1, 28)),
        ((2026, 2, 28), (2026, 1, 29)),
        ((2026, 2, 28), (2026, 1, 31)),
        ((2028, 2, 29), (2028, 1, 31)),
        ((2026, 3, 28), (2026, 2, 28)),
        ((2028, 3, 29), (2028, 2, 29)),
        ((2026, 4, 30), (2026, 3, 31)),
        ((2026, 6, 30, 23, 59, 59), (2026, 5, 31, 23, 59, 59)),
        ((2027, 1, 31), (2026, 12, 31)),
        ((2026, 12, 30), (2026, 11, 30)),
        ((1970, 2, 1), (1970, 1, 1)),
        ((2000, 2, 29), (2000, 1, 31)),
        ((2100, 2, 28), (2100, 1, 31)),
    ],
    ids=lambda when: "-".join(map(str, when)),
)
def test_one_calendar_month(expected, received):
    """The same day of the next month, or its last day where it is shorter."""
    assert ms(*expected) == months_after(ms(*received), 1)


@pytest.mark.parametrize(
    ("expected", "months"),
    [((2026, 9, 30), 1), ((2026, 10, 31), 2), ((2027, 2, 28), 6), ((2027, 8, 31), 12)],
    ids=["1", "2", "6", "12"],
)
def test_several_calendar_months(expected, months):
    """They are counted at once: a short month between shortens nothing after it."""
    assert ms(*expected) == months_after(ms(2026, 8, 31), months)


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        ((2026, 9, 4), (2026, 8, 4)),
        ((2026, 9, 7), (2026, 8, 5)),
        ((2026, 9, 7), (2026, 8, 6)),
        ((2026, 9, 7), (2026, 8, 7)),
        ((2026, 3, 2), (2026, 1, 31)),
        ((2027, 1, 4), (2026, 12, 3)),
    ],
    ids=["friday", "saturday", "sunday", "monday", "end-of-month", "over-the-year"],
)
def test_a_weekend_rolls_on_to_monday(expected, received):
    """Regulation 1182/71, Article 3(4): Saturday and Sunday are no last days."""
    assert ms(*expected) == due_after(ms(*received))


def test_an_extension_counts_from_the_receipt():
    """Two further months are three from the receipt, not two from a rolled day."""
    assert ms(2026, 4, 30) == due_after(ms(2026, 1, 31), 3)


def test_milliseconds_are_kept():
    """The term ends at the millisecond at which it began."""
    assert ms(2026, 2, 28, 1, 2, 3) + 456 == months_after(
        ms(2026, 1, 31, 1, 2, 3) + 456, 1
    )


def test_28_to_31_days_later():
    """A calendar month is never shorter than 28 days nor longer than 31."""
    days = [ms(2024, 1, 1) + day * 86_400_000 for day in range(3653)]
    terms = {(months_after(received, 1) - received) // 86_400_000 for received in days}

    assert {28, 29, 30, 31} == terms


def test_the_event_carries_both_times(trained):
    """Received when it was fenced, due one month later."""
    trained.erase("jane", retrain=False)
    [requested] = trained.events(ErasureRequested)

    assert NOW_MS == requested.received_at_ms
    assert due_after(NOW_MS) == requested.due_at_ms


def test_a_resumed_erasure_keeps_its_first_due_date(trained):
    """Whoever comes back after two months is overdue, not granted another month."""
    trained.erase("jane", retrain=False)
    trained.clock.now_ms += 62 * 86_400_000
    trained.erase(PEOPLE["jane"])
    [erasure] = trained.states()["erasures"].erasures.values()

    assert NOW_MS == erasure.received_at_ms
    assert is_overdue(erasure, trained.clock.now_ms)


def test_utc_is_whole_seconds():
    """RFC 3339 with Z; milliseconds are cut."""
    assert "2026-09-21T14:13:20Z" == utc(NOW_MS + 999)
