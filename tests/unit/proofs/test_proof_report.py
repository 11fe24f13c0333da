"""The report by itself: level, lines, and what is not proven."""

import pytest

from verifier.bundle.findings import BundleFinding
from verifier.findings import Code, Violation
from verifier.proofs.findings import ProofCode
from verifier.proofs.report import (
    NOT_TIMED,
    NOT_WITNESSED,
    TIMED,
    WHO_FORKED,
    WITNESSED,
    ProofReport,
)


@pytest.mark.parametrize(
    ("timed", "witnessed", "fork", "expected"),
    [
        ("no", "not asked", False, [NOT_TIMED, NOT_WITNESSED]),
        ("yes", "no", False, [TIMED, NOT_WITNESSED]),
        ("no", "yes", False, [NOT_TIMED, WITNESSED]),
        ("yes", "yes", True, [TIMED, WHO_FORKED]),
    ],
    ids=["neither", "timed", "witnessed", "fork"],
)
def test_what_is_not_proven_follows_from_the_answers(timed, witnessed, fork, expected):
    """The last two lines depend on time stamps, witnesses, and a fork."""
    report = ProofReport("file", is_fork=fork)
    report.levels |= {"timed": timed, "witnessed": witnessed}

    assert expected == report.not_proven[-2:]


@pytest.mark.parametrize(
    ("answers", "waived", "level"),
    [
        ("", "", 0),
        ("1", "", 1),
        ("13", "", 1),
        ("13", "2", 3),
        ("12", "2", 2),
        ("1", "23", 1),
        ("23", "", 0),
        ("23", "2", 0),
    ],
)
def test_level(answers, waived, level):
    """The level is the highest with all below it held or waived."""
    names = ["consistent", "authentic", "timed", "witnessed"]
    report = ProofReport("file", waived=frozenset(names[int(n)] for n in waived))
    report.levels |= {names[int(n)]: "yes" for n in answers}

    assert level == report.level


def test_findings_are_listed_with_their_places():
    """The first finding is marked; each has its place, what was due, what is there."""
    report = ProofReport("file")
    report.findings += [
        BundleFinding(ProofCode.NOTE, f"place {n}", "PRF-5", "this", "that")
        for n in (1, 2)
    ]

    assert [
        "FIRST BAD       place 1   LV922 PRF-5",
        "                expected this",
        "                found    that",
        "ALSO BAD        place 2   LV922 PRF-5",
        "                expected this",
        "                found    that",
    ] == report.as_text().splitlines()[1:7]
    assert 2 == report.as_dict()["findings_total"]


def test_lines_of_each_kind():
    """Facts, what passed, what is open, root keys: each under its label."""
    report = ProofReport("file", kind="receipt", origin="example.org/acme")
    report.complete = True
    report.facts.append(("EVENT", "7.3"))
    report.checked.append("passed")
    report.not_checked.append("open")
    report.incomplete.append("missing")
    report.root_keys.append("root")
    text = report.as_text()

    assert [
        "RECEIPT         file   example.org/acme",
        "EVENT           7.3",
        "PASS            passed",
        "NOT CHECKED     open",
        "INCOMPLETE      missing",
        "TRUST           root key root",
    ] == text.splitlines()[:6]
    assert text.endswith("\nRESULT          INCOMPLETE   exit 5\n")


def test_a_report_on_nothing():
    """Before anything was read there is no size, no name, and nothing was found."""
    document = ProofReport("file").as_dict()

    assert (0, "", "", "") == tuple(
        document[name] for name in ("size", "kind", "origin", "genesis")
    )
    assert ("INCOMPLETE", 5, 0) == (
        document["verdict"],
        document["exit_code"],
        document["findings_total"],
    )


def test_lines_of_what_is_missing():
    """What was asked for is told from what was not."""
    report = ProofReport("file")
    for code, found in ((Code.NOT_TIMED, report.trust), (Code.NOT_FRESH, report.noted)):
        found.append(Violation(code, "L2", expected="this", found="that").at("place"))
    lines = report.as_text().splitlines()

    assert [
        f"TRUST           {report.trust[0]}",
        f"NOTED           {report.noted[0]}",
    ] == lines[1:3]
    assert ["LV807", "LV809"] == [
        one["code"]
        for one in (report.as_dict()["trust"][0], report.as_dict()["noted"][0])
    ]
