"""The report on a bundle as lines for a person."""

import pytest

from verifier.bundle.findings import FINDINGS_MAX, BundleCode, BundleFinding
from verifier.bundle.report import BundleReport
from verifier.bundle.verify import verify_bundle


def lines_of(report: BundleReport, label: str) -> list[str]:
    """The texts of the lines with this label."""
    lines = report.as_text().splitlines()
    return [line[16:] for line in lines if line[:16].rstrip() == label]


def report_with(count: int) -> BundleReport:
    """A report with so many findings."""
    findings = [
        BundleFinding(BundleCode.SUMS, f"entry {n}", "BUN-4", "this", "that")
        for n in range(count)
    ]
    return BundleReport("out", findings=findings)


@pytest.mark.parametrize("more", [0, 1, 2])
def test_findings_that_are_not_listed(more):
    """The text lists so many findings, and counts the others."""
    report = report_with(FINDINGS_MAX + more)

    assert ["entry 0   LV902 BUN-4"] == lines_of(report, "FIRST BAD")
    assert ([f"{more} more, not listed"] if more else []) == lines_of(
        report, "ALSO BAD"
    )[FINDINGS_MAX - 1 :]
    assert ["expected this", "found    that"] == lines_of(report, "")[:2]


def test_good_bundle(good, root_keys):
    """What was checked has counts, and what was not has a reason."""
    report = verify_bundle(good.bundle, root_keys=root_keys)

    assert "4 files, 2 of them by SHA256SUMS" == lines_of(report, "PASS")[0]
    assert ["the adapters' bytes: no folder of models was given"] == lines_of(
        report, "NOT CHECKED"
    )
    for level in ("consistent", "authentic"):
        assert ["yes"] == lines_of(report, level)


def test_broken_bundle(bundle, root_keys):
    """After the first bad place nothing is looked at, and the report says so."""
    (bundle / "checkpoint").write_bytes(b"x")
    report = verify_bundle(bundle, root_keys=root_keys)

    assert ["everything after the first bad place"] == lines_of(report, "NOT CHECKED")
    assert ["BROKEN   exit 1"] == lines_of(report, "RESULT")


def test_level_of_a_broken_bundle(bundle, root_keys):
    """A bundle that is broken is not consistent, and so not authentic."""
    (bundle / "checkpoint").write_bytes(b"x")
    report = verify_bundle(bundle, root_keys=root_keys)

    assert {"consistent": "no", "authentic": "no"}.items() <= report.levels.items()


def test_document_is_indented():
    """Two spaces for each level, so that a person can read the document too."""
    lines = BundleReport("out", incomplete=["the base"]).as_json().splitlines()

    assert [0, 2, 4] == sorted({len(line) - len(line.lstrip()) for line in lines})


def test_file_missing(bundle, root_keys):
    """Without one of its files nothing is read of the others."""
    (bundle / "receipts.json").unlink()
    report = verify_bundle(bundle, root_keys=root_keys)

    assert ["what the files say: one of them is missing"] == lines_of(
        report, "NOT CHECKED"
    )


def test_incomplete_and_run_have_lines():
    """What is missing is told, and a report on no run names none."""
    report = BundleReport("out", incomplete=["the base"])

    assert ["the base"] == lines_of(report, "INCOMPLETE")
    assert [] == lines_of(report, "RUN")


def test_checkpoint_that_was_checked(good, root_keys):
    """The checkpoint of a good bundle is among what was checked, with its size."""
    report = verify_bundle(good.bundle, root_keys=root_keys)

    assert any(
        text.startswith("checkpoint of size ") for text in lines_of(report, "PASS")
    )
