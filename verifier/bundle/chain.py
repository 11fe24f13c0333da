"""From receipts to events that are signed by granted keys under one checkpoint."""

from dataclasses import dataclass, field
from hashlib import sha256

from verifier.bundle.events import ReadEvent, read_event
from verifier.bundle.findings import BundleCode, BundleViolation, placed
from verifier.bundle.receipts import (
    Receipt,
    ShownEvent,
    check_entry_path,
    check_event_paths,
)
from verifier.findings import Code, Violation
from verifier.format.checkpoint import Checkpoint
from verifier.format.entry import ENTRY_BYTES_MAX, parse_header
from verifier.format.note import VerifierKey
from verifier.format.submission import ROOT_STREAM, Submission, parse_submission
from verifier.format.wire import ZERO_HASH
from verifier.keys.authority import check_signers
from verifier.keys.changes import declare, rotate
from verifier.keys.ring import KEYS_FAMILY, Grant, KeyRing
from verifier.keys.run_keys import CERTIFIED, TRAINING_FAMILY, certify, check_event
from verifier.rules.streams import Streams

CREATED = "keys.ledger_created.v1"
STARTED = "training.run_started.v1"


@dataclass(slots=True)
class Chain:
    """What the receipts taken so far establish.

    Attributes:
        checkpoint: the checkpoint, its signature not yet checked.
        ring: the keys.
        genesis: SHA-256 of submission 0's text.
        founders: the root keys that signed entry 0.
        run_events: the shown events outside the stream root, in order.
        run_entries: the entries that hold them.
        signers: the grants of the keys that signed those, by public key.
        unknown: how many shown events have an unknown type.
    """

    checkpoint: Checkpoint
    ring: KeyRing = field(default_factory=KeyRing)
    genesis: bytes = ZERO_HASH
    founders: list[VerifierKey] = field(default_factory=list)
    run_events: list[ReadEvent] = field(default_factory=list)
    run_entries: list[int] = field(default_factory=list)
    signers: dict[bytes, Grant] = field(default_factory=dict)
    unknown: int = 0
    _key_stream: Streams = field(default_factory=Streams)
    _abandoned: set[str] = field(default_factory=set)
    _started: set[bytes] = field(default_factory=set)

    def take(self, receipt: Receipt) -> None:
        """Check one receipt, and keep what it shows.

        Raises:
            BundleViolation: a path, a signature, a key or an event does not hold.
            UnknownSignerError: a key event of an unknown type may have granted it.
        """
        check_entry_path(receipt, self.checkpoint)
        with placed(receipt.where):
            submission = _submission(receipt)
            if receipt.index == 0:
                self._begin(receipt, submission)
            self._check_ledger(submission)
            if submission.stream == ROOT_STREAM:
                self._take_keys(receipt, submission)
            else:
                self._take_run(receipt, submission)

    def _begin(self, receipt: Receipt, submission: Submission) -> None:
        """Take the root keys from event 0.0, which their own signatures cover."""
        check_event_paths(receipt, submission)
        first = read_event(receipt, receipt.events[0])
        if (
            submission.stream != ROOT_STREAM
            or receipt.events[0].index != 0
            or first.name != CREATED
            or first.fields is None
        ):
            raise Violation(
                Code.GENESIS,
                "ENT-6",
                expected=f"{CREATED} as event 0.0",
                found=f"{first.name} in stream {submission.stream}",
            )
        self.ring.create(first.fields)

    def _check_ledger(self, submission: Submission) -> None:
        """Check that a submission is of the ledger that entry 0 began (SUB-2)."""
        found = (submission.origin, submission.genesis)
        if found != (self.ring.origin, self.genesis):
            raise Violation(
                Code.SUBMISSION_FOREIGN,
                "SUB-2",
                expected=f"{self.ring.origin} {self.genesis.hex()}",
                found=f"{submission.origin} {submission.genesis.hex()}",
            )
        if self.genesis == ZERO_HASH:
            self.genesis = sha256(submission.note.text).digest()

    def _take_keys(self, receipt: Receipt, submission: Submission) -> None:
        """Apply the key events of one entry, all of which must be shown (BUN-10)."""
        self._key_stream.append(submission)
        families = check_signers(submission, self.ring).families
        if receipt.index == 0:
            self.founders = _signers(submission, self.ring)
        if len(receipt.events) != submission.events:
            raise BundleViolation(
                BundleCode.RECEIPT_EVENTS,
                "BUN-10",
                where=receipt.where,
                expected=f"all {submission.events} key events",
                found=len(receipt.events),
            )
        check_event_paths(receipt, submission)
        for shown_event in receipt.events:
            event = read_event(receipt, shown_event)
            if event.family not in families:
                raise _family(submission, event)
            with placed(event.where):
                self._apply(event, receipt, shown_event)
        self.ring.check_log_keys()

    def _apply(self, event: ReadEvent, receipt: Receipt, shown: ShownEvent) -> None:
        if event.fields is None:
            self.unknown += 1
            self.ring.unsure = self.ring.unsure or event.where
            return
        match event.name:
            case "keys.granted.v1":
                self.ring.grant(event.fields, receipt.index)
            case "keys.retired.v1":
                self.ring.retire(event.fields, receipt.index)
            case "keys.rotated.v1":
                rotate(self.ring, event.fields, receipt.index)
            case "keys.compromised.v1":
                declare(self.ring, event.fields, receipt.index)
            case "keys.stream_abandoned.v1":
                self._abandoned.add(event.fields["stream"].decode())
            case _ if (receipt.index, shown.index) != (0, 0):
                raise Violation(
                    Code.GENESIS,
                    "ENT-6",
                    expected=f"{CREATED} once, as event 0.0",
                    found=event.where,
                )

    def _take_run(self, receipt: Receipt, submission: Submission) -> None:
        """Keep the events that a granted key signed (SUB-6, SUB-9, KEY-11)."""
        signer = check_signers(submission, self.ring)
        if submission.stream in self._abandoned:
            raise Violation(
                Code.STREAM_CLOSED,
                "SUB-9",
                expected="nothing after the stream was abandoned",
                found=submission.stream,
            )
        check_event_paths(receipt, submission)
        for shown_event in receipt.events:
            event = read_event(receipt, shown_event)
            if event.family not in signer.families:
                raise _family(submission, event)
            self.unknown += event.fields is None
            self.run_events.append(event)
            if event.family == TRAINING_FAMILY:
                with placed(event.where):
                    self._check_run_key(event, receipt, submission, signer)
        self.run_entries.append(receipt.index)
        self.signers[signer.key.public_key] = signer

    def _check_run_key(
        self, event: ReadEvent, receipt: Receipt, submission: Submission, signer: Grant
    ) -> None:
        """Apply the certification of a run's key, or check that it signed (KEY-11)."""
        if event.fields is None:
            self.ring.unsure = self.ring.unsure or event.where
            return
        run_id = event.fields["run_id"]
        if event.name == CERTIFIED:
            certify(
                self.ring,
                event.fields,
                receipt.index,
                signer=signer,
                stream=submission.stream,
                started=run_id in self._started,
            )
            return
        check_event(self.ring, run_id, event.name, signer=signer)
        if event.name == STARTED:
            self._started.add(run_id)


