"""Whole ledgers for changes of keys and for keys of runs: KEY-9 to KEY-11."""

from ledger.events.keys import KeyCompromised, KeyRotated
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunKeyCertified,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_plan import CountedPasses
from ledger.events.training_saved import Adapter
from ledger.keys.files import RoleGrant
from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial
from producers.metering.registered import plan_event
from tests.run_facts import PLAIN_END, PLAIN_START
from tests.vectors.book import (
    LOG,
    ORIGIN,
    ROOT,
    ROOT_2,
    SHARDER,
    SHARDER_GRANT,
    begun,
    granted,
    key,
    line,
    mapped,
    replaced,
    retired,
)
from tests.vectors.signer_cases import NEW, NEW_LOG, NEW_SHARDER

TRAINER = key(f"{ORIGIN}/trainer")
NEW_TRAINER = key(TRAINER.name, "new trainer")
TRAINER_GRANT = RoleGrant(role="trainer", stream="train", families=("training",))
OTHER_GRANT = RoleGrant(role="governance", stream="train", families=("training",))
RUN, OTHER_RUN = "1" * 32, "2" * 32
FLOP = {name: "0" for name in StepsMetered.__struct_fields__ if name[:5] == "flop_"}
NOBODY = "00" * 64
LOW_ORDER = "01" + "00" * 31


def rotated(old, new, role="sharder", **changes):
    """A line in which `old` gives way to `new`, signed by both."""
    keys = [k.verifier.public_key.hex() for k in (old, new)]
    names = ["tuneledger/rotation/v1", ORIGIN, old.name, role, *keys, ""]
    text = "\n".join(names).encode()
    event = KeyRotated(
        name=old.name,
        old_public_key=keys[0],
        new_public_key=keys[1],
        consent=old.sign(text).hex(),
        possession=new.sign(text).hex(),
    )
    return line(replaced(event, **changes))


def compromised(signer, since_seq, **changes):
    """A line that declares a key."""
    event = KeyCompromised(
        name=signer.name,
        public_key=signer.verifier.public_key.hex(),
        since_seq=since_seq,
    )
    return line(replaced(event, **changes))


def run_key(run=RUN, certifier=TRAINER):
    """The key of a run."""
    return key(f"{certifier.name}/{run}")


def certified(run=RUN, certifier=TRAINER, signer=None, **changes):
    """A line that certifies the key of a run."""
    signer = signer or run_key(run, certifier)
    public_key = signer.verifier.public_key.hex()
    names = ["tuneledger/possession/v1", ORIGIN, f"{certifier.name}/{run}", "run"]
    event = RunKeyCertified(
        run_id=run,
        public_key=public_key,
        stream=f"train/{run}",
        possession=signer.sign("\n".join([*names, public_key, ""]).encode()).hex(),
    )
    return line(replaced(event, **changes))


def started(run=RUN):
    """A line that starts a run without shards."""
    event = RunStarted(
        run_id=run,
        objective="sft",
        technique="lora",
        purpose="train",
        erasure_id="",
        model_name="m",
        base_name="b",
        base_sha256="",
        base_licence="",
        base_flop="0",
        base_flop_source="declared",
        base_flop_estimable=True,
        base_systemic_risk=False,
        map_id="",
        shards=[],
        slices=0,
        generation=0,
        recipe_sha256="aa" * 32,
        torch_version="2.6.0",
        threads=1,
        **PLAIN_START,
    )
    return line(event)


def planned(run=RUN):
    """A line that says that a pass costs nothing."""
    nothing = Polynomial(0, 0)
    plan = Plan(
        model_sha256="ab" * 32,
        forward=nothing,
        backward=nothing,
        recompute=nothing,
        inference=nothing,
        shapes=((2, 4), (2, 6), (3, 5)),
        unknown=(),
        faults=(),
        closed_form=True,
        torch_version="2.6.0",
    )
    return line(plan_event(plan, run_id=run, number=0))


