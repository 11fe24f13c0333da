"""docs/bundle.md against the code of both halves."""

import re
from pathlib import Path

from ledger.export import receipts, statement
from verifier.bundle import receipts as bundle_receipts
from verifier.bundle import statement as bundle_statement
from verifier.bundle.files import LIMITS
from verifier.bundle.findings import BundleCode

TEXT = (Path(__file__).parents[3] / "docs" / "bundle.md").read_text("utf-8")


def test_what_is_not_proven():
    """The list of BUN-18 is the one that both halves carry."""
    listed = tuple(re.findall(r"^  \d+\. (.+)$", TEXT, re.MULTILINE))

    assert listed == statement.DOES_NOT_PROVE
    assert listed == bundle_statement.DOES_NOT_PROVE


def test_finding_codes():
    """Section 7 has one line for each code."""
    listed = re.findall(r"^\| (LV\d+) \|", TEXT, re.MULTILINE)

    assert listed == [code.value for code in BundleCode]


def test_rules_are_numbered_without_gap():
    """Rules are BUN-1, BUN-2 ... in order."""
    listed = re.findall(r"^- \*\*(BUN-\d+)\*\*", TEXT, re.MULTILINE)

    assert listed == [f"BUN-{number}" for number in range(1, 22)]


def test_rules_that_findings_cite():
    """Every rule of the bundle that the verifier cites is in the document."""
    folder = Path(bundle_receipts.__file__).parent
    sources = [path.read_text("utf-8") for path in folder.glob("bundle*.py")]
    cited = set(re.findall(r'"(BUN-\d+)"', "".join(sources)))

    assert {rule for rule in cited if f"- **{rule}**" not in TEXT} == set()


def test_limits():
    """The limits of BUN-2 are those that are enforced, by the writer too."""
    for name, limit in LIMITS.items():
        assert re.search(rf"`{re.escape(name)}`\s+{limit:,}\b", TEXT)
    assert LIMITS["receipts.json"] == receipts.RECEIPTS_BYTES_MAX


def test_both_halves_name_the_same_types():
    """Format, payload, statement and predicate types are equal in both halves."""
    assert receipts.FORMAT == bundle_receipts.FORMAT
    for name in ("PAYLOAD_TYPE", "STATEMENT_TYPE", "PREDICATE_TYPE"):
        assert getattr(statement, name) == getattr(bundle_statement, name)
        assert getattr(statement, name) in TEXT
