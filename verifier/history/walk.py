"""One pass over a ledger in the order of seq; findings in the order of the ledger."""

from collections.abc import Callable, Collection, Iterable
from hashlib import sha256

from verifier.findings import Code, Violation
from verifier.format.entry import Entry, read_entry, with_two_ahead
from verifier.format.submission import ROOT_STREAM, Submission, parse_submission
from verifier.format.wire import ZERO_HASH
from verifier.history.content import Content, created_event
from verifier.history.heads import Heads
from verifier.history.home import check_first, check_home
from verifier.history.redacted import bound_lines, settle
from verifier.history.standing import Standing
from verifier.keys.authority import UnknownSignerError, check_signers
from verifier.keys.ring import Grant
from verifier.report.verdict import Report
from verifier.rules.redactions import Told
from verifier.rules.state import History
from verifier.store.storage import LedgerFile

Progress = Callable[[int], None]


class Walk:
    """The state of one pass.

    Attributes:
        ring: the keys.
        streams: the heads of all streams.
        heads: the checkpoints, and in it the chain of entries.
        content: the events.
        history: what earlier events established.
        genesis: hash of submission 0's text; empty before it is known.
        genesis_signers: the root keys that signed entry 0.
        head: leaf hash of the newest entry.
        recorded_at_ms: the newest recorded time.
        entries, events, signatures: how many were checked.
        unsigned: how many submissions have a signer that the ring may not know.
        redacted: what the report says of redacted lines, after the last entry.
        resumed: how many entries an earlier run read, which this one did not.
        watched: root, and time of the last entry below it, of the sizes asked for.
    """

    def __init__(
        self,
        file: LedgerFile,
        report: Report,
        history: History,
        *,
        standing: Standing | None = None,
        watch: Collection[int] = (),
    ) -> None:
        """Prepare a pass over `file` that writes into `report`.

        Args:
            file: the ledger.
            report: takes what is found.
            history: what earlier events established; the pass adds to it.
            standing: the state after entries that are not judged again; so does it.
            watch: sizes of which `watched` shall tell.
        """
        known = standing or Standing()
        self._file = file
        self._report = report
        self.history = history
        self._watch = frozenset(watch)
        self.ring = known.ring
        self.streams = known.streams
        self.heads = Heads(file, self.ring, report.findings)
        self.heads.passed = known.checkpoints
        self.chain = self.heads.chain
        self.chain.tree, self.chain.links = known.tree, known.links
        self.content = Content(
            ring=self.ring,
            streams=self.streams,
            history=history,
            findings=report.findings,
            unknown=report.unknown,
        )
        self.content.types, self.content.dropped = known.types, known.dropped
        self.content.judged = known.judged
        self.genesis_signers = known.genesis_signers
        self.resumed = self.entries = self._next_seq = known.entries
        self.events = known.events
        self.signatures = known.signatures
        self.unsigned = 0
        self.redacted = Told()
        self.watched = known.watched
        self.head, self.genesis = known.head, known.genesis
        self._shift = 0
        self.recorded_at_ms = known.recorded_at_ms
        self._damaged = False

    def run(
        self, progress: Progress | None, entries: Iterable[Entry] | None = None
    ) -> None:
        """Check every entry and checkpoint.

        Args:
            progress: called after each entry with the number of entries so far.
            entries: the entries in order, where somebody reads them ahead.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        if entries is None:
            entries = map(read_entry, self._file.entries())
        for entry, follower, second in with_two_ahead(entries):
            size = entry.row.seq + 1
            self._entry(entry, follower, second)
            self.heads.check(size, damaged=self._damaged)
            if size in self._watch and not self.chain.tree_lost:
                self.watched[size] = self.chain.tree.root(), self.recorded_at_ms
            if progress is not None:
                progress(self.entries)
        if not self.entries:
            self._find(
                "file",
                Violation(
                    Code.LEDGER_EMPTY, "ENT-6", expected="an entry 0", found="no entry"
                ),
            )
        self.heads.end(self._next_seq)
        self.redacted = settle(
            self._file,
            self.history.index.redactions,
            self._report.findings,
            is_known=not self.content.stopped,
        )

    def _entry(
        self, entry: Entry, follower: Entry | None, second: Entry | None
    ) -> None:
        seq = entry.row.seq
        self.entries += 1
        self.head = entry.leaf
        self._check_gap(entry)
        self._damaged = self._check_header(entry)
        if entry.row.fault is not None or not self._submission(entry):
            self._lose(f"after entry {seq}, which could not be read")
        violation = self.chain.append(entry, follower, second, damaged=self._damaged)
        if violation is not None:
            self._find(f"entry {seq}", violation)
            self._damaged = True
        if not self._damaged:
            self._check_order(entry)

    def _check_gap(self, entry: Entry) -> None:
        """Report rows that are missing before this one (ENT-2)."""
        seq, missing = entry.row.seq, entry.row.seq - self._next_seq
        if missing:
            self._find(
                f"entry {self._next_seq}",
                Violation(
                    Code.ENTRY_MISSING,
                    "ENT-2",
                    expected=f"entry {self._next_seq}",
                    found=f"entry {seq} next",
                ),
            )
            self._lose(f"after entry {self._next_seq}, which is missing", missing)
            self.chain.skip(missing, entry)
        self._next_seq = seq + 1

    def _check_header(self, entry: Entry) -> bool:
        """Report a header that cannot be read or is not this row's; return whether."""
        seq, header = entry.row.seq, entry.header
        blamed, self.chain.blame_next = self.chain.blame_next, False
        if header is None:
            if entry.fault is not None:
                self._find(f"entry {seq}", entry.fault)
            return True
        shift, self._shift = self._shift, header.seq - seq
        if self._shift not in (0, shift):
            self._find(
                f"entry {seq}",
                Violation(
                    Code.ENTRY_SEQ, "ENT-2", expected=f"seq {seq}", found=header.seq
                ),
            )
            self._lose(f"after entry {seq}, which is out of place", abs(self._shift))
        if self._shift:
            return True
        if blamed or (seq == 0 and header.previous != ZERO_HASH):
            self._find(
                f"entry {seq}",
                Violation(
                    Code.ENTRY_LINK,
                    "ENT-3",
                    expected="the leaf hash of the entry before, zeros for entry 0",
                    found=f"previous {header.previous.hex()}",
                ),
            )
            return True
        return False

    def _submission(self, entry: Entry) -> bool:
        """Check the submission and apply its events; return whether it is known."""
        seq = entry.row.seq
        try:
            submission = entry.submission or parse_submission(entry.note)
            check_home(seq, submission, self.ring.origin, self.genesis)
            lines, redacted = bound_lines(entry, submission)
            if seq == 0:
                self.ring.create(created_event(lines))
                check_first(submission, self.ring.origin)
            signer = self._check_signers(submission)
        except Violation as violation:
            if not self._damaged:
                self._find(f"entry {seq}", violation)
            self._damaged = True
            return False
        if signer is None:
            return False
        if seq == 0:
            self._begin(submission)
        self.signatures += len(submission.note.signatures)
        self.events += submission.events
        if self._takes_place(seq, submission):
            if entry.bulk is None:
                self.content.apply(seq, submission, lines, signer, redacted)
            else:
                self.content.apply_bulk(seq, submission, entry.bulk, signer)
        if submission.stream == ROOT_STREAM:
            try:
                self.ring.check_log_keys()
            except Violation as violation:
                self._find(f"entry {seq}", violation)
        return True

    def _check_signers(self, submission: Submission) -> Grant | None:
        """Return the signer's grant, None for an unknown one."""
        try:
            return check_signers(submission, self.ring)
        except UnknownSignerError:
            self.unsigned += 1
            return None

    def _begin(self, submission: Submission) -> None:
        """Remember what entry 0 fixes for all others."""
        self.genesis = sha256(submission.note.text).digest()
        names = {line.name for line in submission.note.signatures}
        self.genesis_signers = tuple(
            key for key in self.ring.roots if key.name in names
        )

    def _takes_place(self, seq: int, submission: Submission) -> bool:
        """Check the place in the stream; return whether the events may be applied."""
        try:
            self.streams.append(submission)
        except Violation as violation:
            if not self._damaged:
                self._find(f"entry {seq}", violation)
            reason = f"after entry {seq}, which is out of place in its stream"
            self.content.stop(reason)
            self.ring.unsure = self.ring.unsure or reason
            return False
        return True

    def _check_order(self, entry: Entry) -> None:
        """Check base and recorded time; an unconfirmed entry is damaged by either."""
        if entry.header is None:
            return
        intact = self._is_intact(entry.row.seq)
        before, now = self.recorded_at_ms, entry.header.recorded_at_ms
        self.recorded_at_ms = max(before, now)
        if now < before:
            self._find(
                f"entry {entry.row.seq}",
                Violation(
                    Code.ENTRY_TIME,
                    "ENT-5",
                    expected=f"recorded_at_ms of at least {before}",
                    found=now,
                ),
            )
            self._damaged = not intact
        fault = self.chain.check_base(entry, intact=intact)
        if fault is not None and not self._damaged:
            self._find(*fault)
            self._damaged = not intact

    def _is_intact(self, seq: int) -> bool:
        """Whether a follower or a checkpoint confirms the newest entry's bytes."""
        if self.chain.tree_lost:
            return self.chain.confirmed
        return (
            self.chain.confirmed
            or self.heads.root_at(seq + 1) == self.chain.tree.root()
        )

    def _lose(self, reason: str, count: int = 1) -> None:
        """Note that `count` submissions are not known, and what rests on them."""
        self.streams.lost += count
        self.ring.unsure = self.ring.unsure or reason
        self.content.stop(reason)

    def _find(self, where: str, violation: Violation) -> None:
        self._report.findings.add(violation.at(where))
