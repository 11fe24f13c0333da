"""producers.ingest.decide: the decision on one record."""

import csv
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from ledger.events.policy import Purpose
from producers.ingest.decide import decide, needs_scan, tighten
from producers.ingest.facts import Facts, RegisterLicence, ScanOutcome
from producers.ingest.licences import Standing
from producers.ingest.policy import IngestPolicy
from producers.ingest.rules import shipped_rules

TABLE = Path(__file__).with_name("decisions.tsv")
ROWS = list(csv.DictReader(TABLE.read_text().splitlines(), delimiter="\t"))
SCAN, REVIEWED, LICENCE = "1" * 32, "2" * 32, "3" * 32
BODY, OTHER_BODY = "a" * 64, "b" * 64
SCANS = {
    "missing": None,
    "allowed": {"verdict": "allowed"},
    "reserved": {"verdict": "reserved", "reasons": ("robots_disallow",)},
    "basket": {"verdict": "reserved", "reasons": ("basket",)},
    "unknown": {"verdict": "unknown", "reasons": ("unreadable",)},
    "review": {"verdict": "unknown", "reasons": ("terms_of_use",)},
    "cleared": {
        "verdict": "unknown",
        "reasons": ("terms_of_use", "linked_rights"),
        "review": "cleared",
        "reviewed_scan_id": REVIEWED,
    },
    "differs": {"verdict": "allowed"},
    "piracy": {"verdict": "reserved", "reasons": ("piracy_site",)},
    "upheld": {
        "verdict": "unknown",
        "reasons": ("terms_of_use",),
        "review": "upheld",
        "reviewed_scan_id": REVIEWED,
    },
}


def facts(standing="none", *, covered=None, **changes):
    """What is known of a page; a licence of the register holds where `covered` says."""
    register = None
    if covered is not None:
        register = RegisterLicence(
            licence_id=LICENCE, jurisdictions=frozenset(covered.split())
        )
    fields = {"has_subjects": False, "consent": False, "register": register}
    return Facts(standing=standing, source_kind="web", **{**fields, **changes})


def scan(name, **changes):
    if SCANS[name] is None:
        return None
    fields = {"scan_id": SCAN, "body_sha256": BODY}
    return ScanOutcome(**{**fields, **SCANS[name], **changes})


def policy(*jurisdictions, purpose="commercial"):
    return IngestPolicy(
        basket_version="2026-11-23",
        jurisdictions=frozenset(jurisdictions),
        purpose=purpose,
    )


CELL = ("jurisdictions", "purpose", "basis", "scan", "access")
BASES = (*get_args(Standing), "register", "register+unclear")
"""What a text rests on: a stated licence, or one of the register for both."""


def key(row):
    return tuple(row[name] for name in CELL)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(key(row)))
def test_table(row):
    """Each cell of the table has the reviewed decision, by the reviewed rule."""
    standing = row["basis"].rpartition("+")[2].replace("register", "none")
    covered = "eu uk" if row["basis"].startswith("register") else None
    page = facts(standing, covered=covered)
    if row["scan"] == "differs":
        page = replace(page, response_sha256=OTHER_BODY)
    ruling = decide(
        page,
        scan(row["scan"], access=row["access"]),
        policy(*row["jurisdictions"].split(), purpose=row["purpose"]),
    )

    expected = (
        row["decision"],
        row["rule"],
        row["reasons"].split(),
        row["eu_basis"],
        row["uk_basis"],
    )
    assert expected == (
        ruling.decision,
        ruling.rule,
        list(ruling.reasons),
        ruling.eu_basis,
        ruling.uk_basis,
    )


def test_table_is_complete():
    """The table has every cell, once."""
    scans = [
        (name, access)
        for name in SCANS
        for access in (("unknown",) if name == "missing" else ("open", "paywall"))
    ]
    cells = [
        (*left, *right)
        for *left, right in product(
            ("eu", "uk", "eu uk"), get_args(Purpose), BASES, scans
        )
    ]

    assert sorted(cells) == sorted(key(row) for row in ROWS)


def test_every_rule_decides_somewhere():
    """No rule is out of reach: each decides a cell, or part of the register."""
    beside = {
        "eu_register_here",
        "uk_register_here",
        "eu_unclear_in_part",
    }

    assert {rule.name for rule in shipped_rules().rule} == beside | {
        rule for row in ROWS for rule in (row["rule"],)
    }


