"""Keys of runs: certified by the wrong key, used for another run or after their own."""

import pytest

from tests.simulator import SCHEMA, Key, LedgerSimulator
from tests.tamper.chapters import (
    LATE_RUN,
    RUN,
    ident,
    metered,
    plan_registered,
    run_started,
)
from tests.tamper.harness import found, told_ledger, verify_file, verify_simulated

OPEN = ident("open run")
OTHER = ident("other run")
NO_MAP = {"map_id": "", "shards": [], "slices": 0}
STREAM = f"trainer/{OPEN}"


def started(ledger: LedgerSimulator, run: str = OPEN) -> dict:
    """A run without shards begins."""
    return run_started(ledger, run, **NO_MAP)


def failed(ledger: LedgerSimulator, run: str = OPEN, batches: int = 0) -> dict:
    """A run fails."""
    return ledger.event(
        "training.run_failed.v1", run_id=run, reason="killed", batches=batches
    )


@pytest.fixture
def ledger() -> LedgerSimulator:
    """A ledger with a run that has a key and goes on."""
    ledger = told_ledger()
    ledger.submit("trainer", [ledger.certified(OPEN)])
    ledger.submit(STREAM, [started(ledger), plan_registered(ledger, OPEN)])
    return ledger


def test_run_with_its_key(ledger, tmp_path):
    """The run key signs the run from start to end."""
    ledger.submit(STREAM, [metered(ledger, OPEN, 0, 0, 0)])
    ledger.submit(STREAM, [failed(ledger, batches=1)])

    assert [] == found(verify_simulated(ledger, tmp_path))


def test_batch_forged_into_a_run(ledger, tmp_path):
    """A stolen trainer key cannot add work to a run that has its own key."""
    seq = ledger.submit("trainer", [metered(ledger, OPEN, 0, 0, 0)])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_batch_forged_into_the_stream_of_a_run(ledger, tmp_path):
    """Nor in the run's own stream, which lies below the trainer's."""
    batch = metered(ledger, OPEN, 0, 0, 0)
    seq = ledger.submit(STREAM, [batch], ledger.key("trainer"))

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_batch_forged_by_another_run(ledger, tmp_path):
    """The key of one run signs nothing of another that has a key."""
    ledger.submit("trainer", [ledger.certified(OTHER)])
    batch = metered(ledger, OPEN, 0, 0, 0)
    seq = ledger.submit(f"trainer/{OTHER}", [batch])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("run", [OTHER, LATE_RUN], ids=["new", "over"])
def test_run_key_starts_another_run(ledger, tmp_path, run):
    """A stolen run key starts no run but its own."""
    seq = ledger.submit(STREAM, [started(ledger, run)])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_run_key_reused_after_its_run(tmp_path):
    """A run key that was kept signs nothing once its run is over."""
    ledger = told_ledger()
    seq = ledger.submit(f"trainer/{LATE_RUN}", [metered(ledger, LATE_RUN, 1, 0, 0)])

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_run_extended_by_the_trainer(tmp_path):
    """A run that is over is not extended with the trainer's key either."""
    ledger = told_ledger()
    seq = ledger.submit("trainer", [metered(ledger, LATE_RUN, 1, 0, 0)])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_run_key_in_another_stream(ledger, tmp_path):
    """A run key signs one stream, and none below it."""
    seq = ledger.submit(
        f"{STREAM}/a", [metered(ledger, OPEN, 0, 0, 0)], ledger.key(STREAM)
    )

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_run_closed_by_the_trainer(ledger, tmp_path):
    """A run whose process was killed is closed by the trainer, and by nothing else."""
    ledger.submit("trainer", [failed(ledger)])
    seq = ledger.submit(STREAM, [metered(ledger, OPEN, 0, 0, 0)])

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_run_closed_by_another_role(ledger, tmp_path):
    """A key of another role does not close it, whatever families it has."""
    helper = ledger.key("helper")
    ledger.submit(
        "root", [ledger.granted(helper, "governance", ["training"], "helper")]
    )
    seq = ledger.submit("helper", [failed(ledger)])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_run_certified_by_another_role(tmp_path):
    """Only a trainer certifies; a key that may sign the family may not."""
    ledger = told_ledger()
    helper = ledger.key("helper")
    ledger.submit(
        "root", [ledger.granted(helper, "governance", ["training"], "helper")]
    )
    seq = ledger.submit("helper", [ledger.certified(OPEN, trainer="helper")])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


