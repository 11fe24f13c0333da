"""Which differential privacy rows have from the weights of a map: steps added up.

A slice has an account, or none; a shard's weights rest on the slices that led to them.
A row is in one shard of a map, so what holds for the worst shard holds for all of them
together, however their answers or weights are combined (McSherry 2009, theorem 4,
doi:10.1145/1559845.1559850).

Two figures are given for each set of weights. One adds up the steps and works epsilon
out again (`renyi`); it believes noise, chance and number of steps. The other adds up
the epsilons and deltas that were stated (Dwork and Roth 2014, theorem B.1,
doi:10.1561/0400000042), and believes them too.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from ledger.events.training_saved import PrivacyAccounted
from ledger.projections import renyi
from ledger.projections.base import Projection, Recorded
from ledger.projections.compute import ComputeState
from ledger.projections.shard_map import SavedWeights, Shard, ShardsState

_RATE_ONE_PPB: Final = 10**9
_DELTA_ONE_PPT: Final = 10**12


class Account(msgspec.Struct, array_like=True):
    """What a `PrivacyAccounted` event says of a slice; a short array when persisted.

    Attributes:
        noise_multiplier_ppm: standard deviation of the noise over the clip norm, 10^-6.
        sample_rate_ppb: chance of a row to be in a step, 10^-9.
        steps: how many there were.
        delta_ppt: delta, 10^-12.
        epsilon_ppm: the epsilon that is stated, 10^-6.
        accountant: what is said to have computed it.
    """

    noise_multiplier_ppm: int
    sample_rate_ppb: int
    steps: int
    delta_ppt: int
    epsilon_ppm: int
    accountant: str


class PrivacyState(msgspec.Struct):
    """Every account.

    Attributes:
        accounts: by `run.shard.slice`; the first, where there are several.
    """

    accounts: dict[str, Account] = {}


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What some weights of a map may show of one row. Numbers are decimal text.

    Attributes:
        shards: shards with such weights.
        without: those of them without a bound: a slice was trained without differential
            privacy, or on weights of which the ledger does not say that.
        epsilon: for the worst shard, worked out from the steps; empty without a bound.
        delta: the smallest that any slice states, at which that epsilon is; empty
            without a bound.
        stated_epsilon: the stated ones of the worst shard, added up; empty without a
            bound.
        stated_delta: the same of delta.
        stated_by: the accountants that these are said to be from, in order of name.
    """

    shards: int
    without: int
    epsilon: str = ""
    delta: str = ""
    stated_epsilon: str = ""
    stated_delta: str = ""
    stated_by: tuple[str, ...] = ()


class MapPrivacy(msgspec.Struct, frozen=True, kw_only=True):
    """The privacy of a map's weights, each for one row of packed text.

    Attributes:
        map_id: the map.
        in_service: of the weights that its shards serve, if nobody has others.
        ever_trained: of all weights that its shards ever saved, deleted ones included.
    """

    map_id: str
    in_service: Bound
    ever_trained: Bound


def apply(state: PrivacyState, recorded: Recorded) -> PrivacyState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case PrivacyAccounted() as event:
            place = _place(event.run_id, event.shard, event.slice)
            account = Account(
                event.noise_multiplier_ppm,
                event.sample_rate_ppb,
                event.steps,
                event.delta_ppt,
                event.epsilon_ppm,
                event.accountant,
            )
            state.accounts.setdefault(place, account)
        case _:
            pass
    return state


def privacy_of(
    privacy: PrivacyState, shards: ShardsState, compute: ComputeState
) -> list[MapPrivacy]:
    """Every map with a slice that has an account, in order of declaration.

    Maps do not add up row by row: each cuts rows of its own.
    """
    if not privacy.accounts:
        return []
    found = []
    for map_id, one in shards.maps.items():
        parts = [(number, one.by_shard[number]) for number in sorted(one.by_shard)]
        if not any(
            _place_of(number, weights) in privacy.accounts
            for number, shard in parts
            for weights in shard.saved
        ):
            continue
        saved = {number: _first_saved(shard) for number, shard in parts}
        served = [
            _learnt(privacy, compute, number, _behind(saved[number], shard))
            for number, shard in parts
            if shard.served_sha256
        ]
        ever = [
            _learnt(privacy, compute, number, all_saved)
            for number, all_saved in saved.items()
            if all_saved
        ]
        found.append(
            MapPrivacy(
                map_id=map_id, in_service=_bound(served), ever_trained=_bound(ever)
            )
        )
    return found