def test_research_is_no_basis_for_a_commercial_model():
    """Article 3 and section 29A appear only where the purpose is research."""
    research = {"tdm_article_3", "research_29a"}
    rows = [row for row in ROWS if {row["eu_basis"], row["uk_basis"]} & research]

    assert {"research"} == {row["purpose"] for row in rows}
    assert {"open"} == {row["access"] for row in rows}


def test_research_cites_the_scan_that_showed_access():
    """Not the earlier one that a person read, which may have met a paywall."""
    ruling = decide(
        facts(), scan("cleared", access="open"), policy("eu", purpose="research")
    )

    assert ("tdm_article_3", SCAN) == (ruling.eu_basis, ruling.scan_id)


AFTER = {
    "nothing": (("accepted", "eu_stated_licence", ["licence"]), "none", "not_needed"),
    "redact": (
        ("accepted", "eu_stated_licence", ["licence", "sensitive_redacted"]),
        "redact",
        "done",
    ),
    "review": (
        ("pending", "sensitive_review", ["sensitive_review"]),
        "review",
        "done",
    ),
    "dataset": (
        ("pending", "dataset_pending", ["dataset_pending"]),
        "redact",
        "pending",
    ),
    "both": (
        ("pending", "sensitive_review", ["sensitive_review", "dataset_pending"]),
        "review",
        "pending",
    ),
    "block": (
        ("blocked", "sensitive_block", ["sensitive_block", "dataset_pending"]),
        "block",
        "pending",
    ),
}


@pytest.mark.parametrize(("expected", "action", "review"), AFTER.values(), ids=AFTER)
def test_after_the_law(expected, action, review):
    """Text and dataset make a decision stricter; the strictest names the rule."""
    rules = policy("eu", "uk")
    ruling = tighten(
        decide(facts("licence"), None, rules),
        rules,
        action=action,
        consent_review=review,
    )

    assert expected == (ruling.decision, ruling.rule, list(ruling.reasons))


def test_nothing_makes_a_decision_looser():
    """What waits by law still waits, by the rule of law."""
    rules = policy("eu")
    waits = decide(facts("unclear"), None, rules)
    ruling = tighten(waits, rules, action="redact", consent_review="done")

    assert waits == ruling


def test_clear_scan_is_no_basis_in_the_uk():
    """The same page passes for the EU alone and is blocked where the UK counts too."""
    page = facts("none")

    assert "accepted" == decide(page, scan("allowed"), policy("eu")).decision
    assert "blocked" == decide(page, scan("allowed"), policy("eu", "uk")).decision


def test_nothing_passes_without_a_basis():
    """An accepted record has a basis in each jurisdiction of the policy."""
    for row in ROWS:
        if row["decision"] == "accepted":
            for jurisdiction in row["jurisdictions"].split():
                assert "none" != row[f"{jurisdiction}_basis"]


@pytest.mark.parametrize(
    ("expected", "has_subjects", "consent"),
    [("public", False, False), ("personal", True, False), ("consent", True, True)],
    ids=["no-subjects", "subjects", "consent"],
)
def test_hazard(expected, has_subjects, consent):
    """Hazard rises with declared subjects, and again with consent."""
    record = facts("licence", has_subjects=has_subjects, consent=consent)

    assert expected == decide(record, None, policy("eu")).hazard


REGISTER = {
    "over-a-reservation": (
        ("accepted", "licence_register scan_reserved", "licence", "licence"),
        ("eu uk", "eu uk", "reserved"),
    ),
    "over-a-basket": (
        ("accepted", "licence_register scan_reserved basket", "licence", "none"),
        ("eu", "eu uk", "basket"),
    ),
    "over-an-unknown": (
        ("accepted", "licence_register scan_unknown", "licence", "none"),
        ("eu", "eu", "unknown"),
    ),
    "over-a-review": (
        ("accepted", "licence_register scan_review", "licence", "none"),
        ("eu", "eu", "review"),
    ),
    "without-a-scan": (
        ("accepted", "licence_register", "licence", "licence"),
        ("eu uk", "eu uk", "missing"),
    ),
    "uk-only": (
        ("accepted", "licence_register", "none", "licence"),
        ("uk", "uk", "missing"),
    ),
    "not-in-the-uk": (
        ("blocked", "uk_no_licence", "licence", "none"),
        ("eu uk", "eu", "reserved"),
    ),
    "uk-by-licence-eu-by-scan": (
        ("accepted", "licence_register scan_clear", "tdm_article_4", "licence"),
        ("eu uk", "uk", "allowed"),
    ),
    "uk-by-licence-eu-reserved": (
        ("blocked", "scan_reserved", "none", "licence"),
        ("eu uk", "uk", "reserved"),
    ),
    "uk-by-licence-eu-waits": (
        ("pending", "scan_review", "none", "licence"),
        ("eu uk", "uk", "review"),
    ),
    "elsewhere": (
        ("blocked", "scan_reserved", "none", "none"),
        ("eu", "uk", "reserved"),
    ),
}


