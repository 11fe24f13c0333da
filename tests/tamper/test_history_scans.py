"""Policies, sites and scans: XEV-1 to XEV-4, each broken by one change."""

import pytest

from tests.tamper.changes import (
    ADOPTED,
    DECIDED,
    OTHER,
    SCANNED,
    again,
    carry_out,
    change,
    moved,
)
from tests.tamper.chapters import ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.story import Story

NO_TRAINING = {"usage": "train", "verdict": "reserved"}


def channels(story: Story, *verdicts: str, **fields) -> dict:
    """The first scan's channels say these verdicts."""
    event = story.one("optout.url_scanned")
    for item, verdict in zip(event["channels"], verdicts, strict=True):
        item["verdict"] = verdict
    event.update(fields)
    return event


def unused_scan(**fields):
    """A new scan that no decision rests on."""

    def apply(story: Story) -> dict:
        scan = story.one("optout.url_scanned")
        return story.repeat(scan, scan_id=ident("new scan"), **fields)

    return apply


def stated(story: Story, *preferences: tuple[str, str]) -> dict:
    """The first scan's last channel states preferences, and is allowed."""
    event = story.one(SCANNED)
    event["channels"][-1]["stated"] = [
        {"usage": usage, "preference": preference} for usage, preference in preferences
    ]
    return event


def unread(outcome: str):
    """The first scan's second channel was not read, and it is allowed all the same."""

    def apply(story: Story) -> dict:
        event = story.one(SCANNED)
        event["channels"][1]["outcome"] = outcome
        return event

    return apply


def without_robots(story: Story) -> dict:
    """The first scan did not ask for robots.txt."""
    event = story.one(SCANNED)
    event["channels"] = event["channels"][1:]
    return event


def listed(story: Story) -> dict:
    """A list of piracy sites is a channel that reserves; no reason says so."""
    event = story.one(SCANNED, 8)
    event["channels"][1]["channel"] = "piracy_list"
    return event


CASES = {
    "XEV-1 scan": ("POLICY_UNKNOWN", change(SCANNED, 9, policy_sha256=OTHER)),
    "XEV-1 decision": ("POLICY_UNKNOWN", change(DECIDED, 9, policy_sha256=OTHER)),
    "XEV-1 other content": ("POLICY_UNKNOWN", again(ADOPTED, jurisdictions=["eu"])),
    "XEV-1 other purpose": ("POLICY_UNKNOWN", again(ADOPTED, purpose="research")),
    "XEV-1 relaxed later": ("POLICY_UNKNOWN", again(ADOPTED, basket_relaxed=[])),
    "XEV-1 jurisdiction twice": (
        "POLICY_UNKNOWN",
        again(ADOPTED, policy_sha256=OTHER, jurisdictions=["eu", "eu"]),
    ),
    "XEV-2 twice": ("SITE", again("optout.site_registered")),
    "XEV-2 scan": ("SITE", change(SCANNED, 9, site_id=ident("other"))),
    "XEV-2 file": ("SITE", change("optout.policy_file_fetched", site_id=ident("x"))),
    "XEV-2 order": (
        "SITE",
        lambda story: (
            moved("optout.site_registered", behind="optout.policy_file_fetched")(story),
            story.one("optout.policy_file_fetched"),
        )[1],
    ),
    "XEV-3 twice": ("SCAN", again(SCANNED)),
    "XEV-3 unknown": ("SCAN", change(DECIDED, 8, scan_id=ident("other"))),
    "XEV-4 reserved": (
        "SCAN_VERDICT",
        unused_scan(verdict="unknown", reasons=["noai"]),
    ),
    "XEV-4 channel": (
        "SCAN_VERDICT",
        lambda story: channels(story, "allowed", "reserved"),
    ),
    "XEV-4 unknown channel": (
        "SCAN_VERDICT",
        lambda story: channels(story, "unknown", "allowed"),
    ),
    "XEV-4 reasons": ("SCAN_VERDICT", change(SCANNED, 0, reasons=["noai"])),
    "XEV-4 no reasons": ("SCAN_VERDICT", change(SCANNED, 8, reasons=[])),
    "XEV-4 page unread": ("SCAN_VERDICT", change(SCANNED, 0, http_status=0)),
    "XEV-4 page failed": ("SCAN_VERDICT", change(SCANNED, 0, http_status=503)),
    "XEV-4 login": ("SCAN_VERDICT", change(SCANNED, 0, access="login")),
    "XEV-4 paywall": ("SCAN_VERDICT", change(SCANNED, 0, access="paywall")),
    "XEV-4 unknown access": ("SCAN_VERDICT", change(SCANNED, 0, access="unknown")),
    "XEV-4 passed over": (
        "SCAN_VERDICT",
        lambda story: stated(story, ("search", "allow"), ("train", "disallow")),
    ),
    "XEV-4 mining passed over": (
        "SCAN_VERDICT",
        lambda story: stated(story, ("train", "allow"), ("tdm", "disallow")),
    ),
    "XEV-4 unreadable channel": ("SCAN_VERDICT", unread("unreadable")),
    "XEV-4 channel not understood": ("SCAN_VERDICT", unread("unknown")),
    "XEV-4 channel not asked": ("SCAN_VERDICT", unread("not_recorded")),
    "XEV-4 no robots.txt": ("SCAN_VERDICT", without_robots),
    "XEV-4 robots.txt disallows": (
        "SCAN_VERDICT",
        change(SCANNED, robots_rfc9309="disallow"),
    ),
    "XEV-4 reserved by specification": (
        "SCAN_VERDICT",
        change(SCANNED, spec_verdict="reserved"),
    ),
    "XEV-4 no usage": ("SCAN_VERDICT", change(SCANNED, usages=[])),
    "XEV-4 usage reserved": ("SCAN_VERDICT", change(SCANNED, usages=[NO_TRAINING])),
    "XEV-4 usage twice": (
        "SCAN_VERDICT",
        change(SCANNED, usages=[NO_TRAINING | {"verdict": "allowed"}, NO_TRAINING]),
    ),
    "XEV-4 piracy": ("SCAN_VERDICT", listed),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


def test_refusal_that_is_not_about_training(tmp_path):
    """A channel may disallow another use, and allow training, and be allowed."""
    story = Story()
    stated(story, ("train", "allow"), ("search", "disallow"))

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_policy_that_is_adopted_again(tmp_path):
    """The same document may be adopted again, in whatever order it lists things."""
    story = Story()
    story.repeat(story.one(ADOPTED), jurisdictions=["uk", "eu"])

    assert [] == found(verify_simulated(story.build(), tmp_path))
