"""Every vector, put to every implementation: the answers must be those of `expect`.

An implementation is a dict from kind to a function that takes a vector's `in` and
returns `accept`, `refuse` or, for a ledger with unknown event types, `incomplete`.
"""

import json
import re
from pathlib import Path

import pytest

from tests.vectors import by_verifier, by_writer
from tests.vectors.make_vectors import cases

FOLDER = Path(__file__).parent
SPEC = FOLDER.parents[1] / "docs" / "spec.md"
VECTORS = {
    str(path.relative_to(FOLDER)): json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*/*.json"))
}
IMPLEMENTATIONS = {"writer": by_writer, "verifier": by_verifier}

FOUND_AS = {
    "KEY-6": {"KEY-6", "SUB-6", "CHK-1"},  # where a grant's end shows
}
"""Rules that the verifier may name by the rule that leans on them."""

WITHOUT_VECTOR = {
    "EVT-9": "an id is how people name an event; no stored byte shows it",
}


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("path", VECTORS)
def test_vector(implementation, path):
    """The implementation gives the expected answer."""
    vector = VECTORS[path]
    answer = IMPLEMENTATIONS[implementation].ANSWERS[vector["kind"]]

    assert vector["expect"] == answer(vector["in"])


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, vector in VECTORS.items()
        if (vector["kind"], vector["expect"]) == ("ledger", "refuse")
    ],
)
def test_the_verifier_names_the_rule(path):
    """What is found first is the rule that the vector breaks."""
    rule = VECTORS[path]["rule"]

    assert by_verifier.first_rule(VECTORS[path]["in"]) in FOUND_AS.get(rule, {rule})


def test_writing_the_vectors_again_changes_nothing():
    """The files are those that make_vectors.py writes."""
    found = {
        str(path.relative_to(FOLDER)): path.read_text("utf-8")
        for path in FOLDER.glob("*/*.json")
    }

    assert dict(cases()) == found


def _rules():
    """The rule ids of docs/spec.md, sections 1 to 7."""
    text = SPEC.read_text("utf-8")
    text = text[text.index("## 1. ") : text.index("## 8. ")]
    return re.findall(r"^- \*\*([A-Z]{3}-[0-9]+)\*\*", text, re.MULTILINE)


@pytest.mark.parametrize("rule", _rules())
def test_every_rule_has_a_vector_that_keeps_and_one_that_breaks_it(rule):
    """Or stands in the table above with the reason why not."""
    expects = {one["expect"] for one in VECTORS.values() if one["rule"] == rule}
    if rule in WITHOUT_VECTOR:
        assert set() == expects
    else:
        assert "refuse" in expects
        assert expects & {"accept", "incomplete"}


def test_every_vector_names_a_rule_of_the_specification():
    """No vector survives its rule."""
    assert set() == {vector["rule"] for vector in VECTORS.values()} - set(_rules())


@pytest.mark.parametrize("path", VECTORS)
def test_the_path_says_what_is_inside(path):
    """`<kind>/<rule>-<slug>.json`, with the five fields in their order."""
    vector = VECTORS[path]

    assert ["kind", "desc", "expect", "rule", "in"] == list(vector)
    assert path.startswith(f"{vector['kind']}/{vector['rule']}-")
