"""Which key may sign what, at which entry: docs/spec.md, section 2."""

import json
from dataclasses import dataclass, field
from typing import NoReturn

from verifier.findings import Code, Violation
from verifier.format import ed25519
from verifier.format.note import VerifierKey
from verifier.schema.lines import Event

LOG_ROLE = "log"
RUN_ROLE = "run"
KEYS_FAMILY = "keys"


@dataclass(frozen=True, slots=True)
class Grant:
    """One key's grant.

    Attributes:
        key: the key under its name.
        role: what it is for; `run` for the key of one run (KEY-11).
        families: event families that it may sign; never `keys` but for root (SUB-7).
        stream_prefix: it may sign this stream and, but for role `run`, those below it.
        seq: the granting entry; the grant takes effect after it.
        line: the first public key of its chain of rotations; of a run key, that of
            the key that certified it.
        certifier: public key of the key that certified a run key; otherwise empty.
    """

    key: VerifierKey
    role: str
    families: frozenset[str]
    stream_prefix: str
    seq: int
    line: bytes
    certifier: bytes = b""

    @property
    def place(self) -> tuple[str, bytes]:
        """Name and key id, as signature lines give them."""
        return self.key.name, self.key.key_id

    def covers(self, stream: str) -> bool:
        """Whether the key may sign in the stream."""
        if self.role == RUN_ROLE:
            return stream == self.stream_prefix
        return (stream + "/").startswith(self.stream_prefix + "/")


@dataclass(frozen=True, slots=True)
class Compromise:
    """What root declared about a key (KEY-10).

    Attributes:
        key: the key.
        since_seq: the first entry that a thief may have signed, by the newest
            declaration, which names the smallest.
        declared_seq: the entry of the first declaration.
    """

    key: VerifierKey
    since_seq: int
    declared_seq: int