def metered(run=RUN):
    """A line with the first batch of a run."""
    event = StepsMetered(
        run_id=run,
        batch=0,
        shard=0,
        slice=0,
        step_first=0,
        steps=1,
        tokens=8,
        shapes=[
            CountedPasses(
                plan=0,
                phase="train",
                batch=1,
                sequence=8,
                has_gradient=True,
                forwards=1,
                backwards=1,
            )
        ],
        faults=[],
        **FLOP,
    )
    return line(event)


def finished(run=RUN):
    """A line that ends a run without batches."""
    zeros = {"batches": 0, "steps": 0, "tokens": 0, **FLOP, **PLAIN_END}
    adapters = [Adapter(shard=0, weights_sha256="bb" * 32)]
    complete = {"completeness": "complete", "reasons": []}
    return line(RunFinished(run_id=run, adapters=adapters, **zeros, **complete))


def failed(run=RUN, batches=0):
    """A line that says that a run failed."""
    return line(RunFailed(run_id=run, reason="killed", batches=batches))


def trained(grant=TRAINER_GRANT):
    """A ledger with a trainer."""
    return begun().root(granted(grant, TRAINER))


def keyed(*lines):
    """A ledger in which a run has a key, and what that key signs."""
    book = trained().put("train", [certified()], [TRAINER])
    return book.put(f"train/{RUN}", list(lines), [run_key()]) if lines else book


def change_cases():
    """Every case: rule, expect, slug, book."""
    yield from _rotation_cases()
    yield from _refused_rotations()
    yield from _declaration_cases()
    yield from _run_key_cases()
    yield from _refused_certifications()
    yield from _run_cases()


def _rotation_cases():
    to_new = begun().root(rotated(SHARDER, NEW_SHARDER))
    yield (
        "KEY-9",
        "accept",
        "successor-signs",
        to_new.put("shards", [mapped(7)], [NEW_SHARDER]),
    )
    book = begun().shards()
    book.log = NEW_LOG
    yield "KEY-9", "accept", "log-key", book.root(rotated(LOG, NEW_LOG, "log")).shards()
    again = key(SHARDER.name, "third sharder")
    yield (
        "KEY-9",
        "accept",
        "twice",
        begun()
        .root(rotated(SHARDER, NEW_SHARDER))
        .root(rotated(NEW_SHARDER, again))
        .put("shards", [mapped(7)], [again]),
    )
    yield (
        "KEY-6",
        "refuse",
        "old-key-after-its-rotation",
        begun().root(rotated(SHARDER, NEW_SHARDER)).shards(),
    )
    line_of_two = rotated(SHARDER, NEW_SHARDER)
    yield (
        "SUB-7",
        "refuse",
        "rotation-without-root",
        begun().put("root", [line_of_two], [SHARDER]),
    )
    yield (
        "SUB-7",
        "refuse",
        "rotation-with-one-of-two-roots",
        begun((ROOT, ROOT_2), 2).put("root", [line_of_two], [ROOT]),
    )


def _refused_rotations():
    to_new = rotated(SHARDER, NEW_SHARDER)
    for slug, event in {
        "no-consent": rotated(SHARDER, NEW_SHARDER, consent=NOBODY),
        "no-possession": rotated(SHARDER, NEW_SHARDER, possession=NOBODY),
        "consent-for-another-role": rotated(SHARDER, NEW_SHARDER, "scanner"),
        "unknown-key": rotated(key(SHARDER.name, "x"), NEW_SHARDER),
        "another-name": rotated(SHARDER, NEW_SHARDER, name=f"{ORIGIN}/x"),
    }.items():
        yield "KEY-9", "refuse", slug, begun().root(event)
    yield (
        "KEY-9",
        "refuse",
        "granted-in-the-same-entry",
        begun().root(
            retired(SHARDER),
            granted(SHARDER_GRANT, NEW_SHARDER),
            rotated(NEW_SHARDER, key(SHARDER.name, "third sharder")),
        ),
    )
    yield "KEY-9", "refuse", "retired-before", begun().root(retired(SHARDER), to_new)
    yield (
        "KEY-9",
        "refuse",
        "run-key",
        keyed().root(rotated(run_key(), key(run_key().name, "x"), "run")),
    )
    yield (
        "KEY-7",
        "refuse",
        "rotated-to-a-key-in-use",
        begun().root(rotated(SHARDER, key(SHARDER.name, LOG.name))),
    )
    yield (
        "KEY-7",
        "refuse",
        "rotated-to-itself",
        begun().root(rotated(SHARDER, SHARDER)),
    )
    yield (
        "KEY-2",
        "refuse",
        "rotated-to-a-low-order-key",
        begun().root(rotated(SHARDER, NEW_SHARDER, new_public_key=LOW_ORDER)),
    )


