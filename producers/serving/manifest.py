"""The event that says what serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.events.model import ManifestPublished
from ledger.events.training_saved import Adapter

Reason = Literal["erased", "requested", "retrained"]

PPM_PER_NAT = 1_000_000
"""Losses stand in events in 10^-6 nat a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merged adapter that its gate let through.

    Attributes:
        sha256: digest of its weights.
        data_commitment: of the held-out text.
        loss_average: held-out loss of the average, 10^-6 nat a token.
        loss_merged: of the merged adapter, likewise.
        gate: most by which the second may be above the first, likewise.
    """

    sha256: str
    data_commitment: str
    loss_average: int
    loss_merged: int
    gate: int


def make_manifest(
    *,
    manifest_id: str,
    replaces: str,
    reason: Reason,
    model_name: str,
    map_id: str,
    base_sha256: str,
    adapters: Mapping[int, str],
    merged: Merged | None = None,
) -> ManifestPublished:
    """The event.

    Its fields are described there; `adapters` is shard to digest, and `merged` answers
    for all of them, where there is one.
    """
    return ManifestPublished(
        manifest_id=manifest_id,
        replaces=replaces,
        reason=reason,
        model_name=model_name,
        map_id=map_id,
        base_sha256=base_sha256,
        rule="merged" if merged else "probability_average",
        adapters=[
            Adapter(shard=shard, weights_sha256=sha256)
            for shard, sha256 in sorted(adapters.items())
        ],
        merged_sha256=merged.sha256 if merged else "",
        data_commitment=merged.data_commitment if merged else "",
        loss_average=str(merged.loss_average) if merged else "",
        loss_merged=str(merged.loss_merged) if merged else "",
        gate=str(merged.gate) if merged else "",
    )
