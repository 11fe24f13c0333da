"""The chapters of the story: the events of one stage each, true and complete."""

import json
from dataclasses import dataclass, field
from hashlib import sha256

from tests.run_facts import PLAIN_END, PLAIN_START
from tests.simulator import LedgerSimulator, leaf, tree_root

FLOP = (
    "flop_forward",
    "flop_backward",
    "flop_recompute",
    "flop_reference",
    "flop_rollout",
    "flop_reward",
    "flop_auxiliary",
    "flop_evaluation",
)
# FLOP for each token and for each pair of tokens of one sequence.
COSTS = {
    "forward": (3, 2),
    "backward": (6, 4),
    "recompute": (0, 1),
    "inference": (2, 2),
}
ROLES = {
    "governance": ["policy", "review", "licence"],
    "scanner": ["optout"],
    "ingest": ["ingest", "spool"],
    "sharder": ["shards"],
    "trainer": ["training", "model"],
    "eraser": ["erasure"],
    "ci": [],
}


def digest(*parts: object) -> str:
    """A SHA-256 that stands for some bytes outside the ledger."""
    return sha256("/".join(map(str, parts)).encode()).hexdigest()


def ident(*parts: object) -> str:
    """A 128-bit id."""
    return digest(*parts)[:32]


POLICY = digest("policy")
MAP = ident("map")
RUN, RETRAIN = ident("run"), ident("retrain")
LATE_RUN = ident("late run")
ERASURE = ident("erasure")
BASE = digest("base")
RECORDS = [ident("record", n) for n in range(8)]
# The record n lies in shard n % 2 and slice n // 4; the erasure takes the last.
PLACE = {record: (n % 2, n // 4) for n, record in enumerate(RECORDS)}
ERASED = RECORDS[7]


REASONS = {
    "allowed": [],
    "reserved": ["tdm_reserved"],
    "unknown": ["malformed_signal"],
}


@dataclass
class Step:
    """One submission of the story."""

    stream: str
    events: list[dict] = field(default_factory=list)


def begin(ledger: LedgerSimulator) -> list[Step]:
    """Genesis with every role's key, and a policy."""
    grants = [ledger.granted(ledger.log, "log", [], "log")]
    grants += [
        ledger.granted(ledger.key(role), role, families, role)
        for role, families in ROLES.items()
    ]
    policy = ledger.event(
        "policy.adopted.v1",
        policy_sha256=POLICY,
        jurisdictions=["eu", "uk"],
        purpose="commercial",
        basket_version="2026-11-01",
        basket_relaxed=["GoogleOther"],
    )
    return [
        Step("root", [ledger.created(), *grants]),
        Step("governance", [policy]),
    ]


def channel(name: str, verdict: str) -> dict:
    """What one channel said, of training where it is reserved."""
    disallow = {"usage": "train", "preference": "disallow"}
    return {
        "channel": name,
        "target": "url",
        "layer": "own" if name == "robots_txt" else "",
        "outcome": "parsed",
        "verdict": verdict,
        "stated": [disallow] if verdict == "reserved" else [],
        "evidence_sha256": digest(name, verdict),
        "line": 3,
    }


def url_scanned(ledger: LedgerSimulator, number: int, verdict: str = "allowed") -> dict:
    """A scan of page `number` with this verdict."""
    return ledger.event(
        "optout.url_scanned.v1",
        scan_id=ident("scan", number),
        site_id=ident("site", number % 2),
        url_commitment=digest("url", number),
        response_commitment=digest("response", number),
        policy_sha256=POLICY,
        scanner="tuneledger/0.1",
        http_status=200,
        access="open",
        piracy_list_sha256="",
        channels=[channel("robots_txt", "allowed"), channel("tdm_header", verdict)],
        robots_rfc9309="allow",
        spec_verdict=verdict,
        verdict=verdict,
        usages=[{"usage": "train", "verdict": verdict}],
        reasons=REASONS[verdict],
        scanned_at_ms=ledger.now_ms,
    )


def scan(ledger: LedgerSimulator) -> list[Step]:
    """Two sites, their policy file, and pages of every verdict."""
    sites = [
        ledger.event(
            "optout.site_registered.v1",
            site_id=ident("site", n),
            commitment=digest("site", n),
        )
        for n in range(2)
    ]
    fetched = ledger.event(
        "optout.policy_file_fetched.v1",
        site_id=ident("site", 0),
        channel="robots_txt",
        outcome="parsed",
        http_status=200,
        body_sha256=digest("robots"),
        body_bytes=120,
        redirects=0,
        fetched_at_ms=ledger.now_ms,
    )
    verdicts = ["allowed"] * 8 + ["reserved", "unknown"]
    pages = [url_scanned(ledger, n, verdict) for n, verdict in enumerate(verdicts)]
    return [Step("scanner", [*sites, fetched]), Step("scanner", pages)]


def record_decided(ledger: LedgerSimulator, number: int, decision: str) -> dict:
    """The decision on record `number`, which rests on the scan of that number."""
    accepted = decision == "accepted"
    return ledger.event(
        "ingest.record_decided.v1",
        record_id=ident("record", number),
        dataset_id="",
        decision=decision,
        rule="default",
        reasons=["scan_clear" if accepted else "scan_reserved"],
        policy_sha256=POLICY,
        source_kind="web",
        licence="CC-BY-4.0",
        licence_id="",
        scan_id=ident("scan", number),
        eu_basis="tdm_article_4" if accepted else "none",
        uk_basis="licence" if accepted else "none",
        sensitive=[],
        action="none",
        hazard="personal",
        subjects="one",
        commitment=digest("commitment", number) if accepted else "",
        size_log2=11,
    )


def ingest(ledger: LedgerSimulator) -> list[Step]:
    """Eight records accepted, one blocked, one pending."""
    decisions = ["accepted"] * 8 + ["blocked", "pending"]
    events = [record_decided(ledger, n, d) for n, d in enumerate(decisions)]
    return [Step("ingest", events[:5]), Step("ingest/worker-2", events[5:])]


def shard(ledger: LedgerSimulator) -> list[Step]:
    """Two shards of two slices."""
    declared = ledger.event(
        "shards.map_declared.v1",
        map_id=MAP,
        shards=2,
        slices=2,
        placement="rendezvous_bounded_load",
        load_per_mille=1250,
    )
    assigned = [
        ledger.event(
            "shards.record_assigned.v1",
            map_id=MAP,
            record_id=record,
            shard=PLACE[record][0],
            slice=PLACE[record][1],
        )
        for record in RECORDS
    ]
    return [Step("sharder", [declared, *assigned])]


def run_started(ledger: LedgerSimulator, run: str, shards: list[int], **more) -> dict:
    """The start of a run."""
    fields = {
        "run_id": run,
        "objective": "sft",
        "technique": "lora",
        "purpose": "train",
        "erasure_id": "",
        "model_name": "acme/assistant",
        "base_name": "acme/base",
        "base_sha256": BASE,
        "base_licence": "Apache-2.0",
        "base_flop": "1000000000000000000000000",
        "base_flop_source": "declared",
        "base_flop_estimable": True,
        "base_systemic_risk": False,
        "map_id": MAP,
        "shards": shards,
        "slices": 2,
        "generation": 0,
        "recipe_sha256": digest("recipe"),
        "torch_version": "2.6.0",
        "threads": 1,
        **PLAIN_START,
        **more,
    }
    return ledger.event("training.run_started.v1", **fields)


def plan_registered(ledger: LedgerSimulator, run: str) -> dict:
    """What a pass costs in this run."""
    content = {
        "closed_form": True,
        "cost": {
            phase: [str(token), str(pair)] for phase, (token, pair) in COSTS.items()
        },
        "faults": [],
        "model_sha256": digest("model"),
        "shapes": [[2, 4], [2, 6], [3, 5]],
        "torch_version": "2.6.0",
        "unknown": [],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    costs = {
        f"{phase}_{part}": str(number)
        for phase, cost in COSTS.items()
        for part, number in zip(("token", "pair"), cost, strict=True)
    }
    return ledger.event(
        "training.plan_registered.v1",
        run_id=run,
        plan=0,
        plan_sha256=sha256(text.encode()).hexdigest(),
        model_sha256=content["model_sha256"],
        torch_version=content["torch_version"],
        closed_form=True,
        **costs,
        shapes=[{"batch": b, "sequence": s} for b, s in content["shapes"]],
        unknown=[],
        faults=[],
    )


def passes(phase: str, **counts: object) -> dict:
    """Passes of a batch of 4 sequences of 128 positions."""
    return {"plan": 0, "phase": phase, "batch": 4, "sequence": 128, **counts}


def flop(batches: int = 1) -> dict[str, str]:
    """What the passes of some batches of metered steps cost, by field."""
    cost = {name: 4 * 128 * (a + b * 128) for name, (a, b) in COSTS.items()}
    found = dict.fromkeys(FLOP, 0)
    found["flop_forward"] = 10 * cost["forward"]
    found["flop_backward"] = 10 * cost["backward"]
    found["flop_recompute"] = 10 * cost["recompute"]
    found["flop_evaluation"] = 2 * cost["inference"]
    return {name: str(batches * number) for name, number in found.items()}


def metered(ledger: LedgerSimulator, run: str, batch: int, shard: int, slice_: int):
    """Ten steps of a slice."""
    return ledger.event(
        "training.steps_metered.v1",
        run_id=run,
        batch=batch,
        shard=shard,
        slice=slice_,
        step_first=10 * batch,
        steps=10,
        tokens=10 * 4 * 128,
        shapes=[
            passes("evaluation", has_gradient=False, forwards=2, backwards=0),
            passes("train", has_gradient=True, forwards=10, backwards=10),
        ],
        faults=[],
        **flop(),
    )


def slice_trained(
    ledger: LedgerSimulator, run: str, shard: int, slice_: int, *, gone=(), **more
) -> dict:
    """A trained slice: all records of the shard up to it, but those that are gone."""
    seen = sorted(
        record
        for record, (at_shard, at_slice) in PLACE.items()
        if at_shard == shard and at_slice <= slice_ and record not in gone
    )
    leaves = [
        leaf(bytes.fromhex(digest("commitment", RECORDS.index(record))))
        for record in seen
    ]
    below = digest("weights", RUN, shard, slice_ - 1)
    return ledger.event(
        "training.slice_trained.v1",
        **{
            "run_id": run,
            "shard": shard,
            "slice": slice_,
            "generation": 0,
            "parent_sha256": below if slice_ else BASE,
            "weights_sha256": digest("weights", run, shard, slice_),
            "records": len(seen),
            "records_root": tree_root(leaves).hex(),
            "tokens_unique": 900,
            "tokens": 5120,
            "steps": 10,
            **more,
        },
    )


def run_finished(ledger: LedgerSimulator, run: str, batches: int, shards: list[int]):
    """The end of a run, with its totals."""
    return ledger.event(
        "training.run_finished.v1",
        run_id=run,
        batches=batches,
        steps=10 * batches,
        tokens=5120 * batches,
        **flop(batches),
        completeness="complete",
        reasons=[],
        adapters=[
            {"shard": shard, "weights_sha256": digest("weights", run, shard, 1)}
            for shard in shards
        ],
        **PLAIN_END,
    )


def train(ledger: LedgerSimulator) -> list[Step]:
    """A finished run over both shards, and one that failed."""
    events = [run_started(ledger, RUN, [0, 1]), plan_registered(ledger, RUN)]
    for batch, (shard, slice_) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        events.append(metered(ledger, RUN, batch, shard, slice_))
        events.append(slice_trained(ledger, RUN, shard, slice_))
    events.append(run_finished(ledger, RUN, 4, [0, 1]))
    plain = ident("plain run")
    no_map = {"map_id": "", "shards": [], "slices": 0}
    failed = [
        run_started(ledger, plain, **no_map),
        plan_registered(ledger, plain),
        metered(ledger, plain, 0, 0, 0),
        ledger.event(
            "training.run_failed.v1", run_id=plain, reason="killed", batches=1
        ),
    ]
    return [Step("trainer", events), Step("trainer", failed)]


def erase(ledger: LedgerSimulator) -> list[Step]:
    """One record of shard 1, slice 1 is erased and the shard trained again."""
    rollback = digest("weights", RUN, 1, 0)
    before = [
        ledger.event(
            "erasure.requested.v1",
            erasure_id=ERASURE,
            ground="consent_withdrawn",
            received_at_ms=ledger.now_ms,
            due_at_ms=ledger.now_ms + 2_592_000_000,
            fence_commitment=digest("fence"),
        ),
        ledger.event(
            "erasure.planned.v1",
            erasure_id=ERASURE,
            records=1,
            hits=[{"shard": 1, "slice_first": 1, "rollback_sha256": rollback}],
            whole=[],
            tokens_expected=900,
            tokens_full=3600,
        ),
        ledger.event(
            "erasure.records_erased.v1", erasure_id=ERASURE, record_ids=[ERASED]
        ),
        ledger.event(
            "erasure.rolled_back.v1",
            erasure_id=ERASURE,
            shard=1,
            weights_sha256=rollback,
        ),
        ledger.event(
            "erasure.keys_destroyed.v1",
            erasure_id=ERASURE,
            keys=1,
            store="file",
            blobs_deleted=1,
        ),
    ]
    return [Step("eraser", before), *retrain(ledger), *certify(ledger)]


def retrain(ledger: LedgerSimulator) -> list[Step]:
    """The hit slice is trained again from the slice below it."""
    events = [
        run_started(
            ledger, RETRAIN, [1], purpose="retrain", erasure_id=ERASURE, generation=1
        ),
        plan_registered(ledger, RETRAIN),
        metered(ledger, RETRAIN, 0, 1, 1),
        slice_trained(ledger, RETRAIN, 1, 1, gone=[ERASED], generation=1),
        run_finished(ledger, RETRAIN, 1, [1]),
    ]
    return [Step("trainer", events)]


def certify(ledger: LedgerSimulator) -> list[Step]:
    """The rest of the erasure."""
    events = [
        ledger.event(
            "erasure.shard_retrained.v1",
            erasure_id=ERASURE,
            shard=1,
            run_id=RETRAIN,
            weights_before_sha256=digest("weights", RUN, 1, 1),
            weights_after_sha256=digest("weights", RETRAIN, 1, 1),
            tokens=5120,
        ),
        ledger.event(
            "erasure.weights_deleted.v1",
            erasure_id=ERASURE,
            weights=[digest("weights", RUN, 1, 1)],
            method="file_deletion",
        ),
        ledger.event(
            "erasure.verified.v1",
            erasure_id=ERASURE,
            exactness="bitwise_equal",
            records_readable=0,
            blobs_left=0,
            residue=0,
        ),
        ledger.event(
            "erasure.certified.v1",
            erasure_id=ERASURE,
            certificate_sha256=digest("certificate"),
        ),
    ]
    return [Step("eraser", events)]


def rotate(ledger: LedgerSimulator) -> list[Step]:
    """The log key changes hands, a stream is closed, and work goes on."""
    old = ledger.log
    new = LedgerSimulator(origin=ledger.origin, seed=ledger.seed, log_seed="log-1").log
    keys = [ledger.retired(old), ledger.granted(new, "log", [], "log")]
    closed = ledger.event(
        "keys.stream_abandoned.v1", stream="ingest/worker-2", submissions=1
    )
    late = record_decided(ledger, 100, "pending") | {"scan_id": ""}
    return [
        Step("root", keys),
        Step("root", [closed]),
        Step("ingest/worker-3", [late]),
    ]


def change_keys(ledger: LedgerSimulator) -> list[Step]:
    """A key gives way to another, one is given up, and a run gets its own."""
    old, new = ledger.key("governance"), ledger.successor("governance")
    spare = ledger.key("spare")
    policy = ledger.event(
        "policy.adopted.v1",
        policy_sha256=digest("second policy"),
        jurisdictions=["eu"],
        purpose="commercial",
        basket_version="2026-12-01",
        basket_relaxed=[],
    )
    dropped = ledger.event("spool.events_dropped.v1", events=3, reason="disk_full")
    return [
        Step(
            "root",
            [
                ledger.rotated(old, new, "governance"),
                ledger.granted(spare, "scanner", ["optout"], "spare"),
            ],
        ),
        Step("governance", [policy]),
        Step("root", [ledger.compromised(spare, 0)]),
        Step("ingest/worker-3", [dropped]),
        Step("trainer", [ledger.certified(LATE_RUN)]),
        Step(f"trainer/{LATE_RUN}", late_run(ledger)),
    ]


def late_run(ledger: LedgerSimulator) -> list[dict]:
    """A run without shards that failed after one batch."""
    no_map = {"map_id": "", "shards": [], "slices": 0}
    return [
        run_started(ledger, LATE_RUN, **no_map),
        plan_registered(ledger, LATE_RUN),
        metered(ledger, LATE_RUN, 0, 0, 0),
        ledger.event(
            "training.run_failed.v1", run_id=LATE_RUN, reason="killed", batches=1
        ),
    ]
