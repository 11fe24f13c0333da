"""Redacted lines in each way of reading: the same answers as in the plain way."""

import pytest

from tests.tamper.chapters import RUN, digest
from tests.tamper.redacting import hide, name, place_of, unnamed_ledger
from tests.tamper.story import Story
from tests.unit.engine.bulk import Bulk
from tests.unit.engine.passes import HerePool, facts, read, read_plainly, shown
from verifier.history import workers

FETCHED = "optout.policy_file_fetched.v1"


@pytest.fixture
def small_ranges(monkeypatch):
    """Ranges of two entries, read in this process."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 2)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", HerePool)


def story():
    """The story, a line of it redacted, and one named that stands in clear."""
    ledger = unnamed_ledger()
    name(ledger, *place_of(FETCHED))
    name(ledger, *place_of("erasure.measure_taken.v1"))
    hide(ledger, *place_of(FETCHED))
    return ledger


def bulk():
    """Submissions of bulk around one with a redacted line."""
    ledger = Bulk().build()
    grant = ledger.granted(ledger.key("eraser"), "eraser", ["erasure"], "eraser")
    assert grant["name"] in str(ledger.entries[0])
    name(ledger, *place_of(FETCHED))
    hide(ledger, *place_of(FETCHED))
    return ledger


@pytest.mark.parametrize("made", [story, bulk])
@pytest.mark.parametrize("jobs", [1, 2])
def test_same_facts_as_in_the_plain_way(made, jobs, small_ranges, tmp_path):
    """With and without workers; the fast pass vouches for such a ledger."""
    path = made().write(tmp_path / "acme.ledger")
    report, walk = read(path, jobs=jobs)
    plain_report, plain = read_plainly(path)

    assert (([], 0, []), facts(plain)) == (shown(report), facts(walk))
    assert shown(plain_report) == shown(report)
    assert 1 == walk.redacted.met


@pytest.mark.parametrize("jobs", [1, 2])
def test_unnamed_line_is_found_in_each_way(jobs, small_ranges, tmp_path):
    """The fast pass doubts it, and the plain one names it."""
    ledger = unnamed_ledger()
    hide(ledger, *place_of(FETCHED))
    path = ledger.write(tmp_path / "acme.ledger")

    assert shown(read_plainly(path)[0]) == shown(read(path, jobs=jobs)[0])
    assert "LV312" in shown(read(path, jobs=jobs)[0])[0][0]


def test_resumed_behind_a_redacted_line(tmp_path):
    """What was named and met before the state is known after it."""
    path, state = story().write(tmp_path / "acme.ledger"), tmp_path / "state"
    _, whole = read(path, state=state)
    _, walk = read(path, state=state)

    assert whole.entries == walk.resumed
    assert 2 == whole.redacted.total
    assert whole.redacted == walk.redacted


def test_line_redacted_after_the_state(tmp_path):
    """Its bytes are others, so nothing is resumed; the answer is the plain one."""
    ledger, state = story(), tmp_path / "state"
    read(ledger.write(tmp_path / "acme.ledger"), state=state)
    hide(ledger, *place_of("erasure.measure_taken.v1"))
    (tmp_path / "acme.ledger").unlink()
    report, walk = read(ledger.write(tmp_path / "acme.ledger"), state=state)

    assert (([], 0, []), 0) == (shown(report), walk.resumed)
    assert 2 == walk.redacted.met


def test_line_hidden_after_the_state(tmp_path):
    """A state is no cover for a line that no event names."""
    ledger, state = story(), tmp_path / "state"
    read(ledger.write(tmp_path / "acme.ledger"), state=state)
    hide(ledger, *place_of("erasure.recipients_notified.v1"))
    (tmp_path / "acme.ledger").unlink()

    assert 1 == len(
        read(ledger.write(tmp_path / "acme.ledger"), state=state)[0].findings
    )


def test_weights_stay_condemned_behind_a_state(tmp_path):
    """What an erasure's plan condemned before the state is never served after it."""
    story = Story()
    weights = digest("whole")
    whole = {"run_id": RUN, "weights_sha256": weights, "tokens": 9}
    story.one("erasure.planned")["whole"] = [whole]
    story.drop(story.one("erasure.certified"))
    path, state = story.build().write(tmp_path / "acme.ledger"), tmp_path / "state"
    read(path, state=state)
    _, walk = read(path, state=state)

    assert (len(story.ledger.entries), {bytes.fromhex(weights)}) == (
        walk.resumed,
        walk.history.condemned,
    )
