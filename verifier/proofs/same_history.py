"""A checkpoint pair: one history, or a fork (docs/proofs.md, section 4).

The consistency proof shows which root the newer tree really has at the older size.
Where the older note signs that root, it is a prefix; where it signs another one, the
log signed two histories, and whoever holds this file can show it to others.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from verifier.bundle.chain import Chain
from verifier.bundle.findings import BundleViolation
from verifier.bundle.json_files import Reader, canonical
from verifier.bundle.receipts import Receipt
from verifier.format.checkpoint import Checkpoint
from verifier.format.note import VerifierKey
from verifier.format.tree import ProofError, check_consistency
from verifier.keys.ring import Compromise
from verifier.proofs.file import reader
from verifier.proofs.findings import ProofCode
from verifier.proofs.keys import check_signed, replay, take_keys
from verifier.proofs.note import CosignedNote, parse_cosigned

FORMAT = "tuneledger/checkpoint-pair/v1"


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair taken apart; nothing in it is checked.

    Attributes:
        old: the note of the smaller tree, or of either where both are of one size.
        new: the other note.
        root_at_old_size: the root that the newer tree has at the older size.
        proof: the consistency proof from that root to the newer one.
        keys_old: receipts of key events under the older root; empty where those under
            the newer one are enough.
        keys_new: receipts of key events under the newer root.
    """

    old: CosignedNote
    new: CosignedNote
    root_at_old_size: bytes
    proof: tuple[bytes, ...]
    keys_old: list[Receipt]
    keys_new: list[Receipt]

    @property
    def is_fork(self) -> bool:
        """Whether the older note signs another root than the newer tree has there."""
        return self.root_at_old_size != self.old.checkpoint.root


@dataclass(frozen=True, slots=True)
class CheckedPair:
    """What a pair shows.

    Attributes:
        pair: the pair.
        chain: the keys under the newer root.
        chain_old: the keys under the older root; None where the file has none.
        log_key_old: the log key that signed the older note.
    """

    pair: Pair
    chain: Chain
    chain_old: Chain | None
    log_key_old: VerifierKey | None

    @property
    def is_fork(self) -> bool:
        """Whether the log signed two histories."""
        return self.pair.is_fork

    @property
    def is_one_log(self) -> bool:
        """Whether one log signed both notes, whoever its root is.

        A grant carries its key's signature over the origin alone, so a stranger can
        copy the grant of another log's key. Two notes of one key, or two lists of keys
        under one root, cannot be copied together.
        """
        return (
            self.chain_old is not None or self.log_key_old == self.chain.ring.log_key()
        )

    @property
    def compromised(self) -> list[Compromise]:
        """What root declared about the log keys that a fork rests on (KEY-10).

        Of one history nothing rests on the older note's key: the newer note covers
        the older tree.
        """
        if not self.is_fork:
            return []
        chains = (
            [self.chain] if self.chain_old is None else [self.chain_old, self.chain]
        )
        signers = [
            (self.log_key_old, self.pair.old.checkpoint.size),
            (self.chain.ring.log_key(), self.pair.new.checkpoint.size),
        ]
        return [
            declared
            for chain in chains
            for declared in chain.ring.compromised.values()
            if any(
                declared.key == key and size > declared.since_seq
                for key, size in signers
            )
        ]


def take_pair(value: Any) -> Pair:
    """Take a pair's values by their shapes.

    Raises:
        BundleViolation: PRF-2, PRF-5, PRF-6 or PRF-13.
    """
    read = reader("pair")
    names = ("format", "keys_new", "keys_old", "new", "old", "proof")
    item = read.record(value, *names, "root_at_old_size")
    (root,) = read.hashes([item["root_at_old_size"]])
    keys_old = item["keys_old"]
    return Pair(
        old=_note(read, item["old"], "old"),
        new=_note(read, item["new"], "new"),
        root_at_old_size=root,
        proof=read.hashes(item["proof"]),
        keys_old=[] if keys_old == [] else _keys(keys_old, "keys_old"),
        keys_new=_keys(item["keys_new"], "keys_new"),
    )


