"""The limits of the verifier are the numbers that its pages name."""

import re
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
LIMITS = [
    ("spec.md", 16_384, ["schema.LINE_BYTES_MAX"]),
    ("spec.md", 256, ["schema.LIST_ITEMS_MAX"]),
    ("spec.md", 1_048_576, ["submission.EVENTS_BYTES_MAX"]),
    ("spec.md", 1024, ["submission.EVENTS_MAX", "checkpoint.CHECKPOINT_BYTES_MAX"]),
    ("spec.md", 65_535, ["entry.ENTRY_BYTES_MAX", "timestamp.TOKEN_BYTES_MAX"]),
    ("spec.md", 512, ["cosignature.COSIGNATURE_BYTES_MAX"]),
    ("spec.md", 100_000, ["anchors.ANCHORS_MAX", "streams.STREAMS_MAX"]),
    ("spec.md", 128, ["run_keys._NAME_CHARS_MAX"]),
    ("policy.md", 300, ["trust.SKEW_MAX_S"]),
    ("bundle.md", 1_000_000, ["bundle_receipts.RECEIPTS_MAX"]),
    ("bundle.md", 4_194_304, ["bundle_json.VALUES_MAX"]),
    ("proofs.md", 33_554_432, ["proof_file.PROOF_BYTES_MAX"]),
    ("proofs.md", 131_072, ["proof_tlog.TLOG_PROOF_BYTES_MAX"]),
    ("proofs.md", 131_072, ["disclosure.NAME_BYTES_MAX"]),
    ("proofs.md", 100_000, ["disclosure.OPENINGS_MAX", "proof_keys.KEY_RECEIPTS_MAX"]),
    ("proofs.md", 64, ["proof_file.TOKENS_MAX"]),
    ("policy.md", 16, ["trust._ROOT_FILES_MAX"]),
]


@pytest.mark.parametrize(
    ("page", "number", "name"),
    [(page, number, name) for page, number, names in LIMITS for name in names],
)
def test_limit(page, number, name):
    """A limit is the number of its page."""
    module, constant = name.split(".")
    text = (DOCS / page).read_text("utf-8")

    assert number == getattr(import_module(f"verifier.{module}"), constant)
    assert re.search(rf"(?<![\d,])({number}|{number:,})(?![\d,]\d)", text)


@pytest.mark.parametrize(
    "name",
    [
        "findings.FINDINGS_MAX",
        "bundle_findings.FINDINGS_MAX",
        "report.ANCHORS_LISTED_MAX",
    ],
)
def test_what_a_report_lists(name):
    """A report lists a hundred of a kind, and counts the others."""
    module, constant = name.split(".")

    assert 100 == getattr(import_module(f"verifier.{module}"), constant)
