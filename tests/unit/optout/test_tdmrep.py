"""TDMRep: file, header and meta."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.documents.tdmrep import (
    DEPTH_MAX,
    ENTRIES_MAX,
    effective_reservation,
    header_statement,
    parse_tdmrep,
)
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError, Statement


def _file(*entries):
    return parse_tdmrep(json.dumps(entries).encode())


def _entry(location="/", value=1, **more):
    return {"location": location, "tdm-reservation": value, **more}


def test_first_match_wins_over_longest():
    """The order of the entries decides."""
    file = _file(_entry("/a/", 0), _entry("/a/b/", 1))

    assert "not_reserved" == file.decide("https://e.test/a/b/c").reservation


def test_statement_names_the_line_of_its_entry():
    """Lines are counted in the text of the file."""
    body = (
        b'\xef\xbb\xbf[\r\n {"location": "/a", "tdm-reservation": 0},\n\n'
        b' {"location": "/", "tdm-reservation": 1}\n]'
    )

    assert 4 == parse_tdmrep(body).decide("https://e.test/x").line


@pytest.mark.parametrize("value", [2, -1, "1", True, None, 1.0, [1], {}], ids=repr)
def test_other_values_are_malformed(value):
    """A value that the protocol does not know sets nothing, and is no silence."""
    statement = _file(_entry("/", value), _entry("/", 0)).decide("https://e.test/x")

    assert ("unset", True) == (statement.reservation, statement.is_malformed)


@pytest.mark.parametrize("location", [None, 7, "", "a/b", {}], ids=repr)
def test_entry_without_location_is_malformed(location):
    """An entry that cannot be placed sets nothing, and the file is no silence."""
    statement = _file(_entry(location)).decide("https://e.test/x")

    assert ("unset", True) == (statement.reservation, statement.is_malformed)


def test_empty_array_is_silence():
    """A file without entries says nothing."""
    statement = parse_tdmrep(b"[]").decide("https://e.test/")

    assert ("unset", False) == (statement.reservation, statement.is_malformed)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!doctype html><title>404</title>", id="markup"),
        pytest.param(b"", id="empty"),
        pytest.param(b'{"location": "/"}', id="object"),
        pytest.param(b"[1]", id="number"),
        pytest.param(b'[{"location": "/"},]', id="trailing comma"),
        pytest.param(b'[{"location": "/"} {}]', id="no comma"),
        pytest.param(b'[{"location": "/"}', id="unclosed"),
        pytest.param(b"[] []", id="two values"),
        pytest.param(b'[{"location": "/", "location": "/a"}]', id="duplicate key"),
        pytest.param(b'[{"tdm-reservation": NaN}]', id="NaN"),
        pytest.param(b"[" + b"9" * 5000 + b"]", id="huge integer"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'[{"x": ' + b"[" * DEPTH_MAX, id="one level too deep"),
        pytest.param(b"[" + b"{}," * ENTRIES_MAX + b"{}]", id="too many entries"),
        pytest.param(b"[\xff]", id="not UTF-8"),
        pytest.param("[]".encode("utf-16"), id="utf-16"),
        pytest.param(b" " * (POLICY_BYTES_MAX + 1), id="too long"),
    ],
)
def test_unreadable_files_are_refused(body):
    """What is no tdmrep.json is an error, never silence."""
    with pytest.raises(SignalError):
        parse_tdmrep(body)


@given(
    st.binary(max_size=200)
    | st.text(alphabet='[]{},:"01 a\\', max_size=60).map(str.encode)
)
def test_any_bytes_are_parsed_or_refused(body):
    """No input raises anything else, and JSON decides what is an array."""
    try:
        parse_tdmrep(body)
    except SignalError:
        return
    assert isinstance(json.loads(body.decode("utf-8-sig")), list)


@pytest.mark.parametrize(
    ("values", "expected", "is_malformed"),
    [
        (["1"], "reserved", False),
        ([" 1 "], "reserved", False),
        (["1, 1"], "reserved", False),
        (["0, 1"], "reserved", False),
        (["0", "1"], "reserved", False),
        (["0"], "not_reserved", False),
        (["0, 2"], "unset", True),
        (["0", ""], "unset", True),
        (["true"], "unset", True),
        ([], "unset", False),
    ],
)
def test_header(values, expected, is_malformed):
    """Repeated and joined values count one by one; a single 1 reserves."""
    headers = [("content-type", "text/html"), *(("TDM-Reservation", v) for v in values)]
    statement = header_statement(headers)

    assert (expected, is_malformed) == (statement.reservation, statement.is_malformed)


def test_later_layers_supersede():
    """By the protocol itself a page overrides its site, and silence resets nothing."""
    reserved = Statement(reservation="reserved")
    free = Statement(reservation="not_reserved")
    silent = Statement(reservation="unset")

    assert "not_reserved" == effective_reservation([reserved, silent, free])
    assert "reserved" == effective_reservation([reserved, silent, silent])
    assert "unset" == effective_reservation([])
