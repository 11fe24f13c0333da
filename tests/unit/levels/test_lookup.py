"""What is read a second time from the entries: delays, times, roots and origin."""

import pytest

from tests.simulator import LedgerSimulator, edit_rows
from tests.unit.levels.office import Office, small_ledger, trusted
from verifier import verify
from verifier.findings import Code
from verifier.store.file import open_ledger
from verifier.store.lookup import (
    Delays,
    claimed_origin,
    find_delays,
    recorded_at_ms,
    root_at,
)


def gap(report, code):
    """Rule, expected and found of one thing that is missing."""
    [found] = [one for one in report.trust if one.code is code]
    return found.rule, found.expected, found.found


def late(office, *delays_s):
    """Entries whose submissions were made so long before."""
    ledger = office.ledger
    for number, delay_s in enumerate(delays_s):
        key = ledger.key(f"late{number}")
        ledger.submit(
            "root",
            [ledger.granted(key, "ingest", ["ingest"], key.name.rpartition("/")[2])],
            lines_changed={"claimed_at_ms": ledger.now_ms + 1000 - 1000 * delay_s},
        )
    office.now_ms = ledger.now_ms
    return office.ask("clock", "delay_max_s = 5")


def test_delays_are_counted(office):
    """How many came late, the first and the longest of them."""
    report = late(office, 7, 2, 9, 6).verify()

    assert (
        "SUB-1",
        "submissions made at most 5 s before",
        "3 made earlier, the longest 9 s",
    ) == gap(report, Code.SUBMISSION_DELAYED)
    with open_ledger(office.write()) as file:
        assert Delays(3, 3, 9000) == find_delays(file, 5000)


def test_delays_count_at_level_0_too(office):
    """A policy's root keys ask for the log's own word, whatever the level."""
    late(office, 7)
    report = office.verify(level=0)

    assert (7, ["SUBMISSION_DELAYED"]) == (report.exit_code, trusted(report))


def test_a_delay_in_the_first_entry_counts(office):
    """The first late entry may be entry 0; on time is what is as late as allowed."""
    ledger = LedgerSimulator()
    grant = ledger.granted(ledger.log, "log", [], "log")
    claimed = ledger.now_ms + 1000 - 7000
    changed = {"claimed_at_ms": claimed}
    ledger.submit("root", [ledger.created(), grant], lines_changed=changed)
    other = Office(office.folder, late(Office(office.folder, ledger), 8).ledger)
    with open_ledger(other.write()) as file:
        found = [find_delays(file, limit) for limit in (6999, 7000, 8000)]

    assert [Delays(2, 0, 8000), Delays(1, 1, 8000), Delays(0, -1, 0)] == found


def test_what_is_looked_up(office):
    """Origin, times and roots come from the entries' bytes."""
    with open_ledger(office.write()) as file:
        origin = claimed_origin(file)
        times = [recorded_at_ms(file, seq) for seq in range(3)]
        roots = [root_at(file, size) for size in (1, 2, 3)]
        with pytest.raises(LookupError, match="no entry 3"):
            recorded_at_ms(file, 3)

    assert (office.ledger.origin, office.ledger.now_ms) == (origin, times[-1])
    assert sorted(times) == times
    assert 3 == len(set(roots))


def test_an_empty_ledger_claims_no_origin(tmp_path):
    """Without an entry there is no origin to look a pin up by."""
    path = LedgerSimulator().write(tmp_path / "empty.ledger")
    with open_ledger(path) as file:
        assert "" == claimed_origin(file)


def test_a_first_entry_of_any_bytes(tmp_path):
    """An entry that names no origin claims none: nothing is checked yet."""
    path = edit_rows(
        small_ledger().write(tmp_path / "odd.ledger"),
        "UPDATE entry SET entry = x'00ff' WHERE seq = 0",
    )
    with open_ledger(path) as file:
        assert "" == claimed_origin(file)
    report = verify(path, pin=tmp_path / "pins", level=0)

    assert "BROKEN" == report.verdict
