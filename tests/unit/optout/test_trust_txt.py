"""trust.txt: what a publisher says of training."""

import pytest

from producers.optout.documents.trust_txt import parse_trust_txt
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SILENCE, SignalError


def _say(text):
    return parse_trust_txt(text.encode()).decide()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("datatrainingallowed=no\n", ("reserved", 1)),
        ("# x\r\n DataTrainingAllowed = NO # y\r\n", ("reserved", 2)),
        ("\ufeffdatatrainingallowed=no", ("reserved", 1)),
        ("datatrainingallowed=yes\n", ("not_reserved", 1)),
        ("datatrainingallowed=yes\ndatatrainingallowed=no\n", ("reserved", 2)),
        ("datatrainingallowed=no\ndatatrainingallowed=yes\n", ("reserved", 1)),
    ],
)
def test_statement(text, expected):
    """The attribute is read whatever its case; of two values the no decides."""
    said = _say(text)

    assert expected == (said.reservation, said.line)


@pytest.mark.parametrize(
    "text",
    ["", "\n# datatrainingallowed=no\n", "member=https://a.test/\ncontact=a@b.test\n"],
)
def test_silence(text):
    """A file about other things says nothing of training."""
    assert SILENCE == _say(text)


@pytest.mark.parametrize(
    "line",
    [
        "datatrainingallowed=",
        "datatrainingallowed=maybe",
        "datatrainingallowed=no, except text",
        "datatrainingallowed: no",
        "No training, please",
    ],
)
def test_odd_line_is_malformed(line):
    """What is no attribute, or no value, is no silence; and it hides no other line."""
    odd = _say(f"member=https://a.test/\n{line}\n")
    beside = _say(f"{line}\ndatatrainingallowed=no\n")

    assert ("unset", 2, True) == (odd.reservation, odd.line, odd.is_malformed)
    assert "reserved" == beside.reservation


@pytest.mark.parametrize(
    "line", ["aitraining=no", "tdm-reservation=1", "datamining=no", "llm=no", "gpt=no"]
)
def test_unknown_attribute_about_training(line):
    """An attribute of no specification is read by a person."""
    assert "unknown_preference" == _say(line).review


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param(b"<html>a=b</html>", "unknown", id="markup"),
        pytest.param(b'{"a": "=no"}', "unknown", id="JSON"),
        pytest.param(b"Not found", "unknown", id="prose"),
        pytest.param("datatrainingallowed=no".encode("utf-16"), "unreadable", id="16"),
        pytest.param("a\u2028datatrainingallowed=no".encode(), "unknown", id="U+2028"),
        pytest.param(b"#" * (POLICY_BYTES_MAX + 1), "unreadable", id="too long"),
    ],
)
def test_unreadable_files_are_refused(body, outcome):
    """What is no trust.txt is an error, never silence."""
    with pytest.raises(SignalError) as caught:
        parse_trust_txt(body)

    assert outcome == caught.value.outcome
