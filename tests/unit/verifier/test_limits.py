"""The limits of the verifier are the numbers that its pages name."""

import re
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
LIMITS = [
    ("spec.md", 16_384, ["schema.lines.LINE_BYTES_MAX"]),
    ("spec.md", 256, ["schema.lines.LIST_ITEMS_MAX"]),
    ("spec.md", 1_048_576, ["format.submission.EVENTS_BYTES_MAX"]),
    (
        "spec.md",
        1024,
        ["format.submission.EVENTS_MAX", "format.checkpoint.CHECKPOINT_BYTES_MAX"],
    ),
    (
        "spec.md",
        65_535,
        ["format.entry.ENTRY_BYTES_MAX", "format.timestamp.TOKEN_BYTES_MAX"],
    ),
    ("spec.md", 512, ["format.cosignature.COSIGNATURE_BYTES_MAX"]),
    ("spec.md", 100_000, ["trust.anchors.ANCHORS_MAX", "rules.streams.STREAMS_MAX"]),
    ("spec.md", 128, ["keys.run_keys._NAME_CHARS_MAX"]),
    ("policy.md", 300, ["trust.policy.SKEW_MAX_S"]),
    ("bundle.md", 1_000_000, ["bundle.receipts.RECEIPTS_MAX"]),
    ("bundle.md", 4_194_304, ["bundle.json_files.VALUES_MAX"]),
    ("proofs.md", 33_554_432, ["proofs.file.PROOF_BYTES_MAX"]),
    ("proofs.md", 131_072, ["proofs.tlog.TLOG_PROOF_BYTES_MAX"]),
    ("proofs.md", 131_072, ["proofs.disclosure.NAME_BYTES_MAX"]),
    (
        "proofs.md",
        100_000,
        ["proofs.disclosure.OPENINGS_MAX", "proofs.keys.KEY_RECEIPTS_MAX"],
    ),
    ("proofs.md", 64, ["proofs.file.TOKENS_MAX"]),
    ("policy.md", 16, ["trust.policy._ROOT_FILES_MAX"]),
]


@pytest.mark.parametrize(
    ("page", "number", "name"),
    [(page, number, name) for page, number, names in LIMITS for name in names],
)
def test_limit(page, number, name):
    """A limit is the number of its page."""
    module, constant = name.rsplit(".", 1)
    text = (DOCS / page).read_text("utf-8")

    assert number == getattr(import_module(f"verifier.{module}"), constant)
    assert re.search(rf"(?<![\d,])({number}|{number:,})(?![\d,]\d)", text)


@pytest.mark.parametrize(
    "name",
    [
        "findings.FINDINGS_MAX",
        "bundle.findings.FINDINGS_MAX",
        "report.verdict.ANCHORS_LISTED_MAX",
    ],
)
def test_what_a_report_lists(name):
    """A report lists a hundred of a kind, and counts the others."""
    module, constant = name.rsplit(".", 1)

    assert 100 == getattr(import_module(f"verifier.{module}"), constant)
