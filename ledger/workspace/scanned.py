"""Which kept records rest on which scans, and which of them are quarantined."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ledger.disk.places import vault_beside
from ledger.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedRecord:
    """A kept record that rests on a scan.

    Attributes:
        record_id: its id.
        scan_id: the scan.
        url: the URL that was asked for; personal data, perhaps.
    """

    record_id: str
    scan_id: str
    url: str


def scanned_records(vault: Vault) -> list[ScannedRecord]:
    """Every decided record that is not quarantined and whose URL is still known.

    Those of one URL stand together, in the order of their scans.
    """
    query = (
        "SELECT record_id, s.scan_id, u.name FROM record "
        "JOIN scan_of_record s USING (record_id) JOIN url u USING (scan_id) "
        "WHERE record.pending = 0 AND quarantined = 0 "
        "ORDER BY u.tag, u.rowid, record_id"
    )
    return [
        ScannedRecord(record_id=row[0], scan_id=row[1], url=row[2].partition("\n")[0])
        for row in vault.connection.execute(query)
    ]


def resting_on(vault: Vault, scan_id: str) -> list[tuple[str, str]]:
    """The records that rest on the URL of a scan, each with the scan that it rests on.

    Decided ones that are not quarantined; the scan may be one that is not recorded yet.
    """
    query = (
        "SELECT record_id, s.scan_id FROM url seen JOIN url u USING (tag) "
        "JOIN scan_of_record s ON s.scan_id = u.scan_id JOIN record USING (record_id) "
        "WHERE seen.scan_id = ? AND record.pending = 0 AND quarantined = 0 "
        "ORDER BY u.rowid, record_id"
    )
    return vault.connection.execute(query, (scan_id,)).fetchall()


def standing_records(vault: Vault) -> dict[str, bytes | None]:
    """Every decided record that is not quarantined, with the digest of its URL.

    None where it rests on no scan, or the scan's URL is not known any more.
    """
    query = (
        "SELECT record_id, u.tag FROM record "
        "LEFT JOIN scan_of_record USING (record_id) "
        "LEFT JOIN url u USING (scan_id) WHERE record.pending = 0 AND quarantined = 0"
    )
    return dict(vault.connection.execute(query).fetchall())


def scanned_pages(vault: Vault) -> dict[str, bytes]:
    """For each scan whose URL is known a keyed digest of that URL, and not its name."""
    query = "SELECT scan_id, tag FROM url WHERE pending = 0"
    return dict(vault.connection.execute(query).fetchall())


def known_pages(path: Path) -> dict[str, bytes] | None:
    """Which scans are of one URL, by the vault beside a ledger; None without one.

    Raises:
        NotALedgerError: `path` is neither a workspace nor a ledger file.
    """
    vault_path = vault_beside(path)
    if not vault_path.exists():
        return None
    with contextlib.closing(Vault(vault_path, is_writable=False)) as vault:
        return scanned_pages(vault)


def standing(vault: Vault, record_ids: Iterable[str]) -> dict[str, bool]:
    """Which of some records are decided and kept, and whether quarantined."""
    query = "SELECT quarantined FROM record WHERE record_id = ? AND pending = 0"
    found = {
        record_id: vault.connection.execute(query, (record_id,)).fetchone()
        for record_id in record_ids
    }
    return {record_id: bool(row[0]) for record_id, row in found.items() if row}


def quarantine(vault: Vault, record_ids: Iterable[str]) -> None:
    """Note that records may be in no run that starts from now on.

    Their owner's ids are free again: where the text is allowed later, it is ingested
    anew. Doing it again changes nothing.
    """
    with vault.transaction():
        vault.connection.executemany(
            "UPDATE record SET quarantined = 1, id_tag = ? WHERE record_id = ?",
            [(vault.tag("quarantined", one), one) for one in record_ids],
        )
