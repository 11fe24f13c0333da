"""docs/proofs.md against the code of both halves."""

import re
from pathlib import Path

from ledger.export import consistency, disclosure, proof_parts, receipt
from verifier.proofs import disclosure as disclosure_read
from verifier.proofs import file as proof_file
from verifier.proofs import keys as proof_keys
from verifier.proofs import report as proof_report
from verifier.proofs import same_history as proof_pair
from verifier.proofs import tlog as proof_tlog
from verifier.proofs.file import FORMATS
from verifier.proofs.findings import ProofCode

TEXT = (Path(__file__).parents[3] / "docs" / "proofs.md").read_text("utf-8")


def test_formats():
    """Both halves and the document name the same three formats."""
    written = {consistency.FORMAT, disclosure.FORMAT, receipt.FORMAT}

    assert written == set(FORMATS)
    assert proof_pair.FORMAT == consistency.FORMAT
    assert all(f"| `format` | `{name}` |" in TEXT for name in written)


def test_finding_codes():
    """Section 7 has one line for each code."""
    listed = re.findall(r"^\| (LV\d+) \|", TEXT, re.MULTILINE)

    assert listed == [code.value for code in ProofCode]


def test_rules_are_numbered_without_gap():
    """Rules are PRF-1, PRF-2 ... in order."""
    listed = re.findall(r"^- \*\*(PRF-\d+)\*\*", TEXT, re.MULTILINE)

    assert listed == [f"PRF-{number}" for number in range(1, len(listed) + 1)]


def test_rules_that_findings_cite():
    """Every rule that the verifier cites is in the document."""
    folder = Path(proof_file.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    cited = set(re.findall(r'"(PRF-\d+)"', sources))

    assert cited
    assert {rule for rule in cited if f"- **{rule}**" not in TEXT} == set()


def test_what_is_not_proven():
    """The list of PRF-16 is the one that the reader prints."""
    listed = tuple(re.findall(r"^  \d+\. (.+)$", TEXT, re.MULTILINE))

    assert listed == proof_report.NOT_PROVEN


def test_a_key_event_that_is_left_out():
    """A reader is told that a newer key event may be missing, as bundle.md does."""
    [line] = [one for one in proof_report.NOT_PROVEN if "key events shown" in one]

    assert line.endswith("a later one may retire a key or declare it compromised")


def test_limits():
    """The limits of the document are those that are enforced, by the writer too."""
    assert proof_parts.PROOF_BYTES_MAX == proof_file.PROOF_BYTES_MAX
    for limit in (
        proof_file.PROOF_BYTES_MAX,
        proof_file.TOKENS_MAX,
        proof_keys.KEY_RECEIPTS_MAX,
        proof_tlog.TLOG_PROOF_BYTES_MAX,
        proof_tlog.HASHES_MAX,
        disclosure_read.NAME_BYTES_MAX,
        disclosure_read.OPENINGS_MAX,
    ):
        assert re.search(rf"\b{limit:,}\b", TEXT), limit
