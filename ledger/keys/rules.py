"""What each key event changes, and what it may not (docs/spec.md, KEY-5 to KEY-10)."""

from msgspec.structs import replace

from ledger.errors import IntegrityError
from ledger.events.keys import (
    KeyCompromised,
    KeyGranted,
    KeyRetired,
    KeyRotated,
    KeysEvent,
    LedgerCreated,
    StreamAbandoned,
)
from ledger.format.ed25519 import check_public_key, check_signature
from ledger.keys.files import possession_text, rotation_text
from ledger.keys.grants import Grant, Grants


def take_key_event(grants: Grants, event: KeysEvent, seq: int) -> None:
    """Take one key event of entry `seq`.

    Raises:
        IntegrityError: the event contradicts what stands.
        KeyTrustError: a key that must not be trusted.
    """
    if not grants.origin and not isinstance(event, LedgerCreated):
        message = f"entry {seq}: expected keys.ledger_created.v1 first (ENT-6)"
        raise IntegrityError(message)
    match event:
        case LedgerCreated():
            _create(grants, event, seq)
        case KeyGranted():
            _grant(grants, event, seq)
        case KeyRetired():
            _retire(grants, event, seq)
        case KeyRotated():
            _rotate(grants, event, seq)
        case KeyCompromised():
            _compromise(grants, event, seq)
        case StreamAbandoned(stream=stream):
            grants.abandoned.append(stream)


def _create(grants: Grants, event: LedgerCreated, seq: int) -> None:
    names = {key.name for key in event.root_keys}
    keys = {key.public_key for key in event.root_keys}
    if seq or grants.origin or len(event.root_keys) < event.root_threshold:
        message = f"entry {seq}: a ledger is created once, with enough root keys"
        raise IntegrityError(message)
    if min(len(names), len(keys)) < len(event.root_keys):
        message = "entry 0: root keys must differ in name and key"
        raise IntegrityError(message)
    for key in event.root_keys:
        check_public_key(bytes.fromhex(key.public_key))
    grants.origin = event.origin
    grants.root_threshold = event.root_threshold
    grants.root_keys = [(key.name, key.public_key) for key in event.root_keys]


def _grant(grants: Grants, event: KeyGranted, seq: int) -> None:
    public_key = bytes.fromhex(event.public_key)
    check_public_key(public_key)
    text = possession_text(grants.origin, event.name, event.role, public_key)
    check_signature(public_key, bytes.fromhex(event.possession), text)
    is_log = event.role == "log"
    if (
        not grants.is_new(event.public_key, event.name)
        or is_log != (event.name == grants.origin)
        or (event.role in {"log", "ci"} and event.families)
    ):
        message = f"entry {seq}: key {event.name} cannot be granted (KEY-7)"
        raise IntegrityError(message)
    grants.grants.append(
        Grant(
            name=event.name,
            public_key=event.public_key,
            role=event.role,
            families=list(event.families),
            stream_prefix=event.stream_prefix,
            granted_seq=seq,
        )
    )


def _retire(grants: Grants, event: KeyRetired, seq: int) -> None:
    place = grants.active_place(event.name, event.public_key, seq)
    if place is None:
        message = f"entry {seq}: key {event.name} is not active (KEY-8)"
        raise IntegrityError(message)
    grants.end(place, seq)
    grants.end_runs_of(grants.grants[place], seq)


def _rotate(grants: Grants, event: KeyRotated, seq: int) -> None:
    place = grants.active_place(event.name, event.old_public_key, seq)
    if place is None:
        message = f"entry {seq}: key {event.name} is not active (KEY-9)"
        raise IntegrityError(message)
    grant = grants.grants[place]
    keys = bytes.fromhex(event.old_public_key), bytes.fromhex(event.new_public_key)
    check_public_key(keys[1])
    text = rotation_text(grants.origin, event.name, grant.role, *keys)
    check_signature(keys[0], bytes.fromhex(event.consent), text)
    check_signature(keys[1], bytes.fromhex(event.possession), text)
    if not grants.is_new(event.new_public_key):
        message = f"entry {seq}: key {event.name} cannot be rotated to (KEY-7)"
        raise IntegrityError(message)
    grants.end(place, seq)
    grants.grants.append(
        replace(
            grant,
            public_key=event.new_public_key,
            granted_seq=seq,
            follows=grant.public_key,
        )
    )


def _compromise(grants: Grants, event: KeyCompromised, seq: int) -> None:
    place = grants.place(event.name, event.public_key, seq)
    if place is None:
        message = f"entry {seq}: key {event.name} was never granted (KEY-10)"
        raise IntegrityError(message)
    grant = grants.grants[place]
    before = grant.compromised_since
    latest = seq if before is None else before - 1
    if event.since_seq > latest:
        message = (
            f"entry {seq}: key {event.name}: expected since_seq of at most "
            f"{latest}, found {event.since_seq} (KEY-10)"
        )
        raise IntegrityError(message)
    grants.grants[place] = replace(grant, compromised_since=event.since_seq)
    grants.end(place, seq)
    grants.end_runs_of(grant, seq)