def _place(run_id: str, shard: int, slice_: int) -> str:
    return f"{run_id}.{shard}.{slice_}"


def _place_of(shard: int, saved: SavedWeights) -> str:
    return _place(saved.run_id, shard, saved.slice)


def _first_saved(shard: Shard) -> list[SavedWeights]:
    """Each of a shard's weights as they first came, oldest first.

    To make the same weights again shows nothing new; nor does it make private what was
    made without privacy.
    """
    first: dict[str, SavedWeights] = {}
    for saved in shard.saved:
        first.setdefault(saved.weights_sha256, saved)
    return list(first.values())


def _behind(all_saved: list[SavedWeights], shard: Shard) -> list[SavedWeights] | None:
    """The weights that led to those in service; None where that is not known."""
    wanted, found = shard.served_sha256, list[SavedWeights]()
    for saved in reversed(all_saved):
        if saved.weights_sha256 == wanted:
            found.append(saved)
            if saved.slice == 0:
                return found
            wanted = saved.parent_sha256
    return None


def _learnt(
    privacy: PrivacyState,
    compute: ComputeState,
    shard: int,
    chosen: Iterable[SavedWeights] | None,
) -> list[Account] | None:
    """The accounts of weights; None where something was learnt without one."""
    if chosen is None:
        return None
    found = []
    for saved in chosen:
        account = privacy.accounts.get(_place_of(shard, saved))
        # Where there is no record, nothing is learnt and nothing accounted for.
        is_empty = account is None and not saved.records
        if not is_empty and (account is None or not _is_bounded(account)):
            return None
        if _is_on_own_weights(compute, saved.run_id):
            return None
        if account is not None:
            found.append(account)
    return found


def _is_bounded(account: Account) -> bool:
    """Whether any epsilon follows; the verifier refuses accounts without (XEV-25)."""
    return (
        account.noise_multiplier_ppm > 0
        and 0 < account.sample_rate_ppb <= _RATE_ONE_PPB
        and 0 < account.delta_ppt < _DELTA_ONE_PPT
    )


def _is_on_own_weights(compute: ComputeState, run_id: str) -> bool:
    """Whether a run's base is weights that learnt from records of this ledger."""
    run = compute.runs.get(run_id)
    savers = [] if run is None else compute.saved_by.get(run.base.sha256, [])
    return any(compute.runs[one].is_sharded for one in savers)


def _bound(shards: list[list[Account] | None]) -> Bound:
    known = [accounts for accounts in shards if accounts is not None]
    without = len(shards) - len(known)
    every = [account for accounts in known for account in accounts]
    if without or not every:
        return Bound(shards=len(shards), without=without)
    delta = Decimal(min(one.delta_ppt for one in every)) / _DELTA_ONE_PPT
    stated_delta = max(sum(one.delta_ppt for one in part) for part in known)
    stated_epsilon = max(sum(one.epsilon_ppm for one in part) for part in known)
    # At a delta of 1 no epsilon says anything.
    is_stated = stated_delta < _DELTA_ONE_PPT
    return Bound(
        shards=len(shards),
        without=0,
        epsilon=_text(max(_epsilon(part, delta) for part in known)),
        delta=_text(delta),
        stated_epsilon=_text(Decimal(stated_epsilon) / 10**6) if is_stated else "",
        stated_delta=_text(Decimal(stated_delta) / _DELTA_ONE_PPT) if is_stated else "",
        stated_by=tuple(sorted({one.accountant for one in every})),
    )


def _epsilon(accounts: list[Account], delta: Decimal) -> Decimal:
    steps = Counter[renyi.Step]()
    for one in accounts:
        step = renyi.Step(one.noise_multiplier_ppm, one.sample_rate_ppb)
        steps[step] += one.steps
    return renyi.epsilon(steps, delta=delta)


def _text(number: Decimal) -> str:
    """A decimal number without an exponent and without zeros at its end."""
    return f"{number.normalize():f}"


PROJECTION = Projection(
    name="privacy", version=1, state=PrivacyState, apply=apply, tables=()
)
