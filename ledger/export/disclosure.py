"""A disclosure: names from the vault that open commitments in the ledger.

Sites and scanned URLs only, and only those that are asked for; never a data subject.
Where redirects led a scan to another URL, its name is both, a line feed between them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.errors import InputError
from ledger.events.optout import SiteRegistered, UrlScanned
from ledger.export.proof_parts import Proof, read_basis
from ledger.export.receipts import encode_receipt_of
from ledger.log.ledger import Ledger
from ledger.vault.vault import Vault

FORMAT: Final = "tuneledger/disclosure/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which names to disclose.

    Attributes:
        sites: origins, `scheme://host[:port]`.
        scans: scan ids, whose URLs are disclosed. The key of a scan also opens its
            `response_commitment`, for whoever has the page's digest.
        all_sites: every registered site.
    """

    sites: Collection[str] = ()
    scans: Collection[str] = ()
    all_sites: bool = False


@dataclass(frozen=True, slots=True)
class _Name:
    """One name with the key that commits to it."""

    key: bytes
    name: str


def encode_disclosure(ledger: Ledger, vault: Vault, asked: Asked) -> Proof:
    """The disclosure of the names that are asked for.

    Raises:
        InputError: nothing is asked for, or a site or scan is not in the vault and the
            ledger.
        IntegrityError: the ledger contradicts its checkpoint.
    """
    sites, scans = _sites(vault, asked), _scans(vault, asked)
    openings, places = _find(ledger, sites, scans)
    if not openings:
        message = "nothing to disclose: name a site or a scan that the ledger holds"
        raise InputError(message)
    basis = read_basis(ledger, list(places), None)
    entries = [
        replace(entry, shown=places[seq]) for seq, entry in sorted(basis.shown.items())
    ]
    return basis.proof(
        {
            "checkpoint": basis.note.decode(),
            "entries": [
                encode_receipt_of(one, basis.paths[one.seq]) for one in entries
            ],
            "format": FORMAT,
            "keys": basis.encode_keys(),
            "openings": openings,
            "timestamps": basis.encode_tokens(),
        }
    )


def _sites(vault: Vault, asked: Asked) -> dict[str, _Name]:
    """The asked sites by id."""
    query = "SELECT site_id, key, name FROM site WHERE registered = 1"
    known = {
        site_id: _Name(key, name)
        for site_id, key, name in vault.connection.execute(query)
    }
    if asked.all_sites:
        return known
    found = {key: one for key, one in known.items() if one.name in asked.sites}
    missing = len(set(asked.sites)) - len(found)
    if missing:
        message = (
            f"{missing} of the sites are not in the vault; expected origins such as "
            "https://example.org"
        )
        raise InputError(message)
    return found


def _scans(vault: Vault, asked: Asked) -> dict[str, _Name]:
    """The asked scans' URLs by scan id."""
    found: dict[str, _Name] = {}
    query = "SELECT key, name FROM url WHERE scan_id = ? AND pending = 0"
    for scan_id in asked.scans:
        row = vault.connection.execute(query, (scan_id,)).fetchone()
        if row is None:
            message = (
                f"scan {scan_id[:32]!r}: the vault has no URL of it; it was erased, or "
                "there is no such scan"
            )
            raise InputError(message)
        found[scan_id] = _Name(*row)
    return found


def _find(
    ledger: Ledger, sites: dict[str, _Name], scans: dict[str, _Name]
) -> tuple[list[dict[str, Any]], dict[int, list[int]]]:
    """The openings in the ledger's order, and the places of their events."""
    openings: list[dict[str, Any]] = []
    places: dict[int, list[int]] = {}
    left = {**sites, **scans}
    for recorded in ledger.events() if left else ():
        match recorded.event:
            case SiteRegistered(site_id=found):
                field = "commitment"
            case UrlScanned(scan_id=found):
                field = "url_commitment"
            case _:
                continue
        opened = left.pop(found, None)
        if opened is None:
            continue
        places.setdefault(recorded.seq, []).append(recorded.index)
        openings.append(
            {
                "event": f"{recorded.seq}.{recorded.index}",
                "field": field,
                "key": opened.key.hex(),
                "name": opened.name,
            }
        )
    if left:
        message = f"{len(left)} of the sites and scans are not in the ledger"
        raise InputError(message)
    return openings, places
