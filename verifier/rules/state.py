"""The state that rules across events hold on to."""

from binascii import unhexlify
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from verifier.findings import Code, Violation
from verifier.rules.index import Index
from verifier.schema.lines import Event, Narrower


@dataclass(frozen=True, slots=True)
class Policy:
    """An adopted policy: where its models may be used, and what they are for.

    Attributes:
        jurisdictions: where.
        purpose: what for.
        basket_version: the basket of training crawlers.
        basket_relaxed: tokens of it that do not block.
    """

    jurisdictions: frozenset[str]
    purpose: str
    basket_version: str = ""
    basket_relaxed: frozenset[str] = frozenset()

    @property
    def reads_scans(self) -> bool:
        """Whether a decision under it rests on what a site says (XEV-19)."""
        return "eu" in self.jurisdictions or self.purpose == "research"


@dataclass(slots=True)
class Dataset:
    """A classified dataset.

    Attributes:
        is_pending: whether nobody has checked yet that its use is allowed.
        decided: how many of its records were decided, by decision.
    """

    is_pending: bool
    decided: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ShardMap:
    """A declared shard map; `number` is its place among the maps."""

    number: int
    shards: int
    slices: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass over B sequences of S positions costs: B (token S + pair S^2) FLOP.

    Attributes:
        costs: token and pair of backward, forward, inference and recompute.
        is_complete: whether it misses no operation and has no fault.
    """

    costs: tuple[tuple[int, int], ...]
    is_complete: bool


@dataclass(slots=True)
class Run:
    """A training run, and the sums over its batches so far.

    Attributes:
        at: number of the event that started it.
        shard_map: its map, None for a run without shards.
        shards: the shards that it trains.
        purpose: `train` or `retrain`.
        erasure_id: the erasure that a retraining is for; empty for `train`.
        base: digest of the starting weights; empty from scratch.
        generation: as the run said.
        ended: `run_finished` or `run_failed`; empty while it goes on.
        batches: metered batches so far.
        sums: steps, tokens and the FLOP fields so far.
        trained: the weights of each shard's last slice, as trained in this run or in
            those that it resumes.
        adapters: what it finished with.
        assigned: how many assignments there were when it started.
        is_resumed: whether another run goes on from it.
        by_slice: metered steps and tokens by shard and slice.
        plans: what its passes cost.
        faults: of all its batches.
    """

    at: int
    shard_map: ShardMap | None
    shards: frozenset[int]
    purpose: str
    erasure_id: bytes
    base: bytes
    generation: int
    assigned: int
    is_resumed: bool = False
    ended: str = ""
    batches: int = 0
    sums: list[int] = field(default_factory=lambda: [0] * 10)
    trained: dict[int, bytes] = field(default_factory=dict)
    adapters: dict[int, bytes] = field(default_factory=dict)
    by_slice: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Erasure:
    """One erasure and how far it came.

    Attributes:
        stage: the last event's place in the order of docs/events.md.
        records_planned: the plan's number; None before the plan.
        hits: first hit slice by shard.
        records_erased: how many so far.
        erased_at: number of its first `records_erased` or `keys_destroyed` event.
        keys_destroyed: whether it got there.
        retrained: the shards reported as retrained.
        verified_clean: whether the newest check came to nothing readable or left.
        whole: weights of runs without shards that the plan says must go.
        due_at_ms: the newest time limit.
        extended: whether the limit was extended.
        restricted: whether the records are kept and used for nothing, now.
        refused: whether the request was refused.
        certified: whether it was certified.
    """

    stage: int = 0
    records_planned: int | None = None
    hits: dict[int, int] = field(default_factory=dict)
    records_erased: int = 0
    erased_at: int | None = None
    keys_destroyed: bool = False
    retrained: set[int] = field(default_factory=set)
    verified_clean: bool = False
    whole: set[bytes] = field(default_factory=set)
    due_at_ms: int = 0
    extended: bool = False
    restricted: bool = False
    refused: bool = False
    certified: bool = False


@dataclass(slots=True)
class History:
    """Everything that earlier events established.

    Attributes:
        condemned: weights without shards that saw a record of an earlier plan.
        claimed_at_ms: when the producer says that it signed what is applied now.
        counted: number and root of the records of a slice, as last counted.
        stock: slice and leaf of the records of the shard that was counted last.
        stock_of: which shard, map and time that was.
    """

    index: Index
    policies: dict[bytes, Policy] = field(default_factory=dict)
    datasets: dict[bytes, Dataset] = field(default_factory=dict)
    maps: dict[bytes, ShardMap] = field(default_factory=dict)
    runs: dict[bytes, Run] = field(default_factory=dict)
    erasures: dict[bytes, Erasure] = field(default_factory=dict)
    condemned: set[bytes] = field(default_factory=set)
    claimed_at_ms: int = 0
    counted: dict[tuple[int, ...], tuple[int, bytes]] = field(default_factory=dict)
    stock: list[tuple[int, bytes]] = field(default_factory=list)
    stock_of: tuple[int, ...] = ()


Handler = Callable[[History, Event, int], None]
"""Applies one event, given its number; raises `Violation`."""


@dataclass(frozen=True, slots=True)
class BulkRules:
    """The rules for bulk, many events of one type in a row, all at once.

    They acquit or doubt: where the `Handler` would refuse one of the events, and
    where they cannot tell, `gather` returns None or `apply` raises.

    Attributes:
        fields: the fields that the rules look at.
        gather: takes a column for each field; returns the gist of the bulk, what
            must be known of it once the state before it is. A column holds the
            values of one field, in order.
        narrower: see `verifier.schema.lines.bulk_pattern`; each adds a column before
            its field's.
        apply: checks the gist against the history and adds it, given the number of
            its first event; raises `Doubt` or `Violation`.
    """

    fields: tuple[str, ...]
    gather: Callable[..., Any]
    apply: Callable[[History, Any, int], None]
    narrower: Narrower = ()


Column = tuple[bytes, ...]
"""The values of one field over a bulk of lines."""


def refuse(code: Code, number: int, *, expected: str, found: object) -> NoReturn:
    """Raise the violation of rule XEV-`number`."""
    raise Violation(code, f"XEV-{number}", expected=expected, found=found)


def digest(event: Event, name: str) -> bytes:
    """Return an id or digest field as bytes; empty where it is empty."""
    return unhexlify(event[name])
