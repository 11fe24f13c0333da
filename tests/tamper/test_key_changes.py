"""Rotations and declarations that root may not, or could not honestly, sign."""

import pytest

from tests.simulator import Key, LedgerSimulator
from tests.tamper.chapters import record_decided
from tests.tamper.harness import found, told_ledger, verify_simulated

LOW_ORDER = "01" + "00" * 31


def decision(ledger: LedgerSimulator, number: int = 60) -> dict:
    """A decision that rests on no scan."""
    return record_decided(ledger, number, "pending") | {"scan_id": ""}


def rotation(ledger: LedgerSimulator, **changes) -> dict:
    """The ingest key gives way to its successor, changed."""
    keys = ledger.key("ingest"), ledger.successor("ingest")
    return ledger.rotated(*keys, "ingest") | changes


def by_other_key(ledger: LedgerSimulator) -> str:
    """The log key's signature over the rotation, in place of the ingest key's."""
    log = Key(ledger.key("ingest").name, "log")
    log.private = ledger.log.private
    log.public = ledger.key("ingest").public
    return ledger.rotated(log, ledger.successor("ingest"), "ingest")["consent"]


def consent_to_another(ledger: LedgerSimulator) -> str:
    """The ingest key's true consent, to another successor."""
    other = Key(ledger.key("ingest").name, "other")
    return ledger.rotated(ledger.key("ingest"), other, "ingest")["consent"]


def submitted(ledger, folder, *events) -> tuple[str, str]:
    """The first finding after root submitted the events, its place made relative."""
    seq = ledger.submit("root", list(events))
    code, where = found(verify_simulated(ledger, folder))[0]
    return code, where.replace(f" {seq}", " N")


def test_rotation_with_consent(tmp_path):
    """Old key, new key and root signed: the successor goes on with the stream."""
    ledger = told_ledger()
    ledger.submit("root", [rotation(ledger)])
    ledger.submit("ingest", [decision(ledger)])

    assert [] == found(verify_simulated(ledger, tmp_path))


