"""One pass in order: what is counted, and what is not said twice."""

from dataclasses import fields

import pytest

from tests.simulator import LedgerSimulator, edit_rows, split_entry
from tests.tamper.chapters import begin
from tests.tamper.harness import told_ledger
from tests.unit.engine.passes import read, read_plainly
from verifier.history.standing import Standing
from verifier.rules.state import Run


def begun() -> LedgerSimulator:
    """A ledger of the first chapter."""
    sim = LedgerSimulator()
    for step in begin(sim):
        sim.submit(step.stream, step.events)
    return sim


def codes(path) -> list[str]:
    return [finding.code.name for finding in read_plainly(path)[0].findings]


def test_a_standing_of_nothing():
    """Before the first entry nothing was counted or established."""
    empty = Standing()

    assert 0 == empty.entries
    assert [] == [
        field.name
        for field in fields(Standing)
        if field.name not in ("tree", "ring", "streams") and getattr(empty, field.name)
    ]
    assert (0, 0, {}) == (len(empty.streams), empty.streams.lost, empty.ring.grants)


def test_sums_of_a_new_run():
    """Ten of them: steps, tokens and eight kinds of FLOP; nothing was trained."""
    run = Run(1, None, frozenset(), "train", b"", b"", 0, 0)

    assert ([0] * 10, 0, "", {}, {}, {}) == (
        run.sums,
        run.batches,
        run.ended,
        run.trained,
        run.adapters,
        run.by_slice,
    )


def test_counts_of_a_pass(tmp_path):
    """Entries, events, signatures, links and checkpoints of a sound ledger."""
    ledger = told_ledger()
    path = ledger.write(tmp_path / "acme.ledger")
    for _, walk in (read(path), read_plainly(path)):
        signatures = [
            split_entry(entry)[1].partition(b"\n\n")[2].count(b"\n")
            for entry, _ in ledger.entries
        ]

        assert sum(signatures) == walk.signatures
        assert sum(events.count(b"\n") for _, events in ledger.entries) == walk.events
        assert len(ledger.entries) - 1 == walk.chain.links
        assert len(ledger.checkpoints) == walk.heads.passed == walk.heads.stored
        assert (0, 0, 0) == (walk.resumed, walk.unsigned, walk.heads.unsigned)
        assert len(ledger.entries) == walk.entries == walk.heads.last_good.size


def test_roots_that_are_watched(tmp_path):
    """Root and time are told of the sizes that are asked for, and no others."""
    ledger = told_ledger()
    path = ledger.write(tmp_path / "acme.ledger")
    watched = read(path, watch=(3, 99))[1].watched

    assert {3} == set(watched)
    assert watched[3][1] == ledger.now_ms - 1000 * (len(ledger.entries) - 3)


def test_checkpoints_behind_a_lost_tree_hold_nothing(tmp_path):
    """Where two entries are missing, the last good checkpoint is before them."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    edit_rows(path, "DELETE FROM entry WHERE seq IN (4, 5)")
    _, walk = read_plainly(path)

    assert (4, 3) == (walk.heads.last_good.size, walk.heads.passed)
    assert walk.chain.tree_lost


@pytest.mark.parametrize("checkpoint", [True, False], ids=["confirmed", "unconfirmed"])
def test_time_and_base_of_one_entry(tmp_path, checkpoint):
    """Both are told of bytes that are confirmed; of others only the first."""
    sim = begun()
    event = sim.event(
        "optout.site_registered.v1", site_id="0" * 32, commitment="0" * 64
    )
    sim.submit("scanner", [event], checkpoint=False)
    note, events = split_entry(sim.entries[-1][0])[1], sim.entries[-1][1]
    del sim.entries[-1], sim.leaves[-1]
    sim.append(note, events, recorded_at_ms=1, base=1)
    if checkpoint:
        sim.checkpoint()
    path = sim.write(tmp_path / "acme.ledger")
    report, _ = read_plainly(path)
    size = len(sim.entries)
    at = f"checkpoint {max(n for n in sim.checkpoints if n < size)}"

    assert ["ENTRY_TIME", "CHECKPOINT_MISSING"] == codes(path)
    assert [f"entry {size - 1}", at if checkpoint else f"checkpoint {size}"] == [
        finding.where for finding in report.findings
    ]


def test_submission_of_another_ledger(tmp_path):
    """It is found where it stands (SUB-2)."""
    sim = begun()
    event = sim.event(
        "optout.site_registered.v1", site_id="0" * 32, commitment="0" * 64
    )
    sim.submit("scanner", [event], lines_changed={"genesis": "11" * 32})

    assert ["SUBMISSION_FOREIGN"] == codes(sim.write(tmp_path / "acme.ledger"))


def test_ledger_with_two_log_keys(tmp_path):
    """A second one is granted where the first is retired, or not at all (KEY-7)."""
    sim = begun()
    second = sim.granted(sim.successor("log"), "log", [], "log")
    sim.submit("root", [second], checkpoint=False)

    assert "LOG_KEY" in codes(sim.write(tmp_path / "acme.ledger"))
