"""robots.txt cases of other projects, and those where a scanner must be stricter."""

import base64

import pytest

from producers.optout.robots.reader import parse_robots


def _verdict(case):
    if "robots_txt_b64" in case:
        body = base64.b64decode(case["robots_txt_b64"])
    else:
        body = case["robots_txt"].encode()
    agents = case.get("agents") or [case["user_agent"]]
    decision = parse_robots(body).decide(agents, case["url"])
    return "allow" if decision.allowed else "disallow"


@pytest.mark.cases("robots.json")
def test_robots(case):
    """A crawler may fetch exactly what the case says."""
    assert case["expected"] == _verdict(case)


@pytest.mark.cases("robots-policy.json")
def test_robots_policy(case):
    """A reservation is found where a crawler's parser would not look."""
    assert case["expected"] == _verdict(case)
