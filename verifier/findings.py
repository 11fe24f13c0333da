"""What the verifier can find, and the exception that carries it to the walk."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

FINDINGS_MAX = 100
FOUND_CHARS_MAX = 120


class Code(StrEnum):
    """Stable identifiers; docs/findings.md has one heading for each."""

    FILE_HEADER = "LV101"
    FILE_SCHEMA = "LV102"
    FILE_INTEGRITY = "LV103"
    COLUMN_TYPE = "LV104"
    OVER_LIMIT = "LV105"

    LEDGER_EMPTY = "LV201"
    ENTRY_MALFORMED = "LV202"
    ENTRY_SEQ = "LV203"
    ENTRY_MISSING = "LV204"
    ENTRY_LINK = "LV205"
    ENTRY_CHANGED = "LV206"
    ENTRY_BASE = "LV207"
    ENTRY_TIME = "LV208"
    GENESIS = "LV209"

    SUBMISSION_MALFORMED = "LV301"
    SUBMISSION_FOREIGN = "LV302"
    SIGNER_NOT_ALLOWED = "LV303"
    SIGNATURE_INVALID = "LV304"
    SIGNATURE_LINES = "LV305"
    STREAM_ORDER = "LV306"
    STREAM_CLOSED = "LV307"
    EVENTS_COUNT = "LV308"
    EVENTS_ROOT = "LV309"
    FAMILY_NOT_ALLOWED = "LV310"
    STREAM_GAP = "LV311"
    LINE_REDACTED = "LV312"

    KEY_ENCODING = "LV401"
    KEY_LOW_ORDER = "LV402"
    KEY_POSSESSION = "LV403"
    KEY_NOT_UNIQUE = "LV404"
    LOG_KEY = "LV405"
    KEY_NOT_ACTIVE = "LV406"
    KEY_CONSENT = "LV407"
    KEY_NOT_GRANTED = "LV408"
    RUN_KEY = "LV409"

    EVENT_MALFORMED = "LV501"
    EVENT_FIELD = "LV502"
    EVENT_UNKNOWN = "LV503"

    CHECKPOINT_MALFORMED = "LV601"
    CHECKPOINT_SIGNATURE = "LV602"
    CHECKPOINT_SIZE = "LV603"
    CHECKPOINT_ROOT = "LV604"
    CHECKPOINT_MISSING = "LV605"
    ANCHOR_MALFORMED = "LV606"
    COSIGNATURE_INVALID = "LV607"
    TIMESTAMP_INVALID = "LV608"

    POLICY_UNKNOWN = "LV701"
    SITE = "LV702"
    SCAN = "LV703"
    SCAN_VERDICT = "LV704"
    RECORD_DECIDED_TWICE = "LV705"
    DECISION_BASIS = "LV706"
    ASSIGNMENT = "LV707"
    RUN_LIFE = "LV708"
    METERING = "LV709"
    RUN_TOTALS = "LV710"
    SLICE_TRAINED = "LV711"
    ADAPTERS = "LV712"
    ERASURE_ORDER = "LV713"
    RECORDS_ERASED = "LV714"
    CERTIFICATE = "LV715"
    SHARD_RETRAINED = "LV716"
    WEIGHTS_DELETED = "LV717"
    REVIEW = "LV718"
    LICENCE = "LV719"
    LICENCE_USE = "LV720"
    QUARANTINE = "LV721"
    DATASET = "LV722"
    SENSITIVE = "LV723"
    REDACTION = "LV724"
    PLAN = "LV725"
    METERED_FLOP = "LV726"
    RESUMED = "LV727"
    PRIVACY = "LV728"
    MODEL_SAID = "LV729"
    MANIFEST = "LV730"
    EVALUATION = "LV731"

    ROOT_NOT_PINNED = "LV801"
    ROOT_DIFFERS = "LV802"
    STATEMENTS_UNTRUSTED = "LV803"
    ORIGIN_NOT_ALLOWED = "LV804"
    GENESIS_DIFFERS = "LV805"
    ROLE_NOT_ALLOWED = "LV806"
    NOT_TIMED = "LV807"
    NOT_WITNESSED = "LV808"
    NOT_FRESH = "LV809"
    CLOCK_SKEW = "LV810"
    SUBMISSION_DELAYED = "LV811"
    WITNESS_NOT_INDEPENDENT = "LV812"
    NO_EARLIER_CHECKPOINT = "LV813"
    ROOT_THRESHOLD = "LV814"
    ROLLED_BACK = "LV821"
    FORKED = "LV822"


@dataclass(frozen=True, slots=True)
class Finding:
    """One departure from docs/spec.md, addressed to an auditor.

    Attributes:
        code: what kind of departure.
        where: `entry 7`, `event 7.3`, `checkpoint 8` or `file`.
        rule: the rule of docs/spec.md that does not hold, such as `ENT-3`.
        expected: what the rule asks for here.
        found: what is there.
    """

    code: Code
    where: str
    rule: str
    expected: str
    found: str

    def as_dict(self) -> dict[str, str]:
        """Return the fields as JSON values."""
        return {name: str(value) for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return (
            f"{self.code} {self.where}: {self.rule}: "
            f"expected {self.expected}, found {self.found}"
        )


class Violation(Exception):  # noqa: N818 (a departure found, not an error of the reader)
    """A rule does not hold; whoever knows the place makes it a `Finding`."""

    def __init__(self, code: Code, rule: str, *, expected: str, found: object) -> None:
        """Keep the parts; `found` is shown as printable ASCII, shortened."""
        self.code = code
        self.rule = rule
        self.expected = expected
        self.found = shown(found)
        super().__init__(f"{rule}: expected {expected}, found {self.found}")

    def at(self, where: str) -> Finding:
        """Return the finding for a place."""
        return Finding(self.code, where, self.rule, self.expected, self.found)


class FindingList:
    """The first `FINDINGS_MAX` findings in the order of the ledger, and a count."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.total = 0

    def add(self, finding: Finding) -> None:
        """Keep a finding, or only count it once the list is full."""
        self.total += 1
        if len(self._kept) < FINDINGS_MAX:
            self._kept.append(finding)

    def put_first(self, findings: Iterable[Finding]) -> None:
        """Keep findings before all others, which may follow from them."""
        first: list[Finding] = []
        for finding in findings:
            self.total += 1
            if len(first) < FINDINGS_MAX:
                first.append(finding)
        self._kept[:0] = first
        del self._kept[FINDINGS_MAX:]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._kept)

    def __len__(self) -> int:
        return self.total


def shown(value: object) -> str:
    """Return untrusted text or bytes as short printable ASCII.

    Where Python refuses to write a value, as an integer of over 4,300 digits or a table
    in 10,000 others, it is the name of its type.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value[: FOUND_CHARS_MAX + 1]).decode("utf-8", "backslashreplace")
    try:
        text = str(value)
    except (ValueError, RecursionError):
        text = type(value).__name__
    short = escaped(text[:FOUND_CHARS_MAX])
    return short + "..." if len(text) > FOUND_CHARS_MAX else short


def escaped(text: str) -> str:
    """Return text, such as a path, as printable ASCII on one line, whole."""
    return text.encode("unicode_escape").decode("ascii")
