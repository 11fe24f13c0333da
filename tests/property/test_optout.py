"""Bytes that parsers ignore never turn a block into an allow.

A source that does not pass is edited in ways that its format gives no meaning to, a few
at a time: comments, blank lines, white space, unknown lines, a byte order mark, letter
case of keys, line ends. The edited source must not pass either.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from producers.optout.embedded.reader import embedded_statements
from tests.bench.robots_files import samples
from tests.bench.scanner_cases import own_cases
from tests.bench.scanner_ours import ours
from tests.property.optout_edits import IGNORED, VALUES

READERS = ours().readers
CASES = [case for case in own_cases() if len(case.body) < 100_000]
OTHER_HEADERS = (
    ("Date", "Mon, 23 Nov 2026 12:00:00 GMT"),
    ("X-Unknown", "train-ai=y, ai-train=yes, 0"),
    ("Robots", "all"),
    ("TDM-Reservation-Note", "0"),
    ("Content-Type", "text/html"),
    ("Cache-Control", "no-cache"),
)
EDITS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 999)), max_size=4)


def _edited(case, edits):
    kinds = IGNORED[case.channel]
    body = case.body
    for kind, at in edits:
        body = kinds[kind % len(kinds)](body, at)
    return replace(case, body=body)


def _blocked(case):
    return READERS[case.channel](case) != "pass"


@pytest.mark.parametrize("channel", IGNORED)
@given(data=st.data(), edits=EDITS)
def test_ignored_bytes_do_not_lift_a_block(channel, data, edits):
    """What does not pass does not pass with bytes that parsers ignore."""
    blocked = [case for case in CASES if case.channel == channel and _blocked(case)]
    case = data.draw(st.sampled_from(blocked))
    edited = _edited(case, edits)

    assert _blocked(edited), (case.name, edited.body[:400])


@given(seed=st.integers(0, 2**32), edits=EDITS)
def test_ignored_bytes_do_not_lift_a_block_of_robots(seed, edits):
    """The same for generated robots files."""
    (sample,) = samples(seed, 1)
    agent, url = sample.questions[0]
    case = replace(CASES[0], body=sample.body, url=url, agents=(agent,))
    assume(_blocked(case))
    edited = _edited(case, edits)

    assert _blocked(edited), (sample.body[:400], edited.body[:400])


HEADER_CASES = [case for case in CASES if case.headers and _blocked(case)]


@given(
    case=st.sampled_from(HEADER_CASES),
    others=st.lists(
        st.tuples(st.sampled_from(OTHER_HEADERS), st.integers(0, 9)), max_size=5
    ),
    pad=st.text(" \t", max_size=3),
    swap=st.booleans(),
)
def test_other_headers_do_not_lift_a_block(case, others, pad, swap):
    """Other headers, white space and letter case of names change nothing."""
    headers = [
        (name.swapcase() if swap else name, pad + value + pad)
        for name, value in case.headers
    ]
    for header, at in others:
        headers.insert(at % (len(headers) + 1), header)

    assert _blocked(replace(case, headers=tuple(headers)))


@given(
    case=st.sampled_from(HEADER_CASES),
    edits=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3),
)
def test_more_of_a_value_does_not_lift_a_block(case, edits):
    """Members that are not known, parameters and white space change nothing."""
    headers = list(case.headers)
    for kind, at in edits:
        edit = VALUES[case.channel][kind % len(VALUES[case.channel])]
        name, value = headers[at % len(headers)]
        headers[at % len(headers)] = (name, edit(value))

    assert _blocked(replace(case, headers=tuple(headers))), headers


CONSENT = {
    "x_robots_tag": ("X-Robots-Tag", "all"),
    "tdm_header": ("tdm-reservation", "0"),
    "content_usage": ("Content-Usage", "search=y"),
    "content_signal": ("Content-Signal", "ai-train=yes"),
}


@pytest.mark.parametrize("case", HEADER_CASES, ids=lambda c: f"{c.channel}: {c.name}")
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_second_line_does_not_lift_a_block(case, first):
    """A line that allows, before or behind one that does not, cancels nothing."""
    more = (CONSENT[case.channel],)
    headers = more + case.headers if first else case.headers + more

    assert _blocked(replace(case, headers=headers))


@pytest.mark.parametrize("channel", sorted(set(READERS) - {"cawg_training_mining"}))
@given(data=st.data())
def test_damaged_sources_are_answered(channel, data):
    """A source with octets lost, doubled or strewn in gets an answer, and no crash."""
    cases = [case for case in CASES if case.channel == channel]
    case = data.draw(st.sampled_from(cases))
    at, lost = data.draw(st.integers(0, 500)), data.draw(st.integers(0, 9))
    strewn = data.draw(st.binary(max_size=9) | st.text(max_size=4).map(str.encode))
    body = case.body[:at] + strewn + case.body[at + lost :]
    text = strewn.decode("latin-1")
    headers = [
        (name, value[:at] + text + value[at + lost :]) for name, value in case.headers
    ]

    assert READERS[channel](replace(case, body=body, headers=tuple(headers)))


PACKETS = [
    case.body
    for case in CASES
    if case.channel == "tdm_xmp" and case.expect == "reserved"
]
KINDS = ("application/pdf", "image/jpeg", "application/x-unknown", "")
HEADS = (
    b"%PDF-1.7\n",
    b"\xff\xd8\xff\xe1\0",
    b"\x89PNG\r\n\x1a\n\0",
    b"\0\0\0\x18ftyp",
)


@given(
    packet=st.sampled_from(PACKETS),
    kind=st.sampled_from(KINDS),
    head=st.sampled_from(HEADS),
    around=st.binary(max_size=40),
    pad=st.text(" \t\n", max_size=9).map(str.encode),
)
def test_bytes_around_metadata_do_not_lift_a_block(packet, kind, head, around, pad):
    """A packet that reserves is found in any file, or the file cannot be read."""
    start = b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
    wrapped = start + pad + packet + pad + b"<?xpacket end='w'?>"
    body = head + around + wrapped + around
    said = [statement for _, statement in embedded_statements(kind, body)]

    assert any(
        statement.reservation == "reserved"
        or statement.is_malformed
        or statement.review
        for statement in said
    )