@pytest.mark.parametrize("standing", ["none", "refused"])
@pytest.mark.parametrize(("expected", "given"), REGISTER.values(), ids=REGISTER)
def test_register(expected, given, standing):
    """A licence of the register is a basis where it holds, and nowhere else."""
    jurisdictions, covered, name = given
    ruling = decide(
        facts(standing, covered=covered), scan(name), policy(*jurisdictions.split())
    )

    assert expected == (
        ruling.decision,
        " ".join(ruling.reasons),
        ruling.eu_basis,
        ruling.uk_basis,
    )
    is_used = "licence" in {ruling.eu_basis, ruling.uk_basis}
    assert (LICENCE if is_used else "") == ruling.licence_id


def test_register_names_what_it_overrides():
    """The decision cites the scan whose reservation the licence overrides."""
    ruling = decide(facts(covered="eu"), scan("reserved"), policy("eu"))

    assert (LICENCE, SCAN) == (ruling.licence_id, ruling.scan_id)


@pytest.mark.parametrize(
    ("expected", "covered"),
    [(("accepted", LICENCE), "eu uk"), (("pending", ""), "eu")],
    ids=["everywhere", "in-part"],
)
def test_register_over_an_unclear_licence(expected, covered):
    """What the owner wrote need not be read where the register covers everything."""
    ruling = decide(
        facts("unclear", covered=covered), scan("reserved"), policy("eu", "uk")
    )

    assert expected == (ruling.decision, ruling.licence_id)


def test_own_licence_comes_before_the_register():
    """A text under a licence of its own needs none of the register."""
    ruling = decide(facts("licence", covered="eu uk"), None, policy("eu", "uk"))

    assert (("licence",), "") == (ruling.reasons, ruling.licence_id)


@pytest.mark.parametrize("standing", ["none", "unclear"])
def test_a_piracy_site_grants_nothing(standing):
    """A licence for a site on the list of piracy sites does not count."""
    listed = scan("reserved", reasons=("piracy_site",))
    ruling = decide(facts(standing, covered="eu uk"), listed, policy("eu", "uk"))

    assert ("blocked", "") == (ruling.decision, ruling.licence_id)


@pytest.mark.parametrize("jurisdictions", [("eu",), ("uk",)], ids=["eu", "uk"])
@pytest.mark.parametrize("standing", ["licence", "public_domain"])
def test_a_piracy_site_has_nothing_to_grant(standing, jurisdictions):
    """Nor does what a record states of its text count there, wherever it is used."""
    listed = scan("reserved", reasons=("piracy_site",))
    ruling = decide(facts(standing), listed, policy(*jurisdictions))

    assert ("blocked", ("scan_reserved",), SCAN, "none", "none") == (
        ruling.decision,
        ruling.reasons,
        ruling.scan_id,
        ruling.eu_basis,
        ruling.uk_basis,
    )


@pytest.mark.parametrize("name", ["allowed", "cleared"])
def test_another_response_is_blocked(name):
    """A verdict is about the response that was scanned and about no other."""
    same, other = (
        decide(facts(response_sha256=stated), scan(name), policy("eu"))
        for stated in (BODY, OTHER_BODY)
    )

    assert ("accepted", "blocked") == (same.decision, other.decision)
    assert ("response_differs",) == other.reasons


def test_a_response_that_no_scan_saw_is_blocked():
    """Where the scan had no whole page, a stated response is another one."""
    blind = scan("allowed", body_sha256="")
    ruling = decide(facts(response_sha256=BODY), blind, policy("eu"))

    assert ("blocked", ("response_differs",)) == (ruling.decision, ruling.reasons)


def test_another_response_does_not_wait():
    """A person who clears the scan would say nothing about the other response."""
    ruling = decide(facts(response_sha256=OTHER_BODY), scan("review"), policy("eu"))

    assert ("blocked", ("scan_review", "response_differs")) == (
        ruling.decision,
        ruling.reasons,
    )


def test_another_response_of_a_licensed_site():
    """The licence covers the site's texts, whatever a scan happened to see."""
    page = facts(covered="eu", response_sha256=OTHER_BODY)

    assert "accepted" == decide(page, scan("reserved"), policy("eu")).decision


