"""The file of a probe: what is taken, and what a refusal gives away."""

import json

import pytest

from ledger.errors import InputError
from producers.evaluation import canaries
from producers.evaluation.canaries import parse_canaries
from producers.evaluation.outcome import Compared, Measured, micro, outcome

PIN = {"prefix": "p ", "secret": "12", "alphabet": "0123", "length": 2}
LIST = {"prefix": "p ", "secret": "a", "candidates": ["a", "b"]}


def lines(*objects):
    return "\n".join(json.dumps(one) for one in objects).encode()


@pytest.mark.parametrize("one", [PIN, LIST], ids=["drawn", "listed"])
def test_canaries_of_either_space_are_read(one):
    """A space is an alphabet with a length, or a list; blank lines count for none."""
    [found] = parse_canaries(b"\n" + lines(one) + b"\n\n", "exposure")

    assert (one["prefix"], one["secret"]) == (found.prefix, found.secret)


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        ({**PIN, "secret": "19"}, "from that alphabet"),
        ({**PIN, "secret": "123"}, "of that length"),
        ({**PIN, "alphabet": "0012"}, "without repetition"),
        ({**PIN, "length": 0}, "at least 1"),
        ({**PIN, "secret": "1", "alphabet": "1", "length": 1}, "at least 2 candid"),
        ({**PIN, "candidates": ["a", "b"]}, "both or neither"),
        ({"prefix": "p", "secret": "a"}, "both or neither"),
        ({**LIST, "candidates": ["a"]}, "two candidates"),
        ({**LIST, "candidates": ["b", "c"]}, "the secret among"),
        ({**LIST, "candidates": ["a", "b", "b"]}, "without repetition"),
        ({**PIN, "secret": ""}, "found something else"),
        ({**PIN, "jane": 1}, "found something else"),
        (["jane"], "found something else"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_space_is_refused(one, wrong):
    """The message names the line."""
    with pytest.raises(InputError, match=f"line 2: expected .*{wrong}"):
        parse_canaries(lines(PIN, one), "exposure")


def test_verbatim_needs_a_prefix():
    """There is nothing to continue without one."""
    with pytest.raises(InputError, match="a prefix for the model to continue"):
        parse_canaries(lines({"secret": "a"}), "verbatim")


@pytest.mark.parametrize(
    "content",
    [b'{"secret": "zebra', b'{"zebra": 1}', b'{"secret": ["zebra"]}', b"\xffzebra"],
    ids=["cut", "field", "type", "bytes"],
)
def test_a_refusal_repeats_no_text(content):
    """Texts reach no message."""
    with pytest.raises(InputError) as caught:
        parse_canaries(content, "min_k")

    assert "zebra" not in str(caught.value)


def test_limits(monkeypatch):
    """One past a limit is refused, and so is nothing."""
    monkeypatch.setattr(canaries, "CANARIES_MAX", 2)
    monkeypatch.setattr(canaries, "BYTES_MAX", 200)

    assert 2 == len(parse_canaries(lines(PIN, PIN), "min_k"))
    for content in (b"", b"\n\n", lines(PIN, PIN, PIN), b" " * 201):
        with pytest.raises(InputError, match="texts: expected"):
            parse_canaries(content, "min_k")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 0), (1.5, 1_500_000), (0.0000005, 0), (0.0000015, 2), (13.28771, 13287710)],
)
def test_values_are_rounded_to_millionths(value, expected):
    """To the nearest, ties to the even one."""
    assert expected == micro(value)


@pytest.mark.parametrize(
    ("probe", "before", "value", "expected"),
    [
        ("exposure", 4_999_999, 1, "inconclusive"),
        ("exposure", 5_000_000, 1, "equal_to_never_saw"),
        ("exposure", 5_000_000, 2, "differs"),
        ("exposure", 4_999_999, 2, "inconclusive"),
        ("verbatim", 499_999, 1, "inconclusive"),
        ("min_k", 500_000, 1, "equal_to_never_saw"),
    ],
)
def test_what_a_comparison_came_to(probe, before, value, expected):
    """Below its floor a comparison proves nothing; else equality is to the digit."""
    compared = Compared(erasure_id="e", before=before, never_saw=1)

    assert expected == outcome(probe, Measured(items=1, value=value), compared)
