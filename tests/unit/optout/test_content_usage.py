"""Content-Usage and Content-Signal: what is stated, and what is no silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.robots.content_signal import (
    header_content_signal,
    parse_content_signal,
)
from producers.optout.robots.content_usage import (
    header_content_usage,
    parse_content_usage,
)
from producers.optout.vocabulary.merge import combine_preferences
from producers.optout.vocabulary.signals import SILENCE, Statement
from producers.optout.vocabulary.usage import most_specific

NO = ("train", "disallow")
YES = ("train", "allow")


def _is_doubtful(said):
    return said.is_malformed or said.is_unread or said.review != ""


@pytest.mark.parametrize(
    ("value", "reservation", "stated"),
    [
        ("train-ai=n", "reserved", (NO,)),
        ("train-ai=y;x=1", "not_reserved", (YES,)),
        (
            "search=n, ai-use=y",
            "unset",
            (("search", "disallow"), ("ai_input", "allow")),
        ),
        ("", "unset", ()),
    ],
)
def test_usage(value, reservation, stated):
    """A plain value is read without doubt."""
    said = parse_content_usage(value)

    assert (reservation, stated, False) == (
        said.reservation,
        said.stated,
        _is_doubtful(said),
    )


@pytest.mark.parametrize(
    "value",
    [
        "train-ai",
        "train-ai=N",
        "train-ai=no",
        'train-ai="y"',
        "train-ai=?1",
        "train-ai=(y)",
        "Train-AI=y",
        "train-ai=y,",
        "train-ai=n, train-ai=y",
        "train-ai=y, search=no",
        "search=yes",
    ],
)
def test_malformed_usage(value):
    """What breaks the format, or contradicts itself, is malformed."""
    assert parse_content_usage(value).is_malformed


@pytest.mark.parametrize(
    "value", ["ai=n", "genai=n", "train-ai=y, tdm=n", "ai-train=y"]
)
def test_unknown_label(value):
    """A label that is not known is read by a person."""
    said = parse_content_usage(value)

    assert ("unknown_preference", False) == (said.review, said.is_malformed)


def test_last_of_two_members_is_in_force():
    """The drafts' reading is kept beside the doubt."""
    said = parse_content_usage("train-ai=n, train-ai=y")

    assert ((YES,), True) == (said.stated, said.is_malformed)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], SILENCE),
        ([("Date", "x"), ("Content-Usage", "train-ai=n")], (2, "reserved", False)),
        (
            [("content-usage", "search=y"), ("x", ""), ("CONTENT-USAGE", "train-ai=n")],
            (3, "reserved", False),
        ),
        (
            [("content-usage", "train-ai=n"), ("content-usage", "train-ai=y")],
            (2, "not_reserved", True),
        ),
        ([("content-usage", "train-ai=y"), ("content-usage", "")], (1, "unset", True)),
    ],
)
def test_usage_lines(lines, expected):
    """All lines are one dictionary; the statement names the line that decides."""
    said = header_content_usage(lines)
    found = (said.line, said.reservation, said.is_malformed)

    assert expected == (said if expected is SILENCE else found)


@pytest.mark.parametrize(
    ("value", "reservation", "stated"),
    [
        ("ai-train=no", "reserved", (NO,)),
        ("AI-Train = No ,", "reserved", (NO,)),
        ("ai-train=yes", "not_reserved", (YES,)),
        ("ai-train=yes,ai-train=no", "reserved", (NO,)),
        ("ai-train=no,ai-train=yes", "reserved", (NO,)),
        ("ai-input=no", "unset", (("ai_input", "disallow"),)),
        ("", "unset", ()),
    ],
)
def test_signal(value, reservation, stated):
    """A plain value is read without doubt; of two a no decides."""
    said = parse_content_signal(value)

    assert (reservation, stated, False) == (
        said.reservation,
        said.stated,
        _is_doubtful(said),
    )


@pytest.mark.parametrize(
    ("value", "is_malformed", "review"),
    [
        ("ai-train", True, ""),
        ("ai-train: no", True, ""),
        ("ai-train=n", True, ""),
        ('ai-train="yes"', True, ""),
        ("search=yes ai-train=yes", True, ""),
        ("search=yes; ai-train=no", True, ""),
        ("ai_train=yes", False, "unknown_preference"),
        ("train-ai=no", False, "unknown_preference"),
    ],
)
def test_odd_signal(value, is_malformed, review):
    """What is not understood is neither a no nor a yes, and no silence."""
    said = parse_content_signal(value)

    assert ("unset", is_malformed, review) == (
        said.reservation,
        said.is_malformed,
        said.review,
    )


def test_odd_signal_hides_no_other():
    """A no beside something that is not understood is a no."""
    said = parse_content_signal("search=maybe, foo=yes, ai-train=no")

    assert "reserved" == said.reservation


def test_signal_lines():
    """Of several lines any no decides, and its line is named."""
    lines = [("content-signal", "ai-train=yes"), ("Content-Signal", "ai-train=no")]
    said = header_content_signal(lines)

    assert ("reserved", 2, (NO,)) == (said.reservation, said.line, said.stated)
    assert SILENCE == header_content_signal([("link", "x")])


@given(
    st.text(max_size=40), st.sampled_from([parse_content_usage, parse_content_signal])
)
def test_any_value_is_read(value, parse):
    """No value raises; a yes is stated where the value says so in plain words only."""
    said = parse(value)

    assert said.reservation != "not_reserved" or "train" in value.lower()


STATED = st.lists(
    st.tuples(
        st.sampled_from(["train", "search"]), st.sampled_from(["allow", "disallow"])
    ),
    max_size=3,
    unique_by=lambda one: one[0],
).map(tuple)


@given(st.lists(STATED, max_size=4))
def test_combining_is_most_restrictive(sources):
    """Any no decides, else any yes, whatever the order."""
    combined = dict(combine_preferences(sources))

    for usage in ("train", "search"):
        said = {dict(source).get(usage) for source in sources} - {None}
        expected = "disallow" if "disallow" in said else "allow" if said else None
        assert expected == combined.get(usage)
    assert combined == dict(combine_preferences(sources[::-1]))


RESERVED = Statement(reservation="reserved", stated=(NO,), line=1)
FREE = Statement(reservation="not_reserved", stated=(YES,), line=2)
DOUBT = Statement(reservation="unset", line=3, is_malformed=True)
ABOUT_SEARCH = Statement(reservation="unset", stated=(("search", "allow"),), line=4)


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ([], ("unset", "", False)),
        ([(1, RESERVED), (2, FREE)], ("not_reserved", "", False)),
        ([(1, FREE), (2, RESERVED)], ("reserved", "", False)),
        ([(2, FREE), (2, RESERVED)], ("reserved", "", False)),
        ([(1, RESERVED), (2, ABOUT_SEARCH)], ("unset", "unknown_preference", False)),
        ([(1, DOUBT), (2, FREE)], ("not_reserved", "", True)),
        ([(1, FREE), (2, ABOUT_SEARCH)], ("unset", "", False)),
    ],
)
def test_most_specific(matches, expected):
    """The longest rule decides; a shorter no that it is silent on is no silence."""
    said = most_specific(matches)

    assert expected == (said.reservation, said.review, said.is_malformed)