def _submission(receipt: Receipt) -> Submission:
    """Read the entry's header and the submission in it (ENT-1, ENT-2, SUB-1)."""
    if len(receipt.entry) > ENTRY_BYTES_MAX:
        raise Violation(
            Code.OVER_LIMIT,
            "ENT-1",
            expected=f"at most {ENTRY_BYTES_MAX} bytes",
            found=len(receipt.entry),
        )
    text, _, note = receipt.entry.partition(b"\n\n")
    header = parse_header(text + b"\n")
    if header.seq != receipt.index:
        raise Violation(
            Code.ENTRY_SEQ, "ENT-2", expected=f"seq {receipt.index}", found=header.seq
        )
    return parse_submission(note)


def _signers(submission: Submission, ring: KeyRing) -> list[VerifierKey]:
    """Return the root keys whose lines the note has, all of them checked before."""
    named = {(line.name, line.key_id) for line in submission.note.signatures}
    return [key for key in ring.roots if (key.name, key.key_id) in named]


def _family(submission: Submission, event: ReadEvent) -> Violation:
    is_keys = submission.stream == ROOT_STREAM or event.family == KEYS_FAMILY
    return Violation(
        Code.FAMILY_NOT_ALLOWED,
        "SUB-7" if is_keys else "SUB-6",
        expected=f"a family that the signer of stream {submission.stream} may sign",
        found=event.name,
    )
