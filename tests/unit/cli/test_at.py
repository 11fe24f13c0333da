"""`--at`: status, shards and summary as they were."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger import Ledger
from ledger.format.entry import parse_entry
from tests.unit.cli.shell import check_one_error


def entry_of(folder, type_):
    """Seq of the first entry with an event of this type, and its recorded time."""
    with Ledger.open(folder) as ledger:
        for recorded in ledger.events():
            if type(recorded.event).__name__ == type_:
                return recorded.seq, recorded.recorded_at_ms
    raise LookupError(type_)


@pytest.mark.parametrize("command", ["status", "shards"])
def test_the_newest_index_is_now(shell, command):
    """At the last entry a command says what it says without `--at`."""
    now = shell.w(command, "--json").json()

    then = shell.w(command, "--json", "--at", now["entries"] - 1).json()

    assert now == then


def test_before_the_first_assignment_no_record_is_in_a_shard(shell):
    """Assignments after the index do not count."""
    seq, _ = entry_of(shell.folder, "RecordAssigned")

    document = shell.w("shards", "--json", "--at", seq - 1).json()

    assert seq == document["entries"]
    assert not any(shard["records"] for shard in document["shards"])


def test_at_the_assignment_records_are_in_shards_but_untrained(shell):
    """The named entry itself counts; the training after it does not."""
    seq, _ = entry_of(shell.folder, "RecordAssigned")

    shards = shell.w("shards", "--json", "--at", seq).json()["shards"]

    assert any(shard["records"] for shard in shards)
    assert not any(shard["saved"] for shard in shards)


def test_the_root_is_that_of_the_prefix(shell):
    """Each size has the root that its checkpoint signed."""
    with Ledger.open(shell.folder) as ledger:
        roots = {
            size: root.hex()
            for size in range(1, ledger.size + 1)
            if (root := ledger.root_at(size)) is not None
        }

    found = {
        size: shell.w("status", "--json", "--at", size - 1).json()["root"]
        for size in list(roots)[::5]
    }

    assert found == {size: roots[size] for size in found}


def test_a_time_counts_what_was_recorded_by_then(shell):
    """The entry recorded at that very millisecond counts, a later one does not."""
    with Ledger.open(shell.folder) as ledger:
        times = [parse_entry(row.entry).recorded_at_ms for row in ledger.rows()]
    at_ms = times[len(times) // 2]

    document = shell.w("status", "--json", "--at", f"{iso(at_ms)}").json()

    assert sum(time <= at_ms for time in times) == document["entries"]


def iso(at_ms):
    """ISO 8601 with milliseconds."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


def test_a_day_is_taken_to_its_end(shell):
    """The day of the newest entry counts all of that day's entries."""
    now = shell.w("status", "--json").json()
    with Ledger.open(shell.folder) as ledger:
        last = parse_entry(ledger.row(ledger.size - 1).entry).recorded_at_ms

    document = shell.w("status", "--json", "--at", iso(last)[:10]).json()

    assert now["entries"] == document["entries"]


def test_summary_before_any_training(shell):
    """The summary of a moment without a model is refused, not empty."""
    seq, _ = entry_of(shell.folder, "RunStarted")

    ran = shell.w("summary", "--at", seq - 1)

    check_one_error(ran, 2, "expected a fine-tuned model")


def test_reading_the_past_keeps_nothing(shell):
    """A later command without `--at` still sees the head."""
    before = shell.w("status", "--json").json()
    shell.w("status", "--at", "0")

    assert before == shell.w("status", "--json").json()


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("yesterday", "expected the number of an entry, or a date"),
        ("-1", "expected the number of an entry, or a date"),
        ("1.5", "expected the number of an entry, or a date"),
        ("99999999", "expected an entry up to"),
        ("1970-01-01", "the ledger began after 1970-01-01"),
    ],
)
def test_no_moment(shell, at, text):
    """What names no moment of this ledger is a mistake of usage."""
    check_one_error(shell.w("status", "--at", at), 2, text)
