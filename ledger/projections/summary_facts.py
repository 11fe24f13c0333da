"""What the projections say about one model's training data."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ledger.projections import lineage
from ledger.projections.compute import Base, ComputeState
from ledger.projections.optout import OptoutState
from ledger.projections.privacy import Bound, MapPrivacy
from ledger.projections.shards import Shard, ShardsState
from ledger.projections.training_sources import SourcesState


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the projections say about one model.

    Attributes:
        model_name: the model.
        bases: the distinct models that its finished runs start from.
        tokens_unique: unique tokens behind the weights in service; None where no
            weights of a known size are in service.
        shards_served: how many sets of weights are in service.
        shards_waiting: how many shards wait for an erasure's retrain.
        privacy: what the weights in service may show of one row, for each map that has
            some; empty where any of these maps has no bound.
        kinds: records by kind of source.
        sites: records by site id.
        months: months of ingest, YYYY-MM.
        crawls: scanner to the months of its scans.
        erased: records erased in the whole ledger.
        policies: digests of the adopted policies.
        optout: the opt-out projection.
        last_event: the newest event.
        last_at_ms: when it was recorded.
    """

    model_name: str
    bases: tuple[Base, ...]
    tokens_unique: int | None
    shards_served: int
    shards_waiting: int
    privacy: tuple[Bound, ...]
    kinds: dict[str, int]
    sites: dict[str, int]
    months: frozenset[str]
    crawls: dict[str, frozenset[str]]
    erased: int
    policies: tuple[str, ...]
    optout: OptoutState
    last_event: str
    last_at_ms: int

    @classmethod
    def gather(
        cls,
        model_name: str,
        *,
        sources: SourcesState,
        shards: ShardsState,
        compute: ComputeState,
        optout: OptoutState,
        privacy: Sequence[MapPrivacy] = (),
    ) -> "Facts":
        """Collect the facts about one model; its data is that of its runs' maps."""
        counted = lineage.surviving(compute)
        runs = {
            run_id: run
            for run_id, run in compute.runs.items()
            if run.model_name == model_name and run_id in counted
        }
        maps = {shards.runs[run_id] for run_id in runs if run_id in shards.runs}
        contents = [
            sources.content[key] for key in sorted(maps & sources.content.keys())
        ]
        served = [
            shard
            for map_id in sorted(maps & shards.maps.keys())
            for shard in shards.maps[map_id].by_shard.values()
        ]
        sizes = [size for shard in served if (size := _tokens(shard)) is not None]
        crawls: dict[str, frozenset[str]] = {}
        for content in contents:
            for scanner, months in content.crawls.items():
                crawls[scanner] = crawls.get(scanner, frozenset()) | months.keys()
        return cls(
            model_name=model_name,
            bases=tuple(dict.fromkeys(run.base for run in runs.values())),
            tokens_unique=sum(sizes) if sizes else None,
            shards_served=sum(bool(shard.served_sha256) for shard in served),
            shards_waiting=sum(bool(shard.needs_retrain) for shard in served),
            privacy=_privacy(shards, maps, privacy),
            kinds=_sum(content.kinds for content in contents),
            sites=_sum(content.sites for content in contents),
            months=frozenset(key for item in contents for key in item.months if key),
            crawls=crawls,
            erased=len(shards.erased),
            policies=tuple(sources.policies),
            optout=optout,
            last_event=sources.last_event,
            last_at_ms=sources.last_at_ms,
        )


def _privacy(
    shards: ShardsState, maps: Collection[str], privacy: Sequence[MapPrivacy]
) -> tuple[Bound, ...]:
    """The bound of each of these maps that serves, or nothing where one has none."""
    bounds = {one.map_id: one.in_service for one in privacy}
    found = [
        bounds.get(map_id)
        for map_id in sorted(maps)
        if map_id in shards.maps
        and any(shard.served_sha256 for shard in shards.maps[map_id].by_shard.values())
    ]
    known = tuple(bound for bound in found if bound is not None and bound.epsilon)
    return known if len(known) == len(found) else ()


def _sum(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return total


def _tokens(shard: Shard) -> int | None:
    """Unique tokens behind a shard's weights; None where the ledger does not say."""
    for saved in reversed(shard.saved):
        if saved.weights_sha256 == shard.served_sha256:
            return saved.tokens_unique
    return None
