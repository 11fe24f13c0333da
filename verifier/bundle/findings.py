"""What can be wrong with a bundle, beside what can be wrong with a ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum

from verifier.findings import Violation, shown

FINDINGS_MAX = 100


class BundleCode(StrEnum):
    """Stable identifiers; docs/bundle.md, section 7, has one line for each."""

    FILES = "LV901"
    SUMS = "LV902"
    RECEIPTS_MALFORMED = "LV903"
    RECEIPT_ORDER = "LV904"
    RECEIPT_PATH = "LV905"
    RECEIPT_EVENTS = "LV906"
    STATEMENT_MALFORMED = "LV907"
    STATEMENT_SIGNATURE = "LV908"
    STATEMENT_DIFFERS = "LV909"
    MODEL_DIFFERS = "LV910"


@dataclass(frozen=True, slots=True)
class BundleFinding:
    """One departure from docs/bundle.md or docs/spec.md.

    Attributes:
        code: what kind of departure.
        where: a file of the bundle, `entry 7` or `event 7.3`.
        rule: the rule that does not hold, such as `BUN-7` or `XEV-10`.
        expected: what the rule asks for here.
        found: what is there, as short printable ASCII.
    """

    code: StrEnum
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


class BundleViolation(Exception):  # noqa: N818 (a departure found, not an error of the reader)
    """A rule does not hold at a place of the bundle."""

    def __init__(
        self,
        code: StrEnum,
        rule: str,
        *,
        where: str,
        expected: str,
        found: object,
    ) -> None:
        """Keep the finding; `found` is shown as printable ASCII, shortened."""
        self.finding = BundleFinding(code, where, rule, expected, shown(found))
        super().__init__(str(self.finding))


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Give a ledger rule that breaks inside its place in the bundle.

    Raises:
        BundleViolation: instead of a `Violation`.
    """
    try:
        yield
    except Violation as broken:
        raise BundleViolation(
            broken.code,
            broken.rule,
            where=where,
            expected=broken.expected,
            found=broken.found,
        ) from None
