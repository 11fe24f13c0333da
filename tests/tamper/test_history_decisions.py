"""Decisions and their grounds: XEV-5, XEV-6, XEV-18, XEV-19 and XEV-21, each broken."""

import pytest

from tests.tamper.changes import (
    CLASSIFIED,
    DECIDED,
    FROM_DATASET,
    LICENSED,
    LICENSED_RECORD,
    OTHER,
    READ,
    RESEARCH_RECORD,
    REVIEWED,
    REVIEWED_RECORD,
    REVOKED,
    SCANNED,
    after,
    again,
    carry_out,
    change,
)
from tests.tamper.chapters import ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.provenance import UNREVIEWED
from tests.tamper.rights import LICENCE, RESERVED
from tests.tamper.story import Story

DAY_MS = 86_400_000
EMAIL = {"kind": "email", "count": 1}
SITES = [ident("site", 0), ident("site", 1)]


def decided_after_upheld(story: Story) -> dict:
    """A review that upholds follows the one that cleared; then a record rests on it."""
    later = ident("later review")
    story.repeat(story.one(REVIEWED), review_id=later, outcome="upheld")
    decided = story.one(DECIDED, REVIEWED_RECORD)
    return story.repeat(decided, record_id=ident("new record"))


def research_on_a_closed_page(story: Story) -> dict:
    """The page of the scan that research rests on is behind a login."""
    story.one(SCANNED, 8).update(access="login")
    return story.one(DECIDED, RESEARCH_RECORD)


def accepted_while_pending(story: Story) -> dict:
    """A record is accepted before its dataset was reviewed."""
    decided = story.one(DECIDED, FROM_DATASET)
    return story.repeat(
        decided, record_id=ident("new record"), dataset_id=UNREVIEWED,
        licence="MIT", licence_id="",
    )  # fmt: skip


def ends_at_once(story: Story, kind: str, since: str) -> None:
    """A review or licence ends a millisecond after it began."""
    event = story.one(kind)
    event["expires_at_ms"] = event[since] + 1


def licensed_by_a_pirate(story: Story) -> dict:
    """A record of a site on such a list is accepted under a licence."""
    scan = ident("scan of a pirate")
    story.repeat(story.one(SCANNED, 8), scan_id=scan, reasons=["piracy_site"])
    decided = story.one(DECIDED, LICENSED_RECORD)
    return story.repeat(decided, record_id=ident("new record"), scan_id=scan)