def check_pair(pair: Pair) -> CheckedPair:
    """Check both signatures and the proof; say what they show.

    Raises:
        BundleViolation: a rule does not hold, so the pair shows nothing.
        UnknownSignerError: a key event of an unknown type may have granted a key.
    """
    old, new = pair.old.checkpoint, pair.new.checkpoint
    if old.origin != new.origin:
        raise _refused("PRF-13", "two notes of one origin", old.origin)
    _check_proof(pair, old, new)
    chain = _replay(new, pair.keys_new, "keys_new")
    check_signed(new, chain, where="new")
    chain_old = None
    if pair.keys_old:
        chain_old = signed = _replay(old, pair.keys_old, "keys_old")
        _check_roots(chain_old, chain)
    else:
        earlier = [one for one in pair.keys_new if one.index < old.size]
        signed = _replay(new, earlier, "keys_new")
    check_signed(old, signed, where="old")
    return CheckedPair(pair, chain, chain_old, signed.ring.log_key())


def parse_pair(content: bytes) -> Pair:
    """Read a pair's bytes.

    Raises:
        BundleViolation: PRF-2, PRF-5, PRF-6 or PRF-13.
    """
    read = reader("pair")
    value = read.parse(content)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        read.refuse(f"format {FORMAT}", "another")
    return take_pair(value)


def encode_pair(pair: Pair) -> bytes:
    """The bytes of a pair in their one spelling."""
    return canonical(
        {
            "format": FORMAT,
            "keys_new": [_encoded_receipt(one) for one in pair.keys_new],
            "keys_old": [_encoded_receipt(one) for one in pair.keys_old],
            "new": pair.new.stored.decode(),
            "old": pair.old.stored.decode(),
            "proof": _encoded(pair.proof),
            "root_at_old_size": b64encode(pair.root_at_old_size).decode(),
        }
    )


def _check_proof(pair: Pair, old: Checkpoint, new: Checkpoint) -> None:
    """Check that `root_at_old_size` is a prefix of the newer tree (PRF-14)."""
    try:
        check_consistency(
            size_old=old.size,
            root_old=pair.root_at_old_size,
            size_new=new.size,
            root_new=new.root,
            proof=pair.proof,
        )
    except ProofError as error:
        raise _refused(
            "PRF-14", f"a proof from size {old.size} to size {new.size}", error
        ) from None


def _check_roots(old: Chain, new: Chain) -> None:
    """Check that both lists of keys lead to one root (PRF-15).

    Anybody can begin a ledger under another log's name, so two roots are no fork.
    """
    roots = [
        ({key.public_key for key in chain.ring.roots}, chain.ring.threshold)
        for chain in (old, new)
    ]
    if roots[0] != roots[1]:
        expected = "keys_old and keys_new under one set of root keys and one threshold"
        raise _refused("PRF-15", expected, "not shown to be one log's: another root")


def _replay(checkpoint: Checkpoint, keys: list[Receipt], where: str) -> Chain:
    """Check key receipts, and say of which list a bad one is."""
    try:
        return replay(checkpoint, keys)
    except BundleViolation as broken:
        finding = broken.finding
        raise BundleViolation(
            finding.code,
            finding.rule,
            where=f"{where}: {finding.where}",
            expected=finding.expected,
            found=finding.found,
        ) from None


def _note(read: Reader, value: Any, where: str) -> CosignedNote:
    """Take a note with the log's line alone, so that a pair has one spelling."""
    note = parse_cosigned(read.text(value).encode(), where=where)
    if note.cosignatures:
        raise _refused("PRF-13", "the log's signature line alone", "cosignatures")
    return note


def _keys(value: Any, where: str) -> list[Receipt]:
    read: Reader = reader(where)
    return take_keys(read, value, where=where)


def _encoded(hashes: tuple[bytes, ...]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


def _encoded_receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "entry": receipt.entry.decode(),
        "events": [
            {
                "index": event.index,
                "line": event.line.decode(),
                "path": _encoded(event.path),
            }
            for event in receipt.events
        ],
        "index": receipt.index,
        "path": _encoded(receipt.path),
    }


def _refused(rule: str, expected: str, found: object) -> BundleViolation:
    return BundleViolation(
        ProofCode.CONSISTENCY, rule, where="pair", expected=expected, found=found
    )