@pytest.mark.parametrize(
    ("expected", "name"),
    [(SCAN, "allowed"), (SCAN, "review"), (REVIEWED, "cleared"), (SCAN, "upheld")],
)
def test_cited_scan(expected, name):
    """A record that a review let pass cites the scan that the person read."""
    assert expected == decide(facts(), scan(name), policy("eu")).scan_id


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": ("terms_of_use", "unreadable")},
        {"reasons": ()},
        {"verdict": "reserved"},
    ],
    ids=["partly-unreadable", "no-reason", "reserved"],
)
def test_a_review_clears_nothing_else(changes):
    """Cleared counts only for a scan that is unknown for what a person may clear."""
    ruling = decide(facts(), scan("cleared", **changes), policy("eu"))

    assert ("blocked", SCAN) == (ruling.decision, ruling.scan_id)


def test_source_kind_is_kept():
    """The ruling carries the source kind of the record."""
    assert "web" == decide(facts(), None, policy("eu")).source_kind


@pytest.mark.parametrize(
    ("expected", "standing", "has_url", "jurisdictions"),
    [
        (True, "none", True, ("eu",)),
        (True, "refused", True, ("eu", "uk")),
        (True, "unclear", True, ("eu",)),
        (False, "none", False, ("eu",)),
        (False, "none", True, ("uk",)),
        (False, "licence", True, ("eu",)),
        (False, "public_domain", True, ("eu",)),
    ],
)
def test_needs_scan(expected, standing, has_url, jurisdictions):
    """Only an unlicensed text with a URL is scanned, and only where the EU counts."""
    assert expected == needs_scan(
        facts(standing),
        has_url=has_url,
        is_shunned=False,
        policy=policy(*jurisdictions),
    )


@pytest.mark.parametrize("jurisdictions", [("eu",), ("uk",)], ids=["eu", "uk"])
@pytest.mark.parametrize("standing", ["none", "licence", "public_domain"])
def test_a_shunned_site_is_scanned(standing, jurisdictions):
    """Whatever the licence and wherever the model may be used."""
    assert needs_scan(
        facts(standing), has_url=True, is_shunned=True, policy=policy(*jurisdictions)
    )


def test_unscanned_cell_does_not_depend_on_the_scan():
    """Where no scan is asked for, no verdict could have changed the decision."""
    for jurisdictions, standing in product(
        (("eu",), ("uk",), ("eu", "uk")), get_args(Standing)
    ):
        rules = policy(*jurisdictions)
        if not needs_scan(
            facts(standing), has_url=True, is_shunned=False, policy=rules
        ):
            decisions = {
                decide(facts(standing), scan(name), rules).decision
                for name in SCANS.keys() - {"piracy"}
            }
            assert 1 == len(decisions)


COVERED = (None, "eu", "uk", "eu uk")
STRICTER = ("allowed", "review", "unknown", "reserved")
"""Scans of which each blocks whatever the one before it blocks."""


def every_case():
    """Every combination of what a decision rests on."""
    for jurisdictions, standing, covered, name, stated in product(
        ("eu", "uk", "eu uk"),
        get_args(Standing),
        COVERED,
        SCANS,
        ("", BODY, OTHER_BODY),
    ):
        page = facts(standing, covered=covered, response_sha256=stated)
        yield page, scan(name), policy(*jurisdictions.split())


def test_accepted_rests_on_something():
    """In each jurisdiction an accepted record has a basis that bears it."""
    for page, found, rules in every_case():
        ruling = decide(page, found, rules)
        if ruling.decision != "accepted":
            continue
        bases = {"eu": ruling.eu_basis, "uk": ruling.uk_basis}
        held = page.register.jurisdictions if ruling.licence_id else {"eu", "uk"}
        for name in rules.jurisdictions:
            assert "none" != bases[name]
            assert "licence" != bases[name] or name in held
        if ruling.eu_basis == "tdm_article_4":
            assert found.verdict == "allowed" or found.is_cleared
            assert page.response_sha256 in {"", found.body_sha256}


def test_a_stricter_scan_lets_nothing_pass():
    """What one scan keeps out, no stricter one lets in."""
    for page, found, rules in every_case():
        if found != scan("allowed"):
            continue
        decisions = [decide(page, scan(name), rules).decision for name in STRICTER]
        is_accepted = [decision == "accepted" for decision in decisions]
        assert sorted(is_accepted, reverse=True) == is_accepted


def test_a_stated_response_lets_nothing_pass():
    """Saying which response a text was taken from can only keep it out."""
    for page, found, rules in every_case():
        if decide(page, found, rules).decision == "accepted":
            silent = replace(page, response_sha256="")
            assert "accepted" == decide(silent, found, rules).decision
