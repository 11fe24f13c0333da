"""A report as lines for a person: what stands where, and how much of it."""

import pytest

from verifier.findings import Code, Violation
from verifier.report.text import TEXT_FINDINGS_MAX
from verifier.report.verdict import LEVELS, Report


def finding(number: int):
    """A finding in this entry."""
    return Violation(Code.ENTRY_SEQ, "ENT-2", expected="seq", found=number).at(
        f"entry {number}"
    )


def report_with(count: int) -> Report:
    """A report with so many findings."""
    report = Report(path="acme.ledger", level_asked=1)
    for number in range(count):
        report.findings.add(finding(number))
    return report


def lines_of(report: Report, label: str) -> list[str]:
    """The texts of the lines with this label."""
    lines = report.as_text().splitlines()
    return [line[16:] for line in lines if line[:16].rstrip() == label]


@pytest.mark.parametrize(
    ("count", "also"),
    [
        (1, []),
        (3, ["entry 1   LV203 ENT-2", "entry 2   LV203 ENT-2"]),
    ],
)
def test_findings(count, also):
    """The first finding is told from those after it, each with what was expected."""
    report = report_with(count)

    assert ["entry 0   LV203 ENT-2"] == lines_of(report, "FIRST BAD")
    assert also == lines_of(report, "ALSO BAD")
    assert ["expected seq", "found    0"] == lines_of(report, "")[:2]


@pytest.mark.parametrize("more", [0, 1, 2])
def test_findings_that_are_not_listed(more):
    """The text lists so many, and counts the others."""
    listed = lines_of(report_with(TEXT_FINDINGS_MAX + more), "ALSO BAD")

    assert ([f"{more} more, not listed"] if more else []) == listed[
        TEXT_FINDINGS_MAX - 1 :
    ]


def test_unknown_events():
    """Events of unknown types are named, up to the same number."""
    report = report_with(0)
    for number in range(TEXT_FINDINGS_MAX + 1):
        report.unknown.add(finding(number))

    assert [f"entry {n}   {n}" for n in range(TEXT_FINDINGS_MAX)] == lines_of(
        report, "UNKNOWN"
    )


@pytest.mark.parametrize(
    ("answer", "whose"),
    [("yes", "pinned"), ("no", "in the file, not pinned")],
)
def test_root_keys(answer, whose):
    """A root key is said to be pinned where it is that of the reader."""
    report = report_with(0)
    report.levels["authentic"] = answer
    report.root_keys.append("root 00")

    assert [f"root key root 00, {whose}"] == lines_of(report, "TRUST")


def test_head_and_policy():
    """Head and policy have a line where there are some."""
    report = report_with(0)
    assert ([], []) == (lines_of(report, "HEAD"), lines_of(report, "POLICY"))
    report.head = {"entries": 3, "size": 2, "root": "ab"}
    report.policy = {"path": "trust\n.toml", "sha256": "cd"}

    assert ["entries 3   checkpoint 2   root ab"] == lines_of(report, "HEAD")
    assert ["trust\\n.toml   sha256 cd"] == lines_of(report, "POLICY")


@pytest.mark.parametrize(
    ("answer", "detail", "expected"),
    [
        ("yes", "", "yes"),
        ("yes", "since 7", "yes   since 7"),
        ("no", "", "no, waived by the policy"),
        ("not asked", "since 7", "not asked, waived by the policy   since 7"),
    ],
)
def test_answer_of_a_waived_level(answer, detail, expected):
    """A level that need not hold says so unless it holds, and what it rests on."""
    report = report_with(0)
    report.waived, report.levels["timed"] = ("timed",), answer
    report.answers = {"timed": detail}

    assert [expected] == lines_of(report, "timed")
    assert ["not asked"] == lines_of(report, "witnessed")


@pytest.mark.parametrize(
    ("held", "waived", "expected"),
    [
        (LEVELS[:1], (), "L0 consistent   exit 0"),
        (LEVELS[:3], (), "L2 timed   exit 0"),
        (LEVELS, ("timed",), "L4 continuous   exit 0"),
        (LEVELS[3:], ("timed",), "L0 consistent   exit 0"),
        (
            [*LEVELS[:2], *LEVELS[3:4]],
            ("timed",),
            "L3 witnessed (without timed)   exit 0",
        ),
        (
            [*LEVELS[:2], *LEVELS[4:]],
            ("timed", "witnessed"),
            "L4 continuous (without timed and witnessed)   exit 0",
        ),
        ([*LEVELS[:2], *LEVELS[3:4]], (), "L1 authentic   exit 0"),
    ],
)
def test_result(held, waived, expected):
    """The highest level counts below which each one holds or is waived."""
    report = report_with(0)
    report.waived = waived
    report.levels |= dict.fromkeys(held, "yes")

    assert [expected] == lines_of(report, "RESULT")


def test_result_of_a_broken_ledger():
    """With a finding there is no level."""
    assert ["BROKEN   exit 1"] == lines_of(report_with(1), "RESULT")


def test_json_counts_all_findings():
    """The document has the first finding by itself, and the number of all."""
    document = report_with(3).as_dict()

    assert finding(0).as_dict() == document["first_finding"]
    assert [finding(n).as_dict() for n in range(3)] == document["findings"]
    assert (3, 0, None) == (
        document["findings_total"],
        document["unknown_total"],
        report_with(0).as_dict()["first_finding"],
    )