CERTIFIED = {
    "run that is over": ("RUN_KEY", lambda it: it.certified(RUN)),
    "run that has a key": ("RUN_KEY", lambda it: it.certified(OPEN)),
    "stream of the trainer": (
        "RUN_KEY",
        lambda it: it.certified(OTHER, stream="trainer"),
    ),
    "stream of somebody else": (
        "RUN_KEY",
        lambda it: it.certified(OTHER, stream="ingest/a"),
    ),
    "possession by another key": (
        "KEY_POSSESSION",
        lambda it: it.certified(OTHER, public_key=it.key("new").public.hex()),
    ),
    "low order": (
        "KEY_LOW_ORDER",
        lambda it: it.certified(OTHER, public_key="01" + "00" * 31),
    ),
    "key of another run": (
        "KEY_NOT_UNIQUE",
        lambda it: again(it, OTHER, it.key(STREAM)),
    ),
    "trainer's own key": (
        "KEY_NOT_UNIQUE",
        lambda it: again(it, OTHER, it.key("trainer")),
    ),
}


def again(ledger: LedgerSimulator, run: str, key: Key) -> dict:
    """The certification of a run for a key that is known, signed by it."""
    name = f"{ledger.origin}/trainer/{run}"
    text = (
        f"tuneledger/possession/v1\n{ledger.origin}\n{name}\nrun\n{key.public.hex()}\n"
    )
    return ledger.certified(
        run,
        public_key=key.public.hex(),
        possession=key.private.sign(text.encode()).hex(),
    )


@pytest.mark.parametrize("name", CERTIFIED)
def test_run_key_that_cannot_be_certified(ledger, tmp_path, name):
    """A run key is fresh, for one run that has not begun, in a stream below."""
    code, event = CERTIFIED[name]
    seq = ledger.submit("trainer", [event(ledger)])

    assert [(code, f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_run_key_certified_by_a_run_key(ledger, tmp_path):
    """A run key hands nothing on."""
    below = ledger.certified(OTHER, stream=f"{STREAM}/a")
    seq = ledger.submit(STREAM, [below])

    assert [("RUN_KEY", f"event {seq}.0")] == found(verify_simulated(ledger, tmp_path))


def test_run_goes_on_after_its_trainer_was_rotated(ledger, tmp_path):
    """A rotation of the trainer's key ends no run."""
    keys = ledger.key("trainer"), ledger.successor("trainer")
    ledger.submit("root", [ledger.rotated(*keys, "trainer")])
    ledger.submit(STREAM, [failed(ledger)])

    assert [] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("how", ["retired", "declared", "successor retired"])
def test_run_goes_on_after_its_trainer_was_ended(ledger, tmp_path, how):
    """A run key ends with the key that answers for it."""
    old = ledger.key("trainer")
    if how == "successor retired":
        event = ledger.rotated(old, ledger.successor("trainer"), "trainer")
        ledger.submit("root", [event])
    key = ledger.key("trainer")
    event = ledger.compromised(key, 0) if how == "declared" else ledger.retired(key)
    ledger.submit("root", [event])
    seq = ledger.submit(STREAM, [failed(ledger)])

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_declaration_of_a_rotated_trainer(ledger, tmp_path):
    """It ends the runs that this key certified, and none that its successor did."""
    old = ledger.key("trainer")
    ledger.submit("root", [ledger.rotated(old, ledger.successor("trainer"), "trainer")])
    ledger.submit("trainer", [ledger.certified(OTHER)])
    ledger.submit("root", [ledger.compromised(old, 0)])
    ledger.submit(f"trainer/{OTHER}", [started(ledger, OTHER)])
    seq = ledger.submit(STREAM, [failed(ledger)])

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize("how", ["retired", "rotated"])
def test_run_key_changed_by_root(ledger, tmp_path, how):
    """Root neither retires nor rotates a run key: it declares it."""
    key = ledger.key(STREAM)
    event = {
        "retired": lambda: ledger.retired(key),
        "rotated": lambda: ledger.rotated(key, ledger.successor(STREAM), "run"),
    }[how]()
    seq = ledger.submit("root", [event])

    assert [("KEY_NOT_ACTIVE", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_certification_was_removed(ledger, tmp_path):
    """Who signs for a run whose certification is gone is not known, and not blamed."""
    seq = next(n for n, row in enumerate(ledger.entries) if OPEN.encode() in row[1])
    path = ledger.write(
        tmp_path / "other.ledger",
        extra_sql=(
            "DROP TRIGGER entry_no_delete",
            f"DELETE FROM entry WHERE seq = {seq}",
            next(sql for sql in SCHEMA if "TRIGGER entry_no_delete" in sql),
        ),
    )
    report = verify_file(path, ledger)

    assert [("ENTRY_MISSING", f"entry {seq}")] == found(report)
    assert any("keys that this reader may not know" in n for n in report.not_checked)


def test_certification_of_a_later_format(tmp_path):
    """An unknown event of the family may certify a key: incomplete, not broken."""
    ledger = told_ledger()
    later = ledger.event("training.run_key_certified.v2", run_id=OPEN)
    ledger.submit("trainer", [later])
    ledger.submit(STREAM, [started(ledger)], ledger.key(STREAM))
    report = verify_simulated(ledger, tmp_path)

    assert ([], 5) == (found(report), report.exit_code)
