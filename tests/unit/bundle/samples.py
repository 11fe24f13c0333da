"""A ledger with one finished run, made of fixed bytes."""

import hashlib
import itertools

from ledger import Ledger, create_ledger
from ledger.events.keys import KeyRetired
from ledger.events.policy import PolicyAdopted
from ledger.events.training import RunFinished, RunStarted, StepsMetered
from ledger.events.training_plan import CountedPasses
from ledger.events.training_saved import Adapter, SliceTrained
from ledger.export.bundle import write_bundle
from ledger.export.run import FLOP_FIELDS
from ledger.keys.files import SigningKey, load_key
from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial
from producers.metering.registered import plan_event
from tests.run_facts import PLAIN_END, PLAIN_START

RUN_ID = "5b" * 16
ORIGIN = "example.org/acme"
WEIGHTS = (b"weights of shard 0", b"weights of shard 1")


def counter_bytes(seed):
    """Repeatable bytes in place of the system's randomness."""
    numbers = itertools.count()

    def draw(size):
        text = f"{seed}/{next(numbers)}".encode()
        return hashlib.shake_256(text).digest(size)

    return draw


def sha256_hex(content):
    return hashlib.sha256(content).hexdigest()


def started(**changes):
    values = {
        "run_id": RUN_ID,
        "objective": "sft",
        "technique": "lora",
        "purpose": "train",
        "erasure_id": "",
        "model_name": "acme-helper-1",
        "base_name": "tiny-base",
        "base_sha256": "ba" * 32,
        "base_licence": "Apache-2.0",
        "base_flop": "1000000",
        "base_flop_source": "declared",
        "base_flop_estimable": True,
        "base_systemic_risk": False,
        "map_id": "3a" * 16,
        "shards": [0, 1],
        "slices": 1,
        "generation": 0,
        "recipe_sha256": "ec" * 32,
        "torch_version": "2.6.0",
        "threads": 1,
        **PLAIN_START,
    }
    return RunStarted(**(values | changes))


PLAN = Plan(
    model_sha256="5d" * 32,
    forward=Polynomial(1, 0),
    backward=Polynomial(2, 0),
    recompute=Polynomial(0, 0),
    inference=Polynomial(1, 0),
    shapes=((2, 4), (2, 6), (3, 5)),
    unknown=(),
    faults=(),
    closed_form=True,
    torch_version="2.6.0",
)


def planned(plan=PLAN):
    """A forward pass costs one FLOP for each token, a backward pass two."""
    return plan_event(plan, run_id=RUN_ID, number=0)


def passes(**changes):
    """Two passes of 4 sequences of 8 positions."""
    values = {
        "plan": 0,
        "phase": "train",
        "batch": 4,
        "sequence": 8,
        "has_gradient": True,
        "forwards": 2,
        "backwards": 2,
    }
    return CountedPasses(**(values | changes))


def metered(batch, *, shard=0, **changes):
    """Two steps of 4 sequences of 8 positions: 64 tokens, 64 FLOP forward."""
    values = {
        "run_id": RUN_ID,
        "batch": batch,
        "shard": shard,
        "slice": 0,
        "step_first": 2 * batch,
        "steps": 2,
        "tokens": 64,
        "shapes": [passes()],
        "faults": [],
        **dict.fromkeys(FLOP_FIELDS, "0"),
        "flop_forward": "64",
        "flop_backward": "128",
    }
    return StepsMetered(**(values | changes))


def trained(shard, /, **changes):
    values = {
        "run_id": RUN_ID,
        "shard": shard,
        "slice": 0,
        "generation": 0,
        "parent_sha256": "ba" * 32,
        "weights_sha256": sha256_hex(WEIGHTS[shard]),
        "records": 3,
        "records_root": "4c" * 32,
        "tokens_unique": 40,
        "tokens": 128,
        "steps": 4,
    }
    return SliceTrained(**(values | changes))


def finished(**changes):
    values = {
        "run_id": RUN_ID,
        "batches": 3,
        "steps": 6,
        "tokens": 192,
        **dict.fromkeys(FLOP_FIELDS, "0"),
        "flop_forward": "192",
        "flop_backward": "384",
        "completeness": "complete",
        "reasons": [],
        **PLAIN_END,
        "adapters": [
            Adapter(shard=shard, weights_sha256=sha256_hex(content))
            for shard, content in enumerate(WEIGHTS)
        ],
    }
    return RunFinished(**(values | changes))


def run_submissions():
    """A good run, as the lists that are appended one after the other."""
    return [
        [started(), planned(), metered(0)],
        [metered(1), trained(0)],
        [metered(2, shard=1), trained(1), finished()],
    ]


def unrelated(number):
    """An event of another family, so that the run is not alone in the tree."""
    return PolicyAdopted(
        policy_sha256=f"{number:064x}",
        jurisdictions=["eu"],
        purpose="commercial",
        basket_version="2026-01-01",
        basket_relaxed=[],
    )


class Workspace:
    """A ledger folder, its pinned root key and its ci key."""

    def __init__(self, folder, *, seed="one", origin=ORIGIN):
        self.folder = folder
        self.origin = origin
        self.ticks = itertools.count(1_790_000_000_000)
        self.root_key = create_ledger(
            folder,
            origin=origin,
            clock_ms=lambda: next(self.ticks),
            random_bytes=counter_bytes(f"{seed}/genesis"),
        )
        self.seed = seed
        self.ci_key = load_key(folder / "keys", "ci", f"{origin}/ci", None)

    def open(self):
        return Ledger.open(
            self.folder,
            clock_ms=lambda: next(self.ticks),
            random_bytes=counter_bytes(f"{self.seed}/events"),
        )

    def append(self, submissions):
        """Append a run's submissions with other entries between them."""
        with self.open() as ledger:
            for number, events in enumerate(submissions):
                ledger.append([unrelated(number)], stream="policy")
                ledger.append(events, stream="train")
            ledger.append([unrelated(99)], stream="policy")

    def bundle(self, out, *, run_id=RUN_ID):
        with self.open() as ledger:
            return write_bundle(ledger, run_id, out, ci_key=self.ci_key)

    def retire_ci_key(self):
        """End the ci key's grant."""
        public_key = self.ci_key.verifier.public_key.hex()
        event = KeyRetired(
            name=self.ci_key.name, public_key=public_key, reason="rotated"
        )
        with self.open() as ledger:
            ledger.append([event], stream="root")


def stranger_key(name):
    """A key that no ledger granted."""
    return SigningKey.from_seed(name, b"\x07" * 32)
