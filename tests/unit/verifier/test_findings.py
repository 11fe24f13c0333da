"""Codes, their page, and how a report is rendered."""

import json
import re
from pathlib import Path

import pytest

from tests.tamper.harness import told_ledger, verify_simulated
from tests.tamper.story import Story
from verifier.findings import Code, FindingList, Violation, shown

PAGE = Path(__file__).parents[3] / "docs" / "findings.md"
SPEC = PAGE.with_name("spec.md")
POLICY = PAGE.with_name("policy.md")


@pytest.mark.parametrize("code", Code)
def test_code_has_a_heading(code):
    """docs/findings.md says what each code means."""
    title = code.name.lower().replace("_", " ")

    assert f"\n### {code} {title}\n" in PAGE.read_text("utf-8")


def test_page_names_no_other_code():
    """docs/findings.md has no heading for a code that does not exist."""
    headings = re.findall(r"^### (LV\d+)", PAGE.read_text("utf-8"), re.MULTILINE)

    assert [str(code) for code in Code] == headings


def test_rules_of_the_page_exist():
    """Each rule that docs/findings.md names is one of the specification or policy."""
    named = re.findall(r"\b[A-Z]{3}-\d+", PAGE.read_text("utf-8"))
    defined = re.findall(
        r"\*\*([A-Z]{3}-\d+)\*\*", SPEC.read_text("utf-8") + POLICY.read_text("utf-8")
    )

    assert set() == set(named) - set(defined)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\x1b[2J", "\\x1b[2J"),
        (b"\xff", "\\\\xff"),
        ("x" * 200, "x" * 120 + "..."),
        ("é\n", "\\xe9\\n"),
        (7, "7"),
    ],
)
def test_untrusted_text_is_shown_as_printable_ascii(value, expected):
    """No byte of a ledger reaches the terminal as it is."""
    assert expected == shown(value)


def test_list_keeps_the_first():
    """The list keeps the first hundred and counts all."""
    findings = FindingList()
    for number in range(150):
        violation = Violation(Code.SITE, "XEV-2", expected="a", found=number)
        findings.add(violation.at(f"event 1.{number}"))

    assert (150, 100, "event 1.0") == (
        len(findings),
        len(list(findings)),
        next(iter(findings)).where,
    )


def test_json_report(tmp_path):
    """The JSON document says what it is and what the verdict rests on."""
    document = json.loads(verify_simulated(told_ledger(), tmp_path).as_json())

    assert "tuneledger.verify/1" == document["schema"]
    assert ("L1", 0, None) == (
        document["verdict"],
        document["exit_code"],
        document["first_finding"],
    )
    said = {"entries": len(told_ledger().entries), "events": len([*Story().events()])}
    assert said == {name: document["counts"][name] for name in ("entries", "events")}


def test_text_report_of_a_sound_ledger(tmp_path):
    """The text says what passed, what was not checked and what is not proven."""
    text = verify_simulated(told_ledger(), tmp_path).as_text()
    labels = {line[:15].strip() for line in text.splitlines()}

    assert {"PASS", "NOT CHECKED", "DOES NOT PROVE", "TRUST", "RESULT"} <= labels
    assert text.endswith("L1 authentic   exit 0\n")


def test_text_report_of_a_broken_ledger(tmp_path):
    """The text names the first bad place, expected, found and the last good root."""
    ledger = told_ledger()
    del ledger.entries[-1]
    text = verify_simulated(ledger, tmp_path).as_text()

    last = len(ledger.entries)
    assert f"FIRST BAD       entry {last}   LV204 CHK-2\n" in text
    assert f"checkpoint {last}" in text.splitlines()[1]
    assert text.endswith("BROKEN   exit 1\n")
