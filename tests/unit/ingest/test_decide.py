"""producers.ingest.decide: the decision on one record."""

import csv
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from producers.ingest.decide import Facts, ScanOutcome, decide, needs_scan
from producers.ingest.licences import Standing
from producers.ingest.policy import IngestPolicy

TABLE = Path(__file__).with_name("decisions.tsv")
ROWS = list(csv.DictReader(TABLE.read_text().splitlines(), delimiter="\t"))
SCANS = {
    "missing": None,
    "allowed": ("allowed", ()),
    "reserved": ("reserved", ("robots_disallow",)),
    "basket": ("reserved", ("basket",)),
    "unknown": ("unknown", ("unreadable",)),
}


def facts(standing="none", *, has_subjects=False, consent=False):
    return Facts(
        standing=standing,
        source_kind="web",
        has_subjects=has_subjects,
        consent=consent,
    )


def scan(name):
    if SCANS[name] is None:
        return None
    verdict, reasons = SCANS[name]
    return ScanOutcome(
        scan_id="1" * 32, site="2" * 32, verdict=verdict, reasons=reasons
    )


def policy(*jurisdictions):
    return IngestPolicy(
        basket_version="2026-11-23", jurisdictions=frozenset(jurisdictions)
    )


def key(row):
    return row["jurisdictions"], row["standing"], row["scan"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(key(row)))
def test_table(row):
    """Each cell of jurisdictions x standing x scan has the reviewed decision."""
    ruling = decide(
        facts(row["standing"]),
        scan(row["scan"]),
        policy(*row["jurisdictions"].split()),
    )

    expected = (
        row["decision"],
        row["reasons"].split(),
        row["eu_basis"],
        row["uk_basis"],
    )
    assert expected == (
        ruling.decision,
        list(ruling.reasons),
        ruling.eu_basis,
        ruling.uk_basis,
    )


def test_table_is_complete():
    """The table has every cell, once."""
    cells = product(("eu", "uk", "eu uk"), get_args(Standing), SCANS)

    assert sorted(cells) == sorted(key(row) for row in ROWS)


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
        facts(standing), has_url=has_url, policy=policy(*jurisdictions)
    )


def test_unscanned_cell_does_not_depend_on_the_scan():
    """Where no scan is asked for, no verdict could have changed the decision."""
    for jurisdictions, standing in product(
        (("eu",), ("uk",), ("eu", "uk")), get_args(Standing)
    ):
        rules = policy(*jurisdictions)
        if not needs_scan(facts(standing), has_url=True, policy=rules):
            decisions = {
                decide(facts(standing), scan(name), rules).decision for name in SCANS
            }
            assert 1 == len(decisions)
