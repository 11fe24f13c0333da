"""What a ledger is worth, judged again: small, slow and from docs/spec.md alone.

It judges the campaign's ledgers only: events of four types, role keys that are granted,
rotated or retired, one root key. Nothing of `verifier` or `ledger` is used, so where it
and the verifier disagree, one of them is wrong.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.simulator import ZEROS, encode, leaf, tree_root

DECIMAL = rb"(0|[1-9][0-9]{0,15})"
HASH = rb"([0-9a-f]{64})"
ENTRY = re.compile(
    rb"tuneledger/entry/v1\nseq %b\nprevious %b\nbase %b\nrecorded_at_ms %b\n\n"
    rb"(tuneledger/submission/v1\norigin (\S+)\ngenesis %b\nstream ([a-z0-9/-]+)\n"
    rb"counter %b\nprevious %b\nevents %b\nevents_root %b\nclaimed_at_ms %b\n)\n(.*)"
    % (DECIMAL, HASH, DECIMAL, DECIMAL, HASH, DECIMAL, HASH, DECIMAL, HASH, DECIMAL),
    re.DOTALL,
)
CHECKPOINT = re.compile(rb"((\S+)\n%b\n(\S+)\n)\n(.*)" % DECIMAL, re.DOTALL)
LINE = re.compile(rb"\xe2\x80\x94 (\S+) ([A-Za-z0-9+/]+={0,2})\n")


class BrokenError(Exception):
    """A rule of sections 1 to 9 does not hold."""


def require(holds: object, rule: str) -> None:
    if not holds:
        raise BrokenError(rule)


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signature_lines(blob: bytes, rule: str) -> list[tuple[str, bytes, bytes]]:
    """Name, key id and signature of each line."""
    lines = []
    for line in blob.splitlines(keepends=True):
        match = LINE.fullmatch(line)
        require(match, rule)
        raw = base64.b64decode(match[2] + b"=" * (-len(match[2]) % 4))
        require(base64.b64encode(raw) == match[2] and len(raw) == 68, "CON-1")
        lines.append((match[1].decode(), raw[:4], raw[4:]))
    require(lines and blob.endswith(b"\n"), rule)
    return lines


def key_id(name: str, public: bytes, kind: bytes = b"\x01") -> bytes:
    return sha256(name.encode() + b"\n" + kind + public).digest()[:4]


@dataclass
class Book:
    """The state after some entry."""

    origin: str = ""
    genesis: str = ZEROS
    roots: list[tuple[str, bytes]] = field(default_factory=list)
    grants: dict[bytes, dict] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    streams: dict[str, tuple[int, str]] = field(default_factory=dict)
    named: set[tuple[str, str]] = field(default_factory=set)
    recorded: int = 0

    def log_key(self) -> bytes | None:
        return next((k for k, g in self.grants.items() if g["role"] == "log"), None)


def judge_rows(rows: list[tuple[bytes, bytes]], checkpoints: dict[int, bytes]) -> Book:
    """Hold a ledger's rows against sections 1 to 9.

    Raises:
        BrokenError: with the rule.
    """
    require(rows, "ENT-6")
    book, leaves = Book(), []
    sizes = sorted(checkpoints)
    require(sizes and 1 <= sizes[0] and sizes[-1] == len(rows), "CHK-2, CHK-4")
    for seq, (entry, events) in enumerate(rows):
        match = ENTRY.fullmatch(entry)
        require(match, "ENT-2")
        require(int(match[1]) == seq, "ENT-2")
        require(match[2].decode() == (leaves[-1].hex() if seq else ZEROS), "ENT-3")
        require(
            int(match[3]) == max([s for s in sizes if s <= seq], default=0), "ENT-4"
        )
        require(int(match[4]) >= book.recorded, "ENT-5")
        book.recorded = int(match[4])
        judge_submission(book, seq, match, events)
        leaves.append(leaf(entry))
        if seq + 1 in checkpoints:
            judge_checkpoint(book, checkpoints[seq + 1], leaves)
    return book


def judge_submission(book: Book, seq: int, match, events: bytes) -> None:
    text, stream = match[5], match[8].decode()
    lines = events.split(b"\n")
    require(lines.pop() == b"" and len(lines) == int(match[11]) > 0, "SUB-4")
    require(
        tree_root([leaf(line) for line in lines]).hex().encode() == match[12], "SUB-4"
    )
    if seq == 0:
        created = json.loads(lines[0])
        require(created["type"] == "keys.ledger_created.v1", "ENT-6")
        book.origin = created["origin"]
        book.roots = [
            (k["name"], bytes.fromhex(k["public_key"])) for k in created["root_keys"]
        ]
    require(match[6].decode() == book.origin, "SUB-2")
    require(match[7].decode() == book.genesis, "SUB-2")
    families = judge_signers(book, stream, text, signature_lines(match[14], "SUB-8"))
    head = book.streams.get(stream, (0, ZEROS))
    require(head == (int(match[9]), match[10].decode()), "SUB-5")
    book.streams[stream] = (head[0] + 1, sha256(text).hexdigest())
    if seq == 0:
        book.genesis = sha256(text).hexdigest()
    granted: set[bytes] = set()
    for place, line in enumerate(lines):
        event = json.loads(line)
        require(encode(event) == line, "EVT-3")
        require(event["type"].split(".")[0] in families, "SUB-6")
        require(
            (event["type"] == "keys.ledger_created.v1") == (seq + place == 0), "ENT-6"
        )
        judge_event(book, event, granted)
    logs = [g for g in book.grants.values() if g["role"] == "log"]
    require(len(logs) <= 1, "KEY-7")


def judge_signers(book: Book, stream: str, text: bytes, lines) -> list[str]:
    """The families that the signers may sign."""
    require(len(lines) == 1, "SUB-8")
    name, ident, signature = lines[0]
    if stream == "root":
        (key,) = book.roots
        require((name, ident) == (key[0], key_id(*key)), "SUB-7")
        require(is_signed(key[1], signature, text), "SUB-8")
        return ["keys"]
    for public, grant in book.grants.items():
        if (name, ident) == (grant["name"], key_id(grant["name"], public)):
            require(is_signed(public, signature, text), "SUB-8")
            prefix = grant["stream_prefix"]
            require((stream + "/").startswith(prefix + "/"), "SUB-6")
            return grant["families"]
    raise BrokenError("SUB-6")


def judge_event(book: Book, event: dict, fresh: set[bytes]) -> None:
    match event["type"]:
        case "keys.granted.v1":
            add_key(book, event, event["public_key"], fresh)
        case "keys.rotated.v1":
            old = bytes.fromhex(event["old_public_key"])
            grant = book.grants.pop(old, {})
            require(grant.get("name") == event["name"] and old not in fresh, "KEY-9")
            text = (
                f"tuneledger/rotation/v1\n{book.origin}\n{event['name']}\n"
                f"{grant['role']}\n{old.hex()}\n{event['new_public_key']}\n"
            ).encode()
            require(is_signed(old, bytes.fromhex(event["consent"]), text), "KEY-9")
            add_key(book, grant, event["new_public_key"], fresh)
        case "keys.retired.v1":
            old = bytes.fromhex(event["public_key"])
            grant = book.grants.pop(old, {})
            require(grant.get("name") == event["name"] and old not in fresh, "KEY-8")
        case "policy.adopted.v1":
            book.named.add(("policy", event["policy_sha256"]))
        case "optout.site_registered.v1":
            require(("site", event["site_id"]) not in book.named, "XEV-2")
            book.named.add(("site", event["site_id"]))
        case "ingest.record_decided.v1":
            require(("policy", event["policy_sha256"]) in book.named, "XEV-1")
            require(("record", event["record_id"]) not in book.named, "XEV-5")
            book.named.add(("record", event["record_id"]))


def add_key(book: Book, grant: dict, public_hex: str, fresh: set[bytes]) -> None:
    public = bytes.fromhex(public_hex)
    require(public not in book.seen | {key for _, key in book.roots}, "KEY-7")
    names = [g["name"] for g in book.grants.values() if g["role"] != "log"]
    require(grant["name"] not in names, "KEY-7")
    require((grant["role"] == "log") == (grant["name"] == book.origin), "KEY-7")
    book.seen.add(public)
    book.grants[public] = grant
    fresh.add(public)


def judge_checkpoint(book: Book, note: bytes, leaves: list[bytes]) -> None:
    match = CHECKPOINT.fullmatch(note)
    require(match and int(match[3]) == len(leaves), "CHK-2")
    require(match[2].decode() == book.origin, "CHK-1")
    require(match[4] == base64.b64encode(tree_root(leaves)), "CHK-3")
    lines, public = signature_lines(match[5], "CHK-1"), book.log_key()
    require(len(lines) == 1 and public is not None, "CHK-1")
    name, ident, signature = lines[0]
    require((name, ident) == (book.origin, key_id(book.origin, public)), "CHK-1")
    require(is_signed(public, signature, match[1]), "CHK-1")
