"""The register of licences: what rights holders allowed, and until when."""

from collections.abc import MutableMapping

import msgspec

from ledger.events.ingest import RecordDecided
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.projections.base import Projection, Recorded


class Licence(msgspec.Struct, kw_only=True):
    """One licence of the register; `LicenceGranted` says what its terms mean.

    Attributes:
        covers: `content` or `model`.
        expression: SPDX expression; empty where the text has none.
        text_sha256: digest of the licence text, or empty.
        proof_sha256: digest of the proof of the grant, or empty.
        permits: what it permits.
        conditions: what it demands.
        users_max: with `user_threshold`, the largest number of users; else 0.
        jurisdictions: where it holds.
        sites: the sites whose content it covers.
        overrides: scans whose reservation it overrides by name.
        model: the base model; empty for content.
        starts_at_ms: from when on it holds.
        expires_at_ms: when it ends.
        granted_by: the `LicenceGranted` event.
        revoked_by: the `LicenceRevoked` event; empty where there is none.
        revoked_at_ms: from when on it is revoked; 0 where it is not.
        end: why it was revoked; empty where it is not.
        records: accepted records that rest on it.
    """

    covers: str
    expression: str
    text_sha256: str
    proof_sha256: str
    permits: list[str]
    conditions: list[str]
    users_max: int
    jurisdictions: list[str]
    sites: list[str]
    overrides: list[str]
    model: str
    starts_at_ms: int
    expires_at_ms: int
    granted_by: str
    revoked_by: str = ""
    revoked_at_ms: int = 0
    end: str = ""
    records: int = 0


class LicencesState(msgspec.Struct):
    """Every licence that was ever granted.

    Attributes:
        licences: licence id to licence, in the order of their grants.
        rests: accepted record to the licence that its decision cites.
        contradictions: grants of an id that is taken, and revocations of a licence
            that is unknown or revoked already. They change nothing else.
    """

    licences: dict[str, Licence] = {}
    rests: MutableMapping[str, str] = {}
    contradictions: list[str] = []


def apply(state: LicencesState, recorded: Recorded) -> LicencesState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RecordDecided(decision="accepted", licence_id=licence_id) as event:
            if licence_id in state.licences:
                state.licences[licence_id].records += 1
                state.rests[event.record_id] = licence_id
        case LicenceGranted() as event:
            _grant(state, event, recorded.event_id)
        case LicenceRevoked() as event:
            _revoke(state, event, recorded.event_id)
        case _:
            pass
    return state


def _grant(state: LicencesState, event: LicenceGranted, event_id: str) -> None:
    if event.licence_id in state.licences:
        state.contradictions.append(event_id)
        return
    state.licences[event.licence_id] = Licence(
        covers=event.covers,
        expression=event.expression,
        text_sha256=event.text_sha256,
        proof_sha256=event.proof_sha256,
        permits=list(event.permits),
        conditions=list(event.conditions),
        users_max=event.users_max,
        jurisdictions=list(event.jurisdictions),
        sites=list(event.sites),
        overrides=list(event.overrides),
        model=event.model,
        starts_at_ms=event.starts_at_ms,
        expires_at_ms=event.expires_at_ms,
        granted_by=event_id,
    )


def _revoke(state: LicencesState, event: LicenceRevoked, event_id: str) -> None:
    licence = state.licences.get(event.licence_id)
    if licence is None or licence.revoked_by:
        state.contradictions.append(event_id)
        return
    licence.revoked_by = event_id
    licence.revoked_at_ms = event.revoked_at_ms
    licence.end = event.reason


def is_basis(licence: Licence) -> bool:
    """Whether the terms of a licence let a decision rest on it (XEV-19).

    Models that are trained here may earn money, so a licence must permit that. Other
    conditions bind whoever distributes the model, and are shown.
    """
    return (
        licence.covers == "content"
        and {"train", "commercial"}.issubset(licence.permits)
        and "non_commercial" not in licence.conditions
    )


def is_in_force(licence: Licence, at_ms: int) -> bool:
    """Whether a licence holds at a time, Unix milliseconds.

    A revoked one holds at no time: decisions that came before its revocation stand by
    their place in the ledger, not by the clock.
    """
    is_running = licence.starts_at_ms <= at_ms < licence.expires_at_ms
    return is_running and not licence.revoked_by


PROJECTION = Projection(
    name="licences",
    version=3,
    state=LicencesState,
    apply=apply,
    tables=("rests",),
)
