"""Opt-out signals, case by case."""

import pytest

from producers.optout.documents.ai_txt import parse_ai_txt
from producers.optout.documents.rsl import parse_rsl
from producers.optout.documents.tdmrep import (
    effective_reservation,
    header_statement,
    parse_tdmrep,
)
from producers.optout.documents.trust_txt import parse_trust_txt
from producers.optout.embedded.cawg import parse_training_mining
from producers.optout.embedded.epub import opf_statement
from producers.optout.embedded.xmp import plus_statement, tdm_statement
from producers.optout.net.url import parse_url
from producers.optout.page.html_meta import read_page_tags
from producers.optout.page.page_tags import header_noai, meta_noai
from producers.optout.page.rsl_links import header_licence_urls, page_licence_urls
from producers.optout.page.terms import terms_statement
from producers.optout.readings.channels import POLICY_PATHS
from producers.optout.robots.content_signal import header_content_signal
from producers.optout.robots.content_usage import (
    header_content_usage,
    parse_content_usage,
)
from producers.optout.robots.reader import parse_robots
from producers.optout.vocabulary.merge import combine_preferences
from producers.optout.vocabulary.signals import SignalError, Statement
from tests.interop.robots_answers import robots_fetch


def _tdm(statement):
    return {"tdm_reservation": statement.reservation, "tdm_policy": statement.policy}


def _tdmrep_file(case):
    try:
        return _tdm(parse_tdmrep(case["input"].encode()).decide(case["url"]))
    except SignalError:
        return {"tdm_reservation": "error"}


def _tdmrep_header(case):
    return _tdm(header_statement(_pairs(case["input"])))


def _tdmrep_html(case):
    return _tdm(header_statement(read_page_tags(case["input"].encode()).metas))


def _tdmrep_precedence(case):
    said = {0: "not_reserved", 1: "reserved", None: "unset"}
    layers = [
        Statement(reservation=said[case["input"].get(layer)])
        for layer in ("file", "header", "html", "pdf")
    ]
    return {"tdm_reservation": effective_reservation(layers)}


def _x_robots_tag(case):
    statement = header_noai(_pairs(case["input"]), [case["user_agent"]])
    return _noai(statement)


def _meta_robots(case):
    metas = read_page_tags(case["input"].encode()).metas
    return _noai(meta_noai(metas, [case["user_agent"]]))


def _noai(statement):
    return dict.fromkeys(["ai-train", "ai-train(text)"], _train(statement))


def _content_usage_header(case):
    return _by_label(header_content_usage(_pairs(case["input"])))


def _content_usage_robots(case):
    robots = parse_robots(case["input"].encode())
    agents, url = [case["user_agent"]], case["url"]
    said = _by_label(robots.content_usage(agents, url))
    return {"crawl": robots.decide(agents, url).allowed, **said}


def _content_usage_combined(case):
    sources = [
        parse_content_usage("" if value is None else f"train-ai={value}").stated
        for value in case["input"]
    ]
    stated = dict(combine_preferences(sources))
    return {"train-ai": stated.get("train", "unknown")}


def _content_signal(case):
    if not isinstance(case["input"], str):
        return _by_label(header_content_signal(_pairs(case["input"])))
    robots = parse_robots(case["input"].encode())
    agents, url = [case["user_agent"]], case["url"]
    said = _by_label(robots.content_signal(agents, url))
    is_open = robots.decide(agents, url).allowed
    return {"crawl": "allow" if is_open else "disallow", **said}


def _rsl(case):
    try:
        statement = parse_rsl(case["input"].encode()).decide(case["url"])
    except SignalError:
        return {"ai-train": "error"}
    if statement.licence_required:
        return {"ai-train": "licence_required"}
    return _by_label(statement)


def _rsl_discovery(case):
    found = case["input"]
    if not isinstance(found, str):
        urls = header_licence_urls(_pairs(found))
    elif found.startswith("<"):
        links = read_page_tags(found.encode()).links
        urls = page_licence_urls(links)
    else:
        urls = parse_robots(found.encode()).licence_urls
    if "url" in case:
        base = parse_url(case["url"])
        urls = [parse_url(url, base=base).text for url in urls]
    return {"licence_urls": list(urls)}


def _ai_txt(case):
    try:
        statement = parse_ai_txt(case["input"].encode()).decide("x", case["url"])
    except SignalError:
        return {"train": "not_an_optout_file"}
    return {"train": _train(statement)}


def _trust_txt(case):
    return {"train": _train(parse_trust_txt(case["input"].encode()).decide())}


def _not_a_signal(case):
    """No channel asks for the file, so whatever it says is silence."""
    asked = set(POLICY_PATHS.values()) & set(case["input"])
    note = case["expected"].get("note")
    return {"train": "asked" if asked else "unknown", "note": note}


def _opf(case):
    return _tdm(opf_statement(case["input"].encode()))


def _xmp(case):
    return _tdm(tdm_statement(case["input"].encode()))


def _plus(case):
    statement = plus_statement(case["input"])
    review = "_review" if statement.review else ""
    return {"generative-training": _train(statement) + review}


def _training_mining(case):
    statement = parse_training_mining(**case["input"])
    return {"generative-training": _train(statement)}


def _prose(case):
    statement = terms_statement(case["input"].encode())
    words = {"terms_of_use": "human_review", "": _train(statement)}
    return {"train": words[statement.review]}


def _pairs(lines):
    return [
        tuple(pair) for pair in (lines.items() if isinstance(lines, dict) else lines)
    ]


def _train(statement):
    usages = {"reserved": "disallow", "not_reserved": "allow", "unset": "unknown"}
    return usages[statement.reservation]


def _by_label(statement):
    """What is stated, under every label that a vocabulary has for a usage."""
    stated = dict(statement.stated)
    train = stated.get("train", "unknown")
    return {
        "train-ai": train,
        "ai-train": train,
        "search": stated.get("search", "unknown"),
        "ai-input": stated.get("ai_input", "unknown"),
    }


RUNNERS = {
    "tdmrep.json": _tdmrep_file,
    "tdmrep.header": _tdmrep_header,
    "tdmrep.html": _tdmrep_html,
    "tdmrep.precedence": _tdmrep_precedence,
    "x-robots-tag": _x_robots_tag,
    "meta-robots": _meta_robots,
    "aipref.header": _content_usage_header,
    "aipref.robots": _content_usage_robots,
    "aipref.combine": _content_usage_combined,
    "content-signal": _content_signal,
    "rsl.xml": _rsl,
    "rsl.discovery": _rsl_discovery,
    "ai.txt": _ai_txt,
    "trust.txt": _trust_txt,
    "not-a-signal": _not_a_signal,
    "robots.fetch": robots_fetch,
    "tdmrep.epub2": _opf,
    "tdmrep.epub3": _opf,
    "tdmrep.pdf": _xmp,
    "plus-datamining": _plus,
    "c2pa-cawg": _training_mining,
    "natural-language": _prose,
}


@pytest.mark.cases("optout-signals.json")
def test_signal(case):
    """A signal says exactly what its specification makes of it."""
    found = RUNNERS[case["signal"]](case)

    assert case["expected"] == {key: found[key] for key in case["expected"]}