@dataclass(slots=True)
class KeyRing:
    """The state of all keys after some entry.

    Attributes:
        origin: the log's name; empty before the ledger was created.
        threshold: how many root keys sign a key event.
        roots: the root keys, in order.
        grants: active grants by key name and key id.
        granted: every grant so far by public key, also those that ended.
        run_keys: the run key of each run that has one, by hex run id, also after it
            ended.
        compromised: the declared keys by public key.
        unsure: why the ring may lack a key, where an earlier entry could not be
            read; an unknown signer is then not blamed.
    """

    origin: str = ""
    threshold: int = 0
    roots: tuple[VerifierKey, ...] = ()
    grants: dict[tuple[str, bytes], Grant] = field(default_factory=dict)
    granted: dict[bytes, Grant] = field(default_factory=dict)
    run_keys: dict[bytes, Grant] = field(default_factory=dict)
    compromised: dict[bytes, Compromise] = field(default_factory=dict)
    unsure: str = ""
    # Active log keys, names of the other active keys, and active run keys by line:
    # what would otherwise be looked for among all grants.
    _logs: dict[bytes, Grant] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _running: dict[bytes, dict[bytes, Grant]] = field(default_factory=dict)

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
        self.threshold, self.roots = threshold, roots

    def grant(self, event: Event, seq: int) -> None:
        """Apply `keys.granted.v1`.

        Raises:
            Violation: KEY-1, KEY-2, KEY-5 or KEY-7.
        """
        role = event["role"].decode()
        key = VerifierKey(
            event["name"].decode(), bytes.fromhex(event["public_key"].decode())
        )
        self.check_possession(key, role, event["possession"])
        families = frozenset(json.loads(event["families"]))
        if role in (LOG_ROLE, "ci") and families:
            _refuse(
                Code.LOG_KEY, "KEY-7", f"no families for role {role}", sorted(families)
            )
        self.add(
            Grant(
                key=key,
                role=role,
                families=families - {KEYS_FAMILY},
                stream_prefix=event["stream_prefix"].decode(),
                seq=seq,
                line=key.public_key,
            )
        )

    def retire(self, event: Event, seq: int) -> None:
        """Apply `keys.retired.v1`.

        Raises:
            Violation: KEY-8.
        """
        public_key = bytes.fromhex(event["public_key"].decode())
        key = VerifierKey(event["name"].decode(), public_key)
        grant = self.active(key, seq)
        if grant is not None:
            self.end(grant)
        elif not self.unsure:
            _refuse(
                Code.KEY_NOT_ACTIVE,
                "KEY-8",
                "the name and key of an active grant by root",
                f"{key.name} {public_key.hex()}",
            )

    def check_possession(self, key: VerifierKey, role: str, proof: bytes) -> None:
        """Check a key and its holder's signature, given in hex, over its grant.

        Raises:
            Violation: KEY-1, KEY-2 or KEY-5.
        """
        ed25519.check_public_key(key.public_key)
        text = (
            f"tuneledger/possession/v1\n{self.origin}\n{key.name}\n{role}\n"
            f"{key.public_key.hex()}\n"
        )
        signature = bytes.fromhex(proof.decode())
        if not ed25519.is_valid(key.public_key, signature, text.encode()):
            _refuse(Code.KEY_POSSESSION, "KEY-5", "the key's own signature", proof)

    def active(self, key: VerifierKey, seq: int) -> Grant | None:
        """Return a key's grant by root where it is active at entry `seq`.

        A grant of the same entry is not: it takes effect after it (KEY-6).
        """
        grant = self.grants.get((key.name, key.key_id))
        if grant is None or grant.key != key or grant.role == RUN_ROLE:
            return None
        return grant if grant.seq < seq else None

    def add(self, grant: Grant) -> None:
        """Make a grant active.

        Raises:
            Violation: KEY-7: its key is not new, or its name is wrong or in use.
        """
        key = grant.key
        is_root = any(key.public_key == root.public_key for root in self.roots)
        if is_root or key.public_key in self.granted or grant.place in self.grants:
            _refuse(
                Code.KEY_NOT_UNIQUE,
                "KEY-7",
                "a public key granted once, and no root key",
                key.public_key.hex(),
            )
        if grant.role == LOG_ROLE and key.name != self.origin:
            _refuse(Code.LOG_KEY, "KEY-7", "the origin as the log key's name", key.name)
        is_taken = key.name == self.origin or key.name in self._names
        if grant.role != LOG_ROLE and is_taken:
            _refuse(
                Code.KEY_NOT_UNIQUE, "KEY-7", "a name that no active key has", key.name
            )
        self.granted[key.public_key] = self.grants[grant.place] = grant
        if grant.role == LOG_ROLE:
            self._logs[key.public_key] = grant
        else:
            self._names.add(key.name)
        if grant.role == RUN_ROLE:
            self._running.setdefault(grant.line, {})[key.public_key] = grant

    def end(self, grant: Grant, *, rotated: bool = False) -> None:
        """End an active grant and, unless it was rotated, those of its runs."""
        public_key = grant.key.public_key
        del self.grants[grant.place]
        self._logs.pop(public_key, None)
        if grant.role != LOG_ROLE:
            self._names.discard(grant.key.name)
        if grant.role == RUN_ROLE:
            del self._running[grant.line][public_key]
        elif not rotated:
            for run in self.running(grant.line):
                self.end(run)

    def running(self, line: bytes) -> list[Grant]:
        """Return the active run keys that a line of keys answers for."""
        return list(self._running.get(line, {}).values())

    def check_log_keys(self) -> None:
        """Check, after an entry, that at most one log key is active.

        Raises:
            Violation: KEY-7.
        """
        if len(self._logs) > 1:
            _refuse(
                Code.LOG_KEY, "KEY-7", "at most one active log key", len(self._logs)
            )

    def log_key(self) -> VerifierKey | None:
        """Return the log key that signs a checkpoint over all entries so far."""
        newest = next(reversed(self._logs.values()), None)
        return newest.key if newest else None


def _refuse(code: Code, rule: str, expected: str, found: object) -> NoReturn:
    raise Violation(code, rule, expected=expected, found=found)
