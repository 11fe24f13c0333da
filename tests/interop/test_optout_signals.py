"""Opt-out signals, case by case, for the channels that the scan reads."""

import pytest

from producers.optout.ai_txt import parse_ai_txt
from producers.optout.html_meta import read_meta_tags
from producers.optout.page_tags import header_noai, meta_noai
from producers.optout.signals import SignalError, Statement
from producers.optout.tdmrep import (
    effective_reservation,
    header_statement,
    parse_tdmrep,
)


def _tdm(statement):
    return {"tdm_reservation": statement.reservation, "tdm_policy": statement.policy}


def _tdmrep_file(case):
    try:
        return _tdm(parse_tdmrep(case["input"].encode()).decide(case["url"]))
    except SignalError:
        return {"tdm_reservation": "error"}


def _tdmrep_header(case):
    lines = case["input"]
    pairs = list(lines.items()) if isinstance(lines, dict) else lines
    return _tdm(header_statement([tuple(pair) for pair in pairs]))


def _tdmrep_html(case):
    return _tdm(header_statement(read_meta_tags(case["input"].encode()).pairs))


def _tdmrep_precedence(case):
    said = {0: "not_reserved", 1: "reserved", None: "unset"}
    layers = [
        Statement(reservation=said[case["input"].get(layer)])
        for layer in ("file", "header", "html", "pdf")
    ]
    return {"tdm_reservation": effective_reservation(layers)}


def _x_robots_tag(case):
    pairs = list(case["input"].items())
    return {"ai-train": _usage(header_noai(pairs, [case["user_agent"]]))}


def _meta_robots(case):
    pairs = read_meta_tags(case["input"].encode()).pairs
    return {"ai-train(text)": _usage(meta_noai(pairs, [case["user_agent"]]))}


def _ai_txt(case):
    try:
        statement = parse_ai_txt(case["input"].encode()).decide("x", case["url"])
    except SignalError:
        return {"train": "not_an_optout_file"}
    return {"train": _usage(statement)}


def _usage(statement):
    usages = {"reserved": "disallow", "not_reserved": "allow", "unset": "unknown"}
    return usages[statement.reservation]


RUNNERS = {
    "tdmrep.json": _tdmrep_file,
    "tdmrep.header": _tdmrep_header,
    "tdmrep.html": _tdmrep_html,
    "tdmrep.precedence": _tdmrep_precedence,
    "x-robots-tag": _x_robots_tag,
    "meta-robots": _meta_robots,
    "ai.txt": _ai_txt,
}


@pytest.mark.cases("optout-signals.json")
def test_signal(case):
    """A signal says exactly what its specification makes of it."""
    run = RUNNERS.get(case["signal"])
    if run is None:
        pytest.skip("signal not read yet")
    found = run(case)

    assert case["expected"] == {key: found[key] for key in case["expected"]}