def _declaration_cases():
    late = begun().root(granted(SHARDER_GRANT, NEW), compromised(NEW, 0))
    yield (
        "KEY-10",
        "accept",
        "active-key",
        begun().shards().root(compromised(SHARDER, 1)),
    )
    yield "KEY-10", "accept", "own-seq", begun().root(compromised(SHARDER, 1))
    yield (
        "KEY-10",
        "accept",
        "after-it-was-retired",
        begun().root(retired(SHARDER)).root(compromised(SHARDER, 0)),
    )
    yield (
        "KEY-10",
        "accept",
        "earlier-than-said-before",
        begun().root(compromised(SHARDER, 1)).root(compromised(SHARDER, 0)),
    )
    yield "KEY-10", "accept", "run-key", keyed().root(compromised(run_key(), 2))
    yield (
        "KEY-10",
        "accept",
        "rotated-before",
        begun()
        .root(rotated(SHARDER, NEW_SHARDER), compromised(SHARDER, 1))
        .put("shards", [mapped(7)], [NEW_SHARDER]),
    )
    yield "KEY-10", "refuse", "granted-in-the-same-entry", late
    yield "KEY-10", "refuse", "never-granted", begun().root(compromised(NEW, 0))
    yield "KEY-10", "refuse", "root-key", begun().root(compromised(ROOT, 0))
    yield (
        "KEY-10",
        "refuse",
        "another-name",
        begun().root(compromised(SHARDER, 0, name=f"{ORIGIN}/x")),
    )
    yield (
        "KEY-10",
        "refuse",
        "from-a-later-entry",
        begun().root(compromised(SHARDER, 2)),
    )
    yield (
        "KEY-10",
        "refuse",
        "again-from-the-same-entry",
        begun().root(compromised(SHARDER, 1)).root(compromised(SHARDER, 1)),
    )
    yield (
        "KEY-6",
        "refuse",
        "after-it-was-declared",
        begun().root(compromised(SHARDER, 1)).shards(),
    )