CASES = {
    "XEV-5": ("RECORD_DECIDED_TWICE", again(DECIDED, 1)),
    "XEV-6 no commitment": ("DECISION_BASIS", change(DECIDED, 0, commitment="")),
    "XEV-6 commitment": ("DECISION_BASIS", change(DECIDED, 9, commitment=OTHER)),
    "XEV-6 eu": ("DECISION_BASIS", change(DECIDED, 0, eu_basis="none")),
    "XEV-6 uk": ("DECISION_BASIS", change(DECIDED, 0, uk_basis="none")),
    "XEV-6 reserved": ("DECISION_BASIS", change(DECIDED, 0, scan_id=ident("scan", 8))),
    "XEV-6 no scan": ("DECISION_BASIS", change(DECIDED, 0, scan_id="")),
    "XEV-6 not reviewed": (
        "DECISION_BASIS",
        after(DECIDED, REVIEWED_RECORD, drop=REVIEWED),
    ),
    "XEV-6 upheld": (
        "DECISION_BASIS",
        lambda story: (
            change(REVIEWED, outcome="upheld")(story),
            story.one(DECIDED, REVIEWED_RECORD),
        )[1],
    ),
    "XEV-6 upheld later": ("DECISION_BASIS", decided_after_upheld),
    "XEV-6 reserved by licence": (
        "DECISION_BASIS",
        change(DECIDED, LICENSED_RECORD, eu_basis="tdm_article_4"),
    ),
    "XEV-6 no licence": ("DECISION_BASIS", change(DECIDED, 0, licence="")),
    "XEV-6 research for gain": (
        "DECISION_BASIS",
        change(DECIDED, 0, uk_basis="research_29a"),
    ),
    "XEV-6 article 3 for gain": (
        "DECISION_BASIS",
        change(DECIDED, 0, eu_basis="tdm_article_3"),
    ),
    "XEV-6 commercial policy": (
        "DECISION_BASIS",
        lambda story: (
            change("policy.adopted", -1, purpose="commercial")(story),
            story.one(DECIDED, RESEARCH_RECORD),
        )[1],
    ),
    "XEV-6 article 3 without a scan": (
        "DECISION_BASIS",
        change(DECIDED, RESEARCH_RECORD, scan_id=""),
    ),
    "XEV-6 article 3 of a closed page": ("DECISION_BASIS", research_on_a_closed_page),
    "XEV-6 piracy": ("DECISION_BASIS", licensed_by_a_pirate),
    "XEV-18 twice": ("REVIEW", again(REVIEWED)),
    "XEV-18 no scan": ("REVIEW", change(REVIEWED, scan_id=ident("other"))),
    "XEV-18 allowed": ("REVIEW", change(REVIEWED, scan_id=ident("scan", 0))),
    "XEV-18 reserved": ("REVIEW", change(REVIEWED, scan_id=RESERVED)),
    "XEV-18 reasons": (
        "REVIEW",
        lambda story: (
            change(SCANNED, 9, reasons=["terms_of_use", "unreadable"])(story),
            story.one(REVIEWED),
        )[1],
    ),
    "XEV-18 expired": ("REVIEW", change(REVIEWED, expires_at_ms=0)),
    "XEV-18 ended": (
        "REVIEW",
        lambda story: (
            ends_at_once(story, REVIEWED, "decided_at_ms"),
            story.one(DECIDED, REVIEWED_RECORD),
        )[1],
    ),
    "XEV-19 twice": ("LICENCE", again(LICENSED)),
    "XEV-19 expired": ("LICENCE", change(LICENSED, expires_at_ms=0)),
    "XEV-19 no text": ("LICENCE", change(LICENSED, text_sha256="")),
    "XEV-19 model of content": ("LICENCE", change(LICENSED, model="acme/base")),
    "XEV-19 no model": ("LICENCE", change(LICENSED, 1, model="")),
    "XEV-19 site": ("LICENCE", change(LICENSED, sites=[SITES[0], ident("other")])),
    "XEV-19 override": ("LICENCE", change(LICENSED, overrides=[ident("other")])),
    "XEV-19 revoked twice": ("LICENCE", again(REVOKED)),
    "XEV-19 revoked unknown": ("LICENCE", change(REVOKED, licence_id=ident("other"))),
    "XEV-19 unknown": (
        "LICENCE_USE",
        change(DECIDED, LICENSED_RECORD, licence_id=ident("other")),
    ),
    "XEV-19 revoked": (
        "LICENCE_USE",
        lambda story: (
            change(REVOKED, licence_id=LICENCE)(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 of a model": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, covers="model", model="acme/base")(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 training": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, permits=["output", "commercial"])(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 for gain": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, permits=["train"])(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 not for gain": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, conditions=["non_commercial"])(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 ended": (
        "LICENCE_USE",
        lambda story: (
            ends_at_once(story, LICENSED, "starts_at_ms"),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 not begun": (
        "LICENCE_USE",
        lambda story: (
            story.one(LICENSED).update(starts_at_ms=story.ledger.now_ms + DAY_MS),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 jurisdiction": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, jurisdictions=["eu"])(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 another site": (
        "LICENCE_USE",
        lambda story: (
            change(LICENSED, sites=[SITES[1]])(story),
            story.one(DECIDED, LICENSED_RECORD),
        )[1],
    ),
    "XEV-19 no scan": ("LICENCE_USE", change(DECIDED, LICENSED_RECORD, scan_id="")),
    "XEV-21 unknown dataset": (
        "DATASET",
        after(DECIDED, FROM_DATASET + 1, drop=CLASSIFIED, drop_number=2),
    ),
    "XEV-21 not reviewed": ("DATASET", accepted_while_pending),
    "XEV-21 read unknown": ("DATASET", change(READ, dataset_id=ident("other"))),
    "XEV-21 accepted": ("DATASET", change(READ, accepted=1)),
    "XEV-21 pending": ("DATASET", change(READ, pending=1)),
    "XEV-21 blocked": ("DATASET", change(READ, blocked=1)),
    "XEV-21 class twice": (
        "SENSITIVE",
        change(DECIDED, RESEARCH_RECORD, sensitive=[EMAIL, EMAIL]),
    ),
    "XEV-21 no action": ("SENSITIVE", change(DECIDED, 0, sensitive=[EMAIL])),
    "XEV-21 nothing found": ("SENSITIVE", change(DECIDED, 0, action="accept")),
    "XEV-21 accepted all the same": (
        "SENSITIVE",
        change(DECIDED, RESEARCH_RECORD, action="review"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


def test_cleared_again_after_it_was_upheld(tmp_path):
    """Of several reviews the newest counts."""
    story = Story()
    review = story.one(REVIEWED)
    story.repeat(review, review_id=ident("second"), outcome="upheld")
    story.repeat(review, review_id=ident("third"))
    decided = story.one(DECIDED, REVIEWED_RECORD)
    story.repeat(decided, record_id=ident("new record"))

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_licence_of_no_site(tmp_path):
    """A licence that names no site covers the scans of all, or no scan at all."""
    story = Story()
    story.one(LICENSED).update(sites=[])
    decided = story.one(DECIDED, LICENSED_RECORD)
    story.repeat(decided, record_id=ident("new record"), scan_id=ident("scan", 1))
    story.repeat(decided, record_id=ident("another record"), scan_id="")

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_conditions_of_a_licence(tmp_path):
    """What binds whoever distributes the model stands in the way of no decision."""
    story = Story()
    demands = ["naming", "share_alike", "use_restrictions", "user_threshold"]
    story.one(LICENSED).update(conditions=demands, users_max=9)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_licence_of_one_jurisdiction(tmp_path):
    """Where a decision has another basis elsewhere, the licence need not hold there."""
    story = Story()
    story.one(LICENSED).update(jurisdictions=["uk"])
    story.one(DECIDED, LICENSED_RECORD).update(eu_basis="public_domain")

    assert [] == found(verify_simulated(story.build(), tmp_path))
