"""Which witnesses must have cosigned a checkpoint.

    witness W1 <vkey>
    witness W2 <vkey>
    group both all W1 W2
    quorum both

Source: https://c2sp.org/tlog-policy.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NoReturn

from verifier.findings import Violation, shown
from verifier.format.cosignature import WitnessKey, parse_witness_vkey
from verifier.format.note import NoteError, VerifierKey, parse_vkey

POLICY_BYTES_MAX = 1024 * 1024
LINES_MAX = 256
"""Most lines of each kind: logs, witnesses, groups."""

NONE = b"none"

_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(rb"[1-9][0-9]{0,3}")


class TlogPolicyError(ValueError):
    """A tlog-policy text breaks a rule; the message names the line."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness under the policy's own name for it."""

    name: bytes
    key: WitnessKey


@dataclass(frozen=True, slots=True)
class Group:
    """It has witnessed what at least `threshold` of its members have."""

    name: bytes
    threshold: int
    members: tuple[bytes, ...]


@dataclass(slots=True)
class WitnessPolicy:
    """A parsed policy.

    Attributes:
        logs: keys of which one must have signed the checkpoint; empty where any may.
        witnesses: by the policy's names, which are bytes.
        groups: in the order of their lines, so each is after its members.
        quorum: the name of a witness or group; `none` where no cosignature is needed.
    """

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: bytes = b""

    def is_met(self, cosigned: Collection[bytes]) -> bool:
        """Whether witnesses with these public keys meet the quorum."""
        if self.quorum == NONE:
            return True
        met = {item.name for item in self.witnesses if item.key.public_key in cosigned}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met

    def describe_quorum(self) -> str:
        """Return the quorum as one line for people."""
        rules = {group.name: group for group in self.groups}
        group = rules.get(self.quorum)
        if group is None:
            return shown(self.quorum)
        members = ", ".join(shown(member) for member in group.members)
        return f"{shown(group.name)} ({group.threshold} of {members})"


def parse_policy(text: bytes) -> WitnessPolicy:
    """Read a policy.

    Raises:
        TlogPolicyError: a rule of the specification does not hold, or a limit is
            exceeded.
    """
    if len(text) > POLICY_BYTES_MAX:
        message = f"expected at most {POLICY_BYTES_MAX} bytes, found {len(text)}"
        raise TlogPolicyError(message)
    if text and not text.endswith(b"\n"):
        _refuse(text.count(b"\n") + 1, "a newline at the end of every line", "none")
    reader = _Reader()
    for number, line in enumerate(text.split(b"\n")[:-1], start=1):
        odd = _FORBIDDEN.search(line)
        if odd:
            _refuse(number, "no control character but tab", odd[0].hex())
        items = line.replace(b"\t", b" ").split(b" ")
        items = [item for item in items if item]
        if items and not items[0].startswith(b"#"):
            reader.take(number, items)
    if not reader.policy.quorum:
        message = "expected exactly one quorum line, found none"
        raise TlogPolicyError(message)
    return reader.policy


class _Reader:
    """The policy so far, with what later lines may refer to."""

    def __init__(self) -> None:
        self.policy = WitnessPolicy()
        self._names: set[bytes] = set()
        self._members: set[bytes] = set()

    def take(self, number: int, items: list[bytes]) -> None:
        """Read one line that is neither empty nor a comment."""
        match items:
            case [b"log", vkey] | [b"log", vkey, _]:
                self._log(number, vkey)
            case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
                self._witness(number, name, vkey)
            case [b"group", name, count, *members] if members:
                self._group(number, name, count, members)
            case [b"quorum", name]:
                self._quorum(number, name)
            case _:
                _refuse(number, "a log, witness, group or quorum", b" ".join(items))

    def _log(self, number: int, vkey: bytes) -> None:
        try:
            key = parse_vkey(vkey.decode())
        except (NoteError, Violation, UnicodeDecodeError) as error:
            _refuse(number, "the vkey of a log", error)
        if any(key.public_key == other.public_key for other in self.policy.logs):
            _refuse(number, "each log key once", vkey)
        _limit(number, self.policy.logs)
        self.policy.logs.append(key)

    def _witness(self, number: int, name: bytes, vkey: bytes) -> None:
        self._define(number, name)
        try:
            key = parse_witness_vkey(vkey.decode())
        except (NoteError, Violation, UnicodeDecodeError) as error:
            _refuse(number, "the vkey of a witness", error)
        known = (other.key.public_key for other in self.policy.witnesses)
        if key.public_key in known:
            _refuse(number, "each witness key once, under whatever name", vkey)
        _limit(number, self.policy.witnesses)
        self.policy.witnesses.append(Witness(name, key))

    def _group(
        self, number: int, name: bytes, count: bytes, members: list[bytes]
    ) -> None:
        for member in members:
            if member not in self._names:
                _refuse(number, "members that earlier lines define", member)
            if member in self._members:
                _refuse(number, "each name a member once", member)
            self._members.add(member)
        self._define(number, name)
        _limit(number, self.policy.groups)
        threshold = _threshold(number, count, len(members))
        self.policy.groups.append(Group(name, threshold, tuple(members)))

    def _quorum(self, number: int, name: bytes) -> None:
        if self.policy.quorum:
            _refuse(number, "exactly one quorum line", "another")
        if name != NONE and name not in self._names:
            _refuse(number, "a quorum that an earlier line defines, or none", name)
        self.policy.quorum = name

    def _define(self, number: int, name: bytes) -> None:
        if name == NONE or name in self._names:
            _refuse(number, "a name that is not taken", name)
        self._names.add(name)


def _threshold(number: int, count: bytes, members: int) -> int:
    if count in (b"any", b"all"):
        return 1 if count == b"any" else members
    if not _COUNT.fullmatch(count) or int(count) > members:
        _refuse(number, f"any, all or a number from 1 to {members}", count)
    return int(count)


def _limit(number: int, lines: Collection[object]) -> None:
    if len(lines) >= LINES_MAX:
        _refuse(number, f"at most {LINES_MAX} lines of a kind", "more")


def _refuse(number: int, expected: str, found: object) -> NoReturn:
    message = f"line {number}: expected {expected}, found {shown(found)}"
    raise TlogPolicyError(message)
