"""A disclosure: names that open commitments (docs/proofs.md, section 3)."""

import hmac
import re
from dataclasses import dataclass
from typing import Any

from verifier.bundle.chain import Chain
from verifier.bundle.events import ReadEvent, read_event
from verifier.bundle.findings import BundleViolation
from verifier.bundle.json_files import Reader
from verifier.bundle.receipts import Receipt, take_receipt
from verifier.proofs.file import reader, take_tokens
from verifier.proofs.findings import ProofCode
from verifier.proofs.keys import check_signed, replay, take_keys
from verifier.proofs.note import CosignedNote, parse_cosigned

FIELDS = {
    "optout.site_registered.v1": "commitment",
    "optout.url_scanned.v1": "url_commitment",
}
"""The commitments that can be opened, by event type (PRF-12)."""

OPENINGS_MAX = 100_000
NAME_BYTES_MAX = 131_072
"""Most openings in a file, and the longest name (PRF-11)."""

_EVENT_ID = re.compile(r"(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,3})")
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Opening:
    """One name and the key that commits to it.

    Attributes:
        event: the event's id, `seq.i`.
        field: the field that holds the commitment.
        name: the site's origin or the scanned URL.
        key: 32 bytes.
    """

    event: str
    field: str
    name: str
    key: bytes


@dataclass(frozen=True, slots=True)
class DisclosureFile:
    """A disclosure taken apart; nothing in it is checked.

    Attributes:
        openings: the names, in the order of their events.
        shown: the entries with the events that are opened.
        note: the checkpoint with its cosignature lines.
        keys: receipts of the key events.
        tokens: time stamps over the checkpoint.
    """

    openings: list[Opening]
    shown: list[Receipt]
    note: CosignedNote
    keys: list[Receipt]
    tokens: tuple[bytes, ...]


def take_disclosure(value: Any) -> DisclosureFile:
    """Take a disclosure's values by their shapes.

    Raises:
        BundleViolation: PRF-2, PRF-5, PRF-6, PRF-9 or PRF-11.
    """
    read = reader("disclosure")
    names = ("checkpoint", "entries", "format", "keys", "openings", "timestamps")
    item = read.record(value, *names)
    entries = read.array(item["entries"], at_most=OPENINGS_MAX)
    openings = read.array(item["openings"], at_most=OPENINGS_MAX)
    note = read.text(item["checkpoint"]).encode()
    return DisclosureFile(
        openings=[_opening(read, one) for one in openings],
        shown=[take_receipt(read, one) for one in entries],
        note=parse_cosigned(note, where="checkpoint"),
        keys=take_keys(reader("keys"), item["keys"], where="keys"),
        tokens=take_tokens(read, item["timestamps"]),
    )


def check_disclosure(disclosure: DisclosureFile) -> Chain:
    """Check the receipts, then that each opening is that of a shown event.

    Raises:
        BundleViolation: a rule does not hold.
        UnknownSignerError: a key event of an unknown type may have granted a key.
    """
    events = _shown_events(disclosure)
    checkpoint = disclosure.note.checkpoint
    chain = replay(checkpoint, disclosure.keys, disclosure.shown)
    check_signed(checkpoint, chain, where="checkpoint")
    for opening, event in zip(disclosure.openings, events, strict=True):
        _check_opening(opening, event)
    return chain


def _shown_events(disclosure: DisclosureFile) -> list[ReadEvent]:
    """The shown events, each of which has its one opening (PRF-11).

    Raises:
        BundleViolation: one has none or two, or they are out of order.
    """
    shown = [(one, event) for one in disclosure.shown for event in one.events]
    places = [(one.index, event.index) for one, event in shown]
    opened = [opening.event for opening in disclosure.openings]
    if places != sorted(set(places)) or opened != [f"{i}.{j}" for i, j in places]:
        raise _refused(
            ProofCode.SHOWN,
            "PRF-11",
            "disclosure",
            "one opening for each shown event, in the ledger's order",
            f"openings of {', '.join(opened[:9])}",
        )
    return [read_event(one, event) for one, event in shown]


def _opening(read: Reader, value: Any) -> Opening:
    item = read.record(value, "event", "field", "key", "name")
    opening = Opening(
        event=read.text(item["event"]),
        field=read.text(item["field"]),
        name=read.text(item["name"]),
        key=b"",
    )
    key = read.text(item["key"])
    if _EVENT_ID.fullmatch(opening.event) is None:
        read.refuse("an event id such as 7.3", opening.event)
    if _KEY.fullmatch(key) is None:
        read.refuse("a key of 64 hex digits", "another text")
    if not 1 <= len(opening.name.encode()) <= NAME_BYTES_MAX:
        read.refuse(f"a name of 1 to {NAME_BYTES_MAX} bytes", "another length")
    return Opening(opening.event, opening.field, opening.name, bytes.fromhex(key))


def _check_opening(opening: Opening, event: ReadEvent) -> None:
    """Compare the event's commitment with that of the name under the key (PRF-12).

    Raises:
        BundleViolation: they differ, or the event has no such commitment.
    """
    if event.fields is None or FIELDS.get(event.name) != opening.field:
        raise _refused(
            ProofCode.OPENING,
            "PRF-12",
            event.where,
            f"{opening.field} in one of {', '.join(sorted(FIELDS))}",
            event.name,
        )
    found = hmac.digest(opening.key, opening.name.encode(), "sha256").hex()
    expected = event.fields[opening.field].decode()
    if not hmac.compare_digest(expected, found):
        raise _refused(
            ProofCode.OPENING,
            "PRF-12",
            event.where,
            f"a name that the commitment {expected} holds",
            f"one with the commitment {found}",
        )


def _refused(
    code: ProofCode, rule: str, where: str, expected: str, found: object
) -> BundleViolation:
    return BundleViolation(code, rule, where=where, expected=expected, found=found)
