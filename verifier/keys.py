"""Which key may sign what, at which entry: docs/spec.md, section 2."""

import json
from dataclasses import dataclass, field
from typing import NoReturn

from verifier import ed25519
from verifier.findings import Code, Violation
from verifier.note import VerifierKey
from verifier.schema import Event

LOG_ROLE = "log"
KEYS_FAMILY = "keys"


@dataclass(frozen=True, slots=True)
class Grant:
    """One key's grant, while it is active.

    Attributes:
        key: the key under its name.
        role: what it is for.
        families: event families that it may sign.
        stream_prefix: it may sign this stream and those below it.
        seq: the granting entry; the grant takes effect after it.
    """

    key: VerifierKey
    role: str
    families: frozenset[str]
    stream_prefix: str
    seq: int

    def covers(self, stream: str) -> bool:
        """Whether the stream is the granted one or below it."""
        return (stream + "/").startswith(self.stream_prefix + "/")


@dataclass(slots=True)
class KeyRing:
    """The state of all keys after some entry.

    Attributes:
        origin: the log's name; empty before the ledger was created.
        threshold: how many root keys sign a key event.
        roots: the root keys, in order.
        grants: active grants by key name and key id.
        unsure: why the ring may lack a key, where an earlier entry could not be
            read; an unknown signer is then not blamed.
    """

    origin: str = ""
    threshold: int = 0
    roots: tuple[VerifierKey, ...] = ()
    grants: dict[tuple[str, bytes], Grant] = field(default_factory=dict)
    unsure: str = ""
    _seen: set[bytes] = field(default_factory=set)

    def create(self, event: Event) -> None:
        """Take origin, threshold and root keys from event 0.0.

        Raises:
            Violation: ENT-6, KEY-1 or KEY-2.
        """
        roots = tuple(
            VerifierKey(root["name"], bytes.fromhex(root["public_key"]))
            for root in json.loads(event["root_keys"])
        )
        threshold = int(event["root_threshold"])
        names = {root.name for root in roots}
        keys = {root.public_key for root in roots}
        if len(names) < len(roots) or len(keys) < len(roots):
            _refuse(Code.GENESIS, "ENT-6", "root keys that differ", event["root_keys"])
        if threshold > len(roots):
            _refuse(
                Code.GENESIS, "ENT-6", f"a threshold of at most {len(roots)}", threshold
            )
        for root in roots:
            ed25519.check_public_key(root.public_key)
        self.origin = event["origin"].decode()
        self.threshold, self.roots, self._seen = threshold, roots, keys

    def grant(self, event: Event, seq: int) -> None:
        """Apply `keys.granted.v1`.

        Raises:
            Violation: KEY-1, KEY-2, KEY-5 or KEY-7.
        """
        name, role = event["name"].decode(), event["role"].decode()
        public_key = bytes.fromhex(event["public_key"].decode())
        ed25519.check_public_key(public_key)
        text = (
            f"tuneledger/possession/v1\n{self.origin}\n{name}\n{role}\n"
            f"{public_key.hex()}\n"
        )
        proof = bytes.fromhex(event["possession"].decode())
        if not ed25519.is_valid(public_key, proof, text.encode()):
            _refuse(
                Code.KEY_POSSESSION, "KEY-5", "the key's own signature", proof.hex()
            )
        key = VerifierKey(name, public_key)
        if public_key in self._seen or (name, key.key_id) in self.grants:
            _refuse(
                Code.KEY_NOT_UNIQUE,
                "KEY-7",
                "a public key granted once, and no root key",
                public_key.hex(),
            )
        families = frozenset(json.loads(event["families"]))
        self._check_role(name, role, families)
        grant = Grant(
            key=key,
            role=role,
            families=families,
            stream_prefix=event["stream_prefix"].decode(),
            seq=seq,
        )
        self._seen.add(public_key)
        self.grants[name, key.key_id] = grant

    def retire(self, event: Event, seq: int) -> None:
        """Apply `keys.retired.v1`.

        Raises:
            Violation: KEY-8.
        """
        public_key = bytes.fromhex(event["public_key"].decode())
        key = VerifierKey(event["name"].decode(), public_key)
        grant = self.grants.get((key.name, key.key_id))
        if grant is None and self.unsure:
            return
        if grant is None or grant.key != key or grant.seq == seq:
            _refuse(
                Code.KEY_NOT_ACTIVE,
                "KEY-8",
                "the name and key of an active grant",
                f"{key.name} {public_key.hex()}",
            )
        del self.grants[key.name, key.key_id]

    def check_log_keys(self) -> None:
        """Check, after an entry, that at most one log key is active.

        Raises:
            Violation: KEY-7.
        """
        count = sum(grant.role == LOG_ROLE for grant in self.grants.values())
        if count > 1:
            _refuse(Code.LOG_KEY, "KEY-7", "at most one active log key", count)

    def log_key(self) -> VerifierKey | None:
        """Return the log key that signs a checkpoint over all entries so far."""
        logs = [grant for grant in self.grants.values() if grant.role == LOG_ROLE]
        return logs[-1].key if logs else None

    def _check_role(self, name: str, role: str, families: frozenset[str]) -> None:
        if role in (LOG_ROLE, "ci") and families:
            _refuse(
                Code.LOG_KEY, "KEY-7", f"no families for role {role}", sorted(families)
            )
        if role == LOG_ROLE:
            if name != self.origin:
                _refuse(Code.LOG_KEY, "KEY-7", "the origin as the log key's name", name)
            return
        if name == self.origin or any(name == active for active, _ in self.grants):
            _refuse(Code.KEY_NOT_UNIQUE, "KEY-7", "a name that no active key has", name)


def _refuse(code: Code, rule: str, expected: str, found: object) -> NoReturn:
    raise Violation(code, rule, expected=expected, found=found)
