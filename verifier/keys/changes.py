"""How a key gives way to its successor, or is declared compromised: KEY-9, KEY-10."""

from dataclasses import replace
from typing import NoReturn

from verifier.findings import Code, Violation
from verifier.format import ed25519
from verifier.format.note import VerifierKey
from verifier.keys.ring import Compromise, Grant, KeyRing
from verifier.schema.lines import Event


def rotate(ring: KeyRing, event: Event, seq: int) -> None:
    """Apply `keys.rotated.v1` of entry `seq`.

    Raises:
        Violation: KEY-1, KEY-2, KEY-7 or KEY-9.
    """
    name = event["name"].decode()
    old_key, new_key = _key(event, "old_public_key"), _key(event, "new_public_key")
    old = ring.active(old_key, seq)
    if old is None and ring.unsure:
        return
    if old is None:
        _refuse(
            Code.KEY_NOT_ACTIVE,
            "the name and key of an active grant by root",
            f"{name} {old_key.public_key.hex()}",
        )
    ed25519.check_public_key(new_key.public_key)
    _check_both(ring.origin, old, new_key, event)
    ring.end(old, rotated=True)
    ring.add(replace(old, key=new_key, seq=seq))


def _check_both(origin: str, old: Grant, new_key: VerifierKey, event: Event) -> None:
    """Check that the old and the new key both signed the rotation."""
    text = (
        f"tuneledger/rotation/v1\n{origin}\n{old.key.name}\n{old.role}\n"
        f"{old.key.public_key.hex()}\n{new_key.public_key.hex()}\n"
    ).encode()
    consent = bytes.fromhex(event["consent"].decode())
    if not ed25519.is_valid(old.key.public_key, consent, text):
        _refuse(Code.KEY_CONSENT, "the old key's signature", event["consent"])
    possession = bytes.fromhex(event["possession"].decode())
    if not ed25519.is_valid(new_key.public_key, possession, text):
        _refuse(Code.KEY_POSSESSION, "the new key's signature", event["possession"])


def declare(ring: KeyRing, event: Event, seq: int) -> None:
    """Apply `keys.compromised.v1` of entry `seq`.

    Raises:
        Violation: KEY-10.
    """
    key, since_seq = _key(event, "public_key"), int(event["since_seq"])
    granted = ring.granted.get(key.public_key)
    is_known = granted is not None and granted.key == key and granted.seq < seq
    if not is_known and not ring.unsure:
        _refuse(
            Code.KEY_NOT_GRANTED,
            "the name and key of an earlier grant",
            f"{key.name} {key.public_key.hex()}",
        )
    before = ring.compromised.get(key.public_key)
    highest = seq if before is None else before.since_seq - 1
    if since_seq > highest:
        _refuse(
            Code.KEY_NOT_GRANTED, f"a since_seq of at most {highest}", str(since_seq)
        )
    if before is not None:
        ring.compromised[key.public_key] = replace(before, since_seq=since_seq)
        return
    ring.compromised[key.public_key] = Compromise(key, since_seq, seq)
    if granted is not None:
        _end(ring, granted)


def _end(ring: KeyRing, grant: Grant) -> None:
    """End a key that was declared, where it is active, and the runs it certified."""
    public_key = grant.key.public_key
    if ring.grants.get(grant.place) is grant:
        ring.end(grant)
    for run in ring.running(grant.line):
        if run.certifier == public_key:
            ring.end(run)


def _key(event: Event, name: str) -> VerifierKey:
    return VerifierKey(event["name"].decode(), bytes.fromhex(event[name].decode()))


def _refuse(code: Code, expected: str, found: object) -> NoReturn:
    rule = "KEY-10" if code is Code.KEY_NOT_GRANTED else "KEY-9"
    raise Violation(code, rule, expected=expected, found=found)
