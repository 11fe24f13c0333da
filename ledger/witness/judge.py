"""Whether a witness may cosign: the rule alone, without files, clock or network.

The checks come in the order of C2SP tlog-witness, "add-checkpoint", each with its
status:

- 404: the witness knows no key of the origin.
- 403: no line of a known key, one that does not verify, or two of one key. Lines of
  other keys are ignored.
- 400: the old size is above the checkpoint's size.
- 409: the old size is not that of the last cosigned checkpoint.
- 422: the checkpoint does not extend the last one: another root at the same size, a
  proof that does not verify, a proof from an empty tree, an empty tree with a root.

An old checkpoint that was cosigned before is refused too (409), so a witness that obeys
never answers two checkpoints of one origin that are not on one history, nor a smaller
one after a larger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import KeyTrustError
from ledger.format.ed25519 import check_signature
from ledger.format.note import Note, Signature, VerifierKey
from ledger.format.tree import EMPTY_ROOT, roots_from_consistency
from ledger.witness.refusal import RefusalError
from ledger.witness.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The last checkpoint that the witness cosigned for an origin.

    Attributes:
        size: its tree size.
        root: its root, 32 bytes.
        at_s: when, Unix seconds.
    """

    size: int
    root: bytes
    at_s: int


def judge(
    request: Request, keys: Sequence[VerifierKey], last: Last | None, now_s: int
) -> tuple[Signature, ...]:
    """Decide on a request; whoever calls this holds the origin's state still.

    Args:
        request: what was asked for.
        keys: the log's keys that the witness trusts for this origin.
        last: what it cosigned last for this origin, None for nothing.
        now_s: the time now, Unix seconds.

    Returns:
        The log's signature lines, verified.

    Raises:
        RefusalError: the checkpoint must not be cosigned.
    """
    if not keys:
        raise RefusalError(404, f"unknown log {request.head.origin[:128]!r}")
    signatures = verified_lines(request.note, keys)
    size, known = request.head.size, 0 if last is None else last.size
    if request.old_size > size:
        message = f"old size {request.old_size} is above the checkpoint's size {size}"
        raise RefusalError(400, message)
    if request.old_size != known:
        message = f"expected the last cosigned size {known}, found {request.old_size}"
        raise RefusalError(409, message, known_size=known)
    _check_extends(request, last)
    if last is not None and now_s < last.at_s:
        message = (
            f"this witness's clock shows {now_s}, but it cosigned at {last.at_s} before"
        )
        raise RefusalError(503, message)
    return signatures


def verified_lines(note: Note, keys: Sequence[VerifierKey]) -> tuple[Signature, ...]:
    """The lines of known keys, all of which must verify.

    Raises:
        RefusalError: 403, see above.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found: dict[tuple[str, bytes], Signature] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if (line.name, line.key_id) in found:
            raise RefusalError(403, f"two signature lines of the log key {key.name}")
        try:
            check_signature(key.public_key, line.signature, note.text)
        except KeyTrustError:
            message = f"the signature of the log key {key.name} does not verify"
            raise RefusalError(403, message) from None
        found[line.name, line.key_id] = line
    if not found:
        raise RefusalError(403, "no signature of a known log key")
    return tuple(found.values())


def _check_extends(request: Request, last: Last | None) -> None:
    """Refuse a tree that the last cosigned one is not a part of (422)."""
    head, proof = request.head, request.proof
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise RefusalError(422, "an empty tree has another root")
    if last is None or last.size == 0:
        if proof:
            raise RefusalError(422, "a proof from an empty tree is empty")
        return
    if head.size == last.size and head.root != last.root:
        raise RefusalError(422, f"another root was cosigned at size {head.size}")
    roots = roots_from_consistency(
        old_size=last.size, new_size=head.size, old_root=last.root, proof=proof
    )
    if roots != (last.root, head.root):
        message = f"the proof from size {last.size} to {head.size} does not verify"
        raise RefusalError(422, message)