def _run_key_cases():
    yield (
        "KEY-11",
        "accept",
        "run-of-one-entry",
        keyed(started(), planned(), metered(), failed(RUN, 1)),
    )
    yield (
        "KEY-11",
        "accept",
        "run-of-three-entries",
        keyed(started(), planned())
        .put(f"train/{RUN}", [metered()], [run_key()])
        .put(f"train/{RUN}", [failed(RUN, 1)], [run_key()]),
    )
    yield "KEY-11", "accept", "finished", keyed(started(), finished())
    yield (
        "KEY-11",
        "accept",
        "failed-by-the-trainer",
        keyed(started()).put("train", [failed()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "accept",
        "failed-by-the-next-trainer",
        keyed(started())
        .root(retired(TRAINER), granted(TRAINER_GRANT, NEW_TRAINER))
        .put("train", [failed()], [NEW_TRAINER]),
    )
    yield (
        "KEY-11",
        "accept",
        "trainer-was-rotated",
        keyed(started())
        .root(rotated(TRAINER, NEW_TRAINER, "trainer"))
        .put(f"train/{RUN}", [finished()], [run_key()]),
    )
    yield (
        "KEY-11",
        "accept",
        "run-without-a-key",
        trained().put("train", [started(), finished()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "accept",
        "two-runs",
        keyed(started(), finished()).put(
            "train", [started(OTHER_RUN), finished(OTHER_RUN)], [TRAINER]
        ),
    )
    ended = keyed(started(), finished())
    yield (
        "KEY-6",
        "refuse",
        "run-key-after-its-run",
        ended.put(f"train/{RUN}", [started(OTHER_RUN)], [run_key()]),
    )
    for slug, event in {
        "retired": retired(TRAINER),
        "declared": compromised(TRAINER, 1),
    }.items():
        yield (
            "KEY-6",
            "refuse",
            f"run-key-after-its-trainer-was-{slug}",
            keyed(started()).root(event).put(f"train/{RUN}", [finished()], [run_key()]),
        )
    successor = keyed(started()).root(rotated(TRAINER, NEW_TRAINER, "trainer"))
    yield (
        "KEY-6",
        "refuse",
        "run-key-after-the-successor-was-retired",
        successor.root(retired(NEW_TRAINER)).put(
            f"train/{RUN}", [finished()], [run_key()]
        ),
    )
    yield "KEY-8", "refuse", "run-key", keyed().root(retired(run_key()))
    yield (
        "SUB-6",
        "refuse",
        "run-key-in-a-stream-below",
        keyed().put(f"train/{RUN}/a", [started()], [run_key()]),
    )


def _refused_certifications():
    for slug, event in {
        "stream-of-the-submission": certified(stream="train"),
        "stream-beside": certified(stream="training/a"),
        "stream-that-only-begins-alike": certified(stream="train-2"),
    }.items():
        yield "KEY-11", "refuse", slug, trained().put("train", [event], [TRAINER])
    yield (
        "KEY-5",
        "refuse",
        "run-key-did-not-sign",
        trained().put("train", [certified(possession=NOBODY)], [TRAINER]),
    )
    yield (
        "KEY-2",
        "refuse",
        "run-key-of-low-order",
        trained().put("train", [certified(public_key=LOW_ORDER)], [TRAINER]),
    )
    yield (
        "KEY-7",
        "refuse",
        "run-key-granted-before",
        trained().put("train", [certified(signer=SHARDER)], [TRAINER]),
    )
    yield (
        "KEY-7",
        "refuse",
        "run-key-of-another-run",
        keyed().put("train", [certified(OTHER_RUN, signer=run_key())], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "signer-of-another-role",
        trained(OTHER_GRANT).put("train", [certified()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "run-that-started",
        trained().put("train", [started(), certified()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "run-that-has-a-key",
        keyed().put("train", [certified(signer=NEW)], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "by-a-run-key",
        keyed(certified(OTHER_RUN, run_key(), stream=f"train/{RUN}/a")),
    )
    long_name = key(f"{ORIGIN}/{'t' * 76}")
    book = begun().root(granted(TRAINER_GRANT, long_name))
    yield (
        "KEY-11",
        "refuse",
        "name-of-129-characters",
        book.put("train", [certified(RUN, long_name)], [long_name]),
    )


def _run_cases():
    by_trainer = "train", [metered()], [TRAINER]
    yield "KEY-11", "refuse", "batch-by-the-trainer", keyed(started()).put(*by_trainer)
    yield (
        "KEY-11",
        "refuse",
        "start-by-the-trainer",
        keyed().put("train", [started()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "end-by-the-trainer",
        keyed(started()).put("train", [finished()], [TRAINER]),
    )
    yield (
        "KEY-11",
        "refuse",
        "start-by-the-trainer-in-one-entry",
        trained().put("train", [certified(), started()], [TRAINER]),
    )
    yield "KEY-11", "refuse", "run-key-starts-another-run", keyed(started(OTHER_RUN))
    other = trained().put("train", [started(OTHER_RUN), certified()], [TRAINER])
    yield (
        "KEY-11",
        "refuse",
        "run-key-goes-on-with-another-run",
        other.put(f"train/{RUN}", [metered(OTHER_RUN)], [run_key()]),
    )
    book = trained().root(granted(OTHER_GRANT, NEW))
    book.put("train", [certified()], [TRAINER])
    yield (
        "KEY-11",
        "refuse",
        "failed-by-another-role",
        book.put(f"train/{RUN}", [started()], [run_key()]).put(
            "train", [failed()], [NEW]
        ),
    )
