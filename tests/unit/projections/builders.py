"""Events with defaults, so that a test names only what it is about."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.events import AnyEvent
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    ErasureVerified,
    KeysDestroyed,
    RecordsErased,
    ShardHit,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.erasure_request import ErasureRequested
from ledger.events.ingest import RecordDecided
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.optout import (
    ChannelRead,
    RecordsQuarantined,
    UrlScanned,
    UsageVerdict,
)
from ledger.events.review import ReviewDecided
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_plan import CountedPasses
from ledger.events.training_saved import Adapter, SliceTrained
from ledger.projections import Recorded
from tests.run_facts import PLAIN_END, PLAIN_START

NOVEMBER_2026_MS = 1_795_400_000_000
PHASES = (
    "forward",
    "backward",
    "recompute",
    "reference",
    "rollout",
    "reward",
    "auxiliary",
    "evaluation",
)


def ident(name: str) -> str:
    """A stable id from a readable name."""
    return name.encode().hex().ljust(32, "0")[:32]


def digest(name: str) -> str:
    """A stable digest from a readable name."""
    return name.encode().hex().ljust(64, "0")[:64]


def record(events: Iterable[AnyEvent], first: int = 0) -> list[Recorded]:
    """Each event in its own entry, a minute apart."""
    return [
        Recorded(seq, 0, NOVEMBER_2026_MS + 60_000 * seq, event)
        for seq, event in enumerate(events, first)
    ]


def started(run: str = "run", **changes: Any) -> RunStarted:
    facts: dict[str, Any] = {
        "run_id": ident(run),
        "objective": "sft",
        "technique": "lora",
        "purpose": "train",
        "erasure_id": "",
        "model_name": "acme",
        "base_name": "base",
        "base_sha256": digest("base"),
        "base_licence": "Apache-2.0",
        "base_flop": "300",
        "base_flop_source": "declared",
        "base_flop_estimable": True,
        "base_systemic_risk": False,
        "map_id": ident("map"),
        "shards": [0, 1],
        "slices": 2,
        "generation": 0,
        "recipe_sha256": digest("recipe"),
        "torch_version": "2.13.0",
        "threads": 1,
        **PLAIN_START,
    }
    return RunStarted(**(facts | changes))


def _flop(amounts: dict[str, int]) -> dict[str, Any]:
    return {f"flop_{phase}": str(amounts.get(phase, 0)) for phase in PHASES}


def metered(
    run: str = "run", batch: int = 0, faults: Sequence[str] = (), **amounts: int
) -> StepsMetered:
    return StepsMetered(
        run_id=ident(run),
        batch=batch,
        shard=0,
        slice=0,
        step_first=batch * 10,
        steps=10,
        tokens=1000,
        shapes=[
            CountedPasses(
                plan=0,
                phase="train",
                batch=1,
                sequence=100,
                has_gradient=True,
                forwards=10,
                backwards=10,
            )
        ],
        faults=list(faults),
        **_flop(amounts),
    )


def finished(
    run: str = "run",
    *,
    batches: int = 1,
    adapters: dict[int, str] | None = None,
    reasons: Sequence[str] = (),
    **amounts: int,
) -> RunFinished:
    made = {0: f"{run}-0"} if adapters is None else adapters
    return RunFinished(
        run_id=ident(run),
        batches=batches,
        steps=10 * batches,
        tokens=1000 * batches,
        completeness="incomplete" if reasons else "complete",
        reasons=list(reasons),
        adapters=[
            Adapter(shard=shard, weights_sha256=digest(weights))
            for shard, weights in made.items()
        ],
        **_flop(amounts),
        **PLAIN_END,
    )


def failed(run: str = "run", *, batches: int = 1) -> RunFailed:
    return RunFailed(run_id=ident(run), reason="interrupted", batches=batches)


def whole_run(run: str = "run", *, flop: int = 0, **changes: Any) -> list[AnyEvent]:
    """A run of one batch whose FLOP are all forward."""
    return [
        started(run, **changes),
        metered(run, forward=flop),
        finished(run, forward=flop),
    ]


def saved(
    run: str = "run",
    *,
    shard: int = 0,
    slice_: int = 0,
    parent: str = "base",
    weights: str = "",
    **changes: Any,
) -> SliceTrained:
    facts: dict[str, Any] = {
        "run_id": ident(run),
        "shard": shard,
        "slice": slice_,
        "generation": 0,
        "parent_sha256": digest(parent),
        "weights_sha256": digest(weights or f"{run}-{shard}-{slice_}"),
        "records": 1,
        "records_root": digest("root"),
        "tokens_unique": 100,
        "tokens": 300,
        "steps": 10,
    }
    return SliceTrained(**(facts | changes))


def declared(name: str = "map", *, shards: int = 2, slices: int = 2) -> MapDeclared:
    return MapDeclared(
        map_id=ident(name),
        shards=shards,
        slices=slices,
        placement="rendezvous_bounded_load",
        load_per_mille=1250,
    )


def assigned(
    name: str, shard: int = 0, slice_: int = 0, *, map_: str = "map"
) -> RecordAssigned:
    return RecordAssigned(
        map_id=ident(map_), record_id=ident(name), shard=shard, slice=slice_
    )


def decided(name: str, **changes: Any) -> RecordDecided:
    facts: dict[str, Any] = {
        "record_id": ident(name),
        "dataset_id": "",
        "decision": "accepted",
        "rule": "default",
        "reasons": ["licence"],
        "policy_sha256": digest("policy"),
        "source_kind": "licensed",
        "licence": "CC-BY-4.0",
        "licence_id": "",
        "scan_id": "",
        "eu_basis": "licence",
        "uk_basis": "licence",
        "sensitive": [],
        "action": "none",
        "hazard": "public",
        "subjects": "none",
        "commitment": digest("commitment"),
        "size_log2": 10,
    }
    return RecordDecided(**(facts | changes))


def read(**changes: Any) -> ChannelRead:
    facts: dict[str, Any] = {
        "channel": "robots_txt",
        "target": "url",
        "layer": "",
        "outcome": "parsed",
        "verdict": "allowed",
        "stated": [],
        "evidence_sha256": "",
        "line": 0,
    }
    return ChannelRead(**(facts | changes))


def scanned(name: str, *, site: str = "site", **changes: Any) -> UrlScanned:
    facts: dict[str, Any] = {
        "scan_id": ident(name),
        "site_id": ident(site),
        "url_commitment": digest("url"),
        "response_commitment": digest("response"),
        "policy_sha256": digest("policy"),
        "scanner": "tuneledger/0.1",
        "http_status": 200,
        "access": "open",
        "piracy_list_sha256": "",
        "channels": [read()],
        "robots_rfc9309": "allow",
        "spec_verdict": "allowed",
        "verdict": "allowed",
        "usages": [UsageVerdict(usage="train", verdict="allowed")],
        "reasons": [],
        "scanned_at_ms": NOVEMBER_2026_MS,
    }
    return UrlScanned(**(facts | changes))


def quarantined(
    *records: str, scan: str = "later", earlier: str = "scan", licence: str = ""
) -> RecordsQuarantined:
    return RecordsQuarantined(
        scan_id=scan and ident(scan),
        earlier_scan_id=earlier and ident(earlier),
        licence_id=licence and ident(licence),
        record_ids=[ident(name) for name in records],
    )


def reviewed(name: str, *, scan: str = "scan", **changes: Any) -> ReviewDecided:
    facts: dict[str, Any] = {
        "review_id": ident(name),
        "scan_id": ident(scan),
        "outcome": "cleared",
        "note_commitment": "",
        "expires_at_ms": NOVEMBER_2026_MS + 1,
        "decided_at_ms": NOVEMBER_2026_MS,
    }
    return ReviewDecided(**(facts | changes))


def granted(name: str, **changes: Any) -> LicenceGranted:
    facts: dict[str, Any] = {
        "licence_id": ident(name),
        "covers": "content",
        "expression": "",
        "text_sha256": digest("text"),
        "proof_sha256": "",
        "permits": ["train", "commercial"],
        "conditions": [],
        "users_max": 0,
        "jurisdictions": ["eu", "uk"],
        "sites": [ident("site")],
        "overrides": [],
        "model": "",
        "starts_at_ms": NOVEMBER_2026_MS,
        "expires_at_ms": NOVEMBER_2026_MS + 1000,
    }
    return LicenceGranted(**(facts | changes))


def revoked(name: str, **changes: Any) -> LicenceRevoked:
    facts: dict[str, Any] = {
        "licence_id": ident(name),
        "reason": "ended",
        "revoked_at_ms": NOVEMBER_2026_MS + 10,
    }
    return LicenceRevoked(**(facts | changes))


def requested(name: str = "erasure", *, due_at_ms: int = 2) -> ErasureRequested:
    return ErasureRequested(
        erasure_id=ident(name),
        ground="consent_withdrawn",
        received_at_ms=1,
        due_at_ms=due_at_ms,
        fence_commitment=digest("fence"),
    )


def planned(
    name: str = "erasure", *, records: int = 1, hits: tuple[int, ...] = (0,)
) -> ErasurePlanned:
    return ErasurePlanned(
        erasure_id=ident(name),
        records=records,
        hits=[
            ShardHit(shard=shard, slice_first=1, rollback_sha256=digest("clean"))
            for shard in hits
        ],
        whole=[],
        tokens_expected=100,
        tokens_full=400,
    )


def erased(*records: str, erasure: str = "erasure") -> RecordsErased:
    return RecordsErased(
        erasure_id=ident(erasure), record_ids=[ident(name) for name in records]
    )


def rolled_back(
    shard: int = 0, weights: str = "clean", *, erasure: str = "erasure"
) -> ShardRolledBack:
    return ShardRolledBack(
        erasure_id=ident(erasure),
        shard=shard,
        weights_sha256=digest(weights) if weights else "",
    )


def keys_destroyed(erasure: str = "erasure") -> KeysDestroyed:
    return KeysDestroyed(
        erasure_id=ident(erasure), keys=1, store="file", blobs_deleted=1
    )


def retrained(
    shard: int = 0,
    *,
    run: str = "retrain",
    before: str = "old",
    after: str = "new",
    erasure: str = "erasure",
) -> ShardRetrained:
    return ShardRetrained(
        erasure_id=ident(erasure),
        shard=shard,
        run_id=ident(run),
        weights_before_sha256=digest(before),
        weights_after_sha256=digest(after),
        tokens=100,
    )


def weights_deleted(*weights: str, erasure: str = "erasure") -> WeightsDeleted:
    return WeightsDeleted(
        erasure_id=ident(erasure),
        weights=[digest(name) for name in weights],
        method="file_deletion",
    )


def verified(*, readable: int = 0, erasure: str = "erasure") -> ErasureVerified:
    return ErasureVerified(
        erasure_id=ident(erasure),
        exactness="bitwise_equal",
        records_readable=readable,
        blobs_left=0,
        residue=0,
    )


def certified(erasure: str = "erasure") -> ErasureCertified:
    return ErasureCertified(
        erasure_id=ident(erasure), certificate_sha256=digest("certificate")
    )