REFUSED = {
    "no consent": ("KEY_CONSENT", lambda it: rotation(it, consent="00" * 64)),
    "log key consents": (
        "KEY_CONSENT",
        lambda it: rotation(it, consent=by_other_key(it)),
    ),
    "consent to another": (
        "KEY_CONSENT",
        lambda it: rotation(it, consent=consent_to_another(it)),
    ),
    "consent for another role": (
        "KEY_CONSENT",
        lambda it: it.rotated(it.key("ingest"), it.successor("ingest"), "trainer"),
    ),
    "no possession": ("KEY_POSSESSION", lambda it: rotation(it, possession="00" * 64)),
    "low order": ("KEY_LOW_ORDER", lambda it: rotation(it, new_public_key=LOW_ORDER)),
    "unknown key": (
        "KEY_NOT_ACTIVE",
        lambda it: it.rotated(it.key("new"), it.successor("new"), "ingest"),
    ),
    "another name": ("KEY_NOT_ACTIVE", lambda it: rotation(it, name="example.org/x")),
    "key that was rotated": (
        "KEY_NOT_ACTIVE",
        lambda it: it.rotated(
            Key(it.key("governance").name, it.seed), it.key("new"), "governance"
        ),
    ),
    "to a root key": (
        "KEY_NOT_UNIQUE",
        lambda it: it.rotated(it.key("ingest"), it.roots[0], "ingest"),
    ),
    "to itself": (
        "KEY_NOT_UNIQUE",
        lambda it: it.rotated(it.key("ingest"), it.key("ingest"), "ingest"),
    ),
    "to another's key": (
        "KEY_NOT_UNIQUE",
        lambda it: it.rotated(it.key("ingest"), it.key("ci"), "ingest"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rotation_without_what_it_needs(tmp_path, name):
    """Root alone, or root with another key, cannot put a key in a producer's place."""
    code, event = REFUSED[name]
    ledger = told_ledger()

    assert (code, "event N.0") == submitted(ledger, tmp_path, event(ledger))


def test_rotation_of_a_key_granted_in_the_same_entry(tmp_path):
    """A grant takes effect after its entry, so it cannot end in it."""
    ledger = told_ledger()
    new = ledger.key("new")
    grant = ledger.granted(new, "ingest", ["ingest"], "new")
    event = ledger.rotated(new, ledger.successor("new"), "ingest")

    assert ("KEY_NOT_ACTIVE", "event N.1") == submitted(ledger, tmp_path, grant, event)


def test_log_key_rotated_by_the_log_key_alone(tmp_path):
    """T12: whoever stole the log key consents, but root does not sign."""
    ledger = told_ledger()
    thief = ledger.successor("log")
    event = ledger.rotated(ledger.log, thief, "log")
    seq = ledger.submit("root", [event], ledger.log)

    assert ("SIGNATURE_LINES", f"entry {seq}") in found(
        verify_simulated(ledger, tmp_path)
    )


def test_log_key_rotated(tmp_path):
    """The new log key signs the checkpoint over the entry that rotates."""
    ledger = told_ledger()
    ledger.submit("root", [ledger.rotated(ledger.log, ledger.successor("log"), "log")])
    ledger.submit("ingest", [decision(ledger)])

    assert [] == found(verify_simulated(ledger, tmp_path))


def test_old_log_key_covers_its_own_rotation(tmp_path):
    """The old log key signs nothing from the rotating entry on."""
    ledger = told_ledger()
    old = ledger.log
    event = ledger.rotated(old, ledger.successor("log"), "log")
    ledger.submit("root", [event], checkpoint=False)
    ledger.checkpoint(key=old)

    assert [("CHECKPOINT_SIGNATURE", f"checkpoint {len(ledger.entries)}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_old_key_signs_after_its_rotation(tmp_path):
    """A key that gave way is over, whoever holds it."""
    ledger = told_ledger()
    old = ledger.key("ingest")
    ledger.submit("root", [rotation(ledger)])
    seq = ledger.submit("ingest", [decision(ledger)], old)

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_successor_signs_what_its_predecessor_could_not(tmp_path):
    """A successor has its predecessor's families and stream, no others."""
    ledger = told_ledger()
    ledger.submit("root", [rotation(ledger)])
    shard_map = ledger.event(
        "shards.map_declared.v1",
        map_id="5" * 32,
        shards=2,
        slices=2,
        placement="rendezvous_bounded_load",
        load_per_mille=1250,
    )
    seq = ledger.submit("ingest", [shard_map])

    assert [("FAMILY_NOT_ALLOWED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


DECLARED = {
    "never granted": lambda it: it.compromised(it.key("new"), 0),
    "root key": lambda it: it.compromised(it.roots[0], 0),
    "another name": lambda it: it.compromised(it.key("ci"), 0, name="example.org/x"),
    "entry ahead": lambda it: it.compromised(it.key("ci"), len(it.entries) + 1),
    "declared from there before": lambda it: it.compromised(it.key("spare"), 0),
}


@pytest.mark.parametrize("name", DECLARED)
def test_declaration_about_nothing(tmp_path, name):
    """A key is declared that was granted, from an entry that is there, once."""
    ledger = told_ledger()

    assert ("KEY_NOT_GRANTED", "event N.0") == submitted(
        ledger, tmp_path, DECLARED[name](ledger)
    )


def test_declaration_of_a_key_granted_in_the_same_entry(tmp_path):
    """A key that no earlier entry granted cannot have been stolen."""
    ledger = told_ledger()
    grant = ledger.granted(ledger.key("new"), "ingest", ["ingest"], "new")
    event = ledger.compromised(ledger.key("new"), 0)

    assert ("KEY_NOT_GRANTED", "event N.1") == submitted(ledger, tmp_path, grant, event)


def test_declared_key_signs_with_an_earlier_claimed_time(tmp_path):
    """T11: a key ends at an entry, whatever time a thief claims."""
    ledger = told_ledger()
    before = ledger.now_ms
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), 0)])
    seq = ledger.submit(
        "ingest",
        [decision(ledger)],
        lines_changed={"claimed_at_ms": before - 1_000_000},
    )

    assert [("SIGNER_NOT_ALLOWED", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )
