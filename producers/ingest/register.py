"""The licence register: which licence covers a text now, and what may be entered.

A licence that is on the register counts for decisions only where all of this holds: it
covers content, permits training and commercial use, is not for non-commercial use only,
has begun, has not ended, was not revoked, holds where the model may be used, and is for
the site that the text was copied from, and for the one that redirects led to. One for
no site counts only where the record names it. Other conditions bind whoever distributes
the model: they are shown, and stand in nobody's way.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.errors import InputError
from ledger.events import Event
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.policy import Jurisdiction
from producers.ingest.facts import RegisterLicence
from producers.ingest.licences import read_licence

_LICENCE_ID: Final = re.compile(r"[0-9a-f]{32}")


class Register:
    """The licences of content that may be a basis, for lookups."""

    def __init__(
        self,
        granted: Iterable[LicenceGranted],
        wanted: frozenset[Jurisdiction],
    ) -> None:
        """Take those that were granted and not revoked.

        Args:
            granted: the licences.
            wanted: where the model may be used.
        """
        self._wanted = wanted
        self._by_id: dict[str, LicenceGranted] = {}
        self._by_site: dict[str, list[LicenceGranted]] = {}
        for licence in granted:
            if not is_basis(licence):
                continue
            self._by_id[licence.licence_id] = licence
            for site_id in licence.sites:
                self._by_site.setdefault(site_id, []).append(licence)

    def find(
        self, site_ids: Sequence[str], stated: str, now_ms: int
    ) -> RegisterLicence | None:
        """The licence that covers a text.

        Args:
            site_ids: the site that was asked, and the one that answered where redirects
                led elsewhere; empty ids for sites that the register cannot name. A
                licence must cover them all.
            stated: what the record states as its licence. Where that is the id of a
                licence, that one is meant and no other.
            now_ms: Unix milliseconds.
        """
        if names_licence(stated):
            named = self._by_id.get(stated)
            found = [named] if named else []
        else:
            found = self._by_site.get(site_ids[0], []) if site_ids else []
        standing = [
            one for one in found if _is_for(one, site_ids) and is_in_force(one, now_ms)
        ]
        best = max(standing, key=self._worth, default=None)
        if best is None:
            return None
        return RegisterLicence(
            licence_id=best.licence_id, jurisdictions=frozenset(best.jurisdictions)
        )

    def _worth(self, licence: LicenceGranted) -> tuple[int, int, str]:
        """Most jurisdictions first, then the one that lasts longest; never a tie."""
        covered = self._wanted.intersection(licence.jurisdictions)
        return len(covered), licence.expires_at_ms, licence.licence_id


def in_register(events: Iterable[Event]) -> list[LicenceGranted]:
    """The licences that were granted and not revoked, oldest first."""
    found: dict[str, LicenceGranted] = {}
    for event in events:
        match event:
            case LicenceGranted(licence_id=licence_id):
                found[licence_id] = event
            case LicenceRevoked(licence_id=licence_id):
                found.pop(licence_id, None)
            case _:
                pass
    return list(found.values())


def names_licence(stated: str) -> bool:
    """Whether a record's licence field is the id of a licence of the register."""
    return _LICENCE_ID.fullmatch(stated) is not None


def is_in_force(licence: LicenceGranted, now_ms: int) -> bool:
    """Whether a licence has begun and has not ended."""
    return licence.starts_at_ms <= now_ms < licence.expires_at_ms


def is_basis(licence: LicenceGranted) -> bool:
    """Whether a licence can be a basis for training a model that may earn money.

    Source: docs/spec.md, XEV-19.
    """
    return (
        licence.covers == "content"
        and {"train", "commercial"}.issubset(licence.permits)
        and "non_commercial" not in licence.conditions
        and not _is_refused(licence)
    )


def check_grant(licence: LicenceGranted) -> None:
    """Refuse a licence that contradicts itself.

    Raises:
        InputError: the message names the rule.
    """
    if not licence.expression and not licence.text_sha256:
        _refuse("an SPDX expression or the licence's text, found neither")
    if licence.expires_at_ms <= licence.starts_at_ms:
        _refuse("an end after the start")
    if (licence.covers == "model") != bool(licence.model):
        _refuse("the name of a model exactly where a model is covered")
    if licence.model and licence.sites:
        _refuse("sites or a model, found both")
    if ("user_threshold" in licence.conditions) != bool(licence.users_max):
        _refuse("the condition user_threshold and its largest number of users together")
    is_for_training = licence.covers == "content" and "train" in licence.permits
    if is_for_training and _is_refused(licence):
        _refuse(f"an expression that permits to train, found {licence.expression}")
    for name in ("permits", "conditions", "jurisdictions", "sites", "overrides"):
        if len(set(getattr(licence, name))) != len(getattr(licence, name)):
            _refuse(f"each of the {name} once, found one twice")


def _is_for(licence: LicenceGranted, site_ids: Sequence[str]) -> bool:
    if not licence.sites:
        return True
    return bool(site_ids) and set(site_ids).issubset(licence.sites)


def _is_refused(licence: LicenceGranted) -> bool:
    """Whether the table refuses the licence's own expression."""
    return read_licence(licence.expression).standing == "refused"


def _refuse(rule: str) -> None:
    message = f"licence: expected {rule}"
    raise InputError(message)
