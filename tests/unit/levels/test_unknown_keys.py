"""Levels of a ledger whose key events this reader does not all understand (EVT-8)."""

import os

import pytest

from tests.simulator import tree_root
from tests.unit.levels.office import Office, broken, trusted
from verifier import UnreadableLedgerError, verify
from verifier.history.resume import StateFile
from verifier.trust.pin_store import Kept, PinStore

KEYS_UNKNOWN = "keys.borrowed.v1"


def with_unknown(office: Office, kind: str, stream: str) -> Office:
    """The office's ledger with one more event, of an unknown type."""
    office.ledger.submit(stream, [office.ledger.event(kind)])
    return office


@pytest.mark.parametrize(
    ("kind", "stream", "expected"),
    [
        (KEYS_UNKNOWN, "root", (["EVENT_UNKNOWN"] * 3, "no", "no", "no")),
        ("ingest.weather_observed.v1", "ingest1", ([], "yes", "yes", "yes")),
    ],
    ids=["of keys", "of another family"],
)
def test_unknown_type(office, kind, stream, expected):
    """What may have changed the keys leaves every answer that rests on them open."""
    office.ask_stamps().ask_witnesses()
    with_unknown(office, kind, stream).stamp().cosign(0, 1)
    report = office.verify()
    levels = [report.levels[name] for name in ("authentic", "timed", "witnessed")]

    assert ("INCOMPLETE", 5, expected) == (
        report.verdict,
        report.exit_code,
        (trusted(report), *levels),
    )


def test_unknown_log_key_is_no_rollback(office):
    """Checkpoints that this reader cannot judge are not missing from the ledger."""
    with_unknown(office, KEYS_UNKNOWN, "root")
    ledger = office.ledger
    ledger.checkpoint(key=ledger.successor("log"))
    size = len(ledger.entries)
    root, note = tree_root(ledger.leaves), ledger.checkpoints[size]
    genesis = bytes.fromhex(ledger.genesis)
    pins = office.folder / "pins"
    PinStore(pins).replace(ledger.origin, None, Kept(genesis, size, root, note))
    report = office.verify(pin=pins)

    assert ([], "INCOMPLETE", "yes") == (
        broken(report),
        report.verdict,
        report.levels["continuous"],
    )


def test_state_of_a_file_that_changed_is_not_kept(office, monkeypatch):
    """A pass over a file that somebody wrote to meanwhile is not gone on from."""
    path, pins = office.write(), office.folder / "pins"
    root = [key.vkey for key in office.ledger.roots]
    kept = []
    monkeypatch.setattr(StateFile, "keep", kept.append)
    with pytest.raises(UnreadableLedgerError):
        verify(path, root_keys=root, pin=pins, progress=lambda _: os.utime(path))

    assert [] == kept
