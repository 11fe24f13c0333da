"""producers.ingest.reader and JSON Lines: lines to records."""

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.ingest.dead_letters import stop_at_first
from producers.ingest.reader import (
    RECORD_BYTES_MAX,
    SUBJECTS_MAX,
    InputRecord,
    _without_values,
)
from producers.ingest.sources import JsonLines, Unreadable, distinct, parse_record

FIELDS = {"id": "a", "text": "hello", "url": "", "licence": "", "subjects": []}
SECRET = "jane-doe"


def line(**changes):
    return json.dumps({**FIELDS, **changes}).encode()


def without(name):
    return json.dumps({key: FIELDS[key] for key in FIELDS if key != name}).encode()


def read_records(stream, **limits):
    """The records of a stream; a refusal stops it."""
    for item in distinct(JsonLines(stream, **limits).items()):
        if isinstance(item, Unreadable):
            stop_at_first(item)
        yield item.record


def read(*lines, **limits):
    return list(read_records(io.BytesIO(b"\n".join(lines)), **limits))


def test_all_fields():
    """A line with every field becomes a record with every field."""
    expected = InputRecord(
        id="doc-1",
        text="Grüße, 世界 😀\n",
        url="https://example.org/a?b=c",
        licence="CC-BY-4.0",
        subjects=("jane@example.org",),
        source="user",
        consent=True,
        response_sha256="0a" * 32,
    )
    text = {**FIELDS, "id": "doc-1", "text": expected.text, "url": expected.url}
    text |= {"licence": "CC-BY-4.0", "subjects": ["jane@example.org"]}
    text |= {"source": "user", "consent": True}
    text |= {"response_sha256": "0a" * 32}

    assert [expected] == read(json.dumps(text, ensure_ascii=False).encode())


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=["none", "lf", "crlf"])
def test_line_ends(end):
    """The last line may end in nothing, a line feed, or a carriage return too."""
    stream = io.BytesIO(line(id="a") + b"\n" + line(id="b") + end)

    assert ["a", "b"] == [record.id for record in read_records(stream)]


def test_empty_file():
    """A file without lines has no records."""
    assert [] == read()


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("other", {}),
        ("web", {"url": "http://example.org/"}),
        ("licensed", {"url": "http://example.org/", "source": "licensed"}),
    ],
    ids=["nothing", "url", "stated"],
)
def test_source_kind(expected, changes):
    """A URL implies the web, unless a source is stated."""
    assert expected == parse_record(line(**changes), number=1).source_kind


BAD_LINES = {
    "blank": (b"\n", "one JSON object"),
    "malformed": (b'{"id": "jane-doe"', "one JSON object, found an error at 18"),
    "two-values": (line() + line(), "one JSON object"),
    "bom": (b"\xef\xbb\xbf" + line(), "one JSON object, found an error at 1"),
    "not-utf-8": (b'{"id": "\xff"}', "UTF-8, found another byte at 9"),
    "array": (b'["jane-doe"]', "`object`"),
    "duplicate-key": (
        line()[:-1] + b', "text": "jane-doe"}',
        "each key once, found one twice",
    ),
    "nested-duplicate-key": (
        line()[:-1] + b', "x": {"jane-doe": 1, "jane-doe": 2}}',
        "each key once",
    ),
    "nan": (line()[:-1] + b', "x": NaN}', "JSON, found NaN or Infinity"),
    "infinity": (line()[:-1] + b', "x": -Infinity}', "JSON, found NaN or Infinity"),
    "deep": (b"[" * 200_000, "one flat JSON object, found deep nesting"),
    "digits": (b'{"id": ' + b"9" * 5000 + b"}", "found a number of too many digits"),
    "extra-field": (line(**{SECRET: 1}), "only the fields id, text, url, licence"),
    "extra-source": (line(source=SECRET), "source to be one of web, licensed"),
    "id-number": (line(id=7), "`str`, got `int` - at `$.id`"),
    "id-empty": (line(id=""), "`str` of length >= 1 - at `$.id`"),
    "subjects-not-seen": (
        line(subjects=["\u200b"]),
        "text in subjects, found only blanks",
    ),
    "subjects-hidden-alias": (line(subjects=["S-1\u200b"]), "found a local alias"),
    "id-blank": (line(id=" "), "text in id, found only blanks"),
    "id-long": (line(id=SECRET * 40), "`str` of length <= 256 - at `$.id`"),
    "text-null": (line(text=None), "`str`, got `null` - at `$.text`"),
    "text-empty": (line(text=""), "`str` of length >= 1 - at `$.text`"),
    "text-blank": (line(text=" \n\t"), "text in text, found only blanks"),
    "text-surrogate": (line(text=f"{SECRET}\ud800"), "Unicode text in text"),
    "subjects-text": (line(subjects=SECRET), "`array`, got `str` - at `$.subjects`"),
    "subjects-blank": (line(subjects=[SECRET, " "]), "text in subjects"),
    "subjects-surrogate": (line(subjects=["\udfff"]), "Unicode text in subjects"),
    "subjects-many": (
        line(subjects=[f"{SECRET}{i}" for i in range(SUBJECTS_MAX + 1)]),
        f"`array` of length <= {SUBJECTS_MAX} - at `$.subjects`",
    ),
    "consent-text": (line(consent="jane-doe"), "`bool`, got `str` - at `$.consent`"),
    "consent-of-nobody": (line(consent=True), "the subjects who consented"),
    "response-upper": (
        line(response_sha256="A" * 64),
        "64 lowercase hex digits in response_sha256",
    ),
    "response-text": (
        line(response_sha256=SECRET),
        "64 lowercase hex digits in response_sha256",
    ),
    "response-number": (
        line(response_sha256=7),
        "64 lowercase hex digits in response_sha256",
    ),
    "response-of-nowhere": (line(response_sha256="a" * 64), "the url of the response"),
    "url-scheme": (line(url="ftp://jane-doe/"), "an http or https URL with a host"),
    "url-relative": (line(url="/jane-doe"), "an http or https URL with a host"),
    "url-no-host": (line(url="https:///jane-doe"), "an http or https URL with a host"),
    "url-port": (line(url="http://jane-doe:99999/"), "an http or https URL"),
    "url-bracket": (line(url="http://[jane-doe/"), "an http or https URL"),
    "url-blank": (line(url="http://jane-doe/a b"), "an http or https URL"),
    "url-tab": (line(url="http://jane\t-doe/"), "an http or https URL"),
    "url-long": (line(url="http://h/" + "a" * 2048), "`str` of length <= 2048"),
}


@pytest.mark.parametrize(("bad", "rule"), BAD_LINES.values(), ids=list(BAD_LINES))
def test_refused(bad, rule):
    """A bad line is refused by its rule, and never quoted."""
    with pytest.raises(InputError) as caught:
        parse_record(bad, number=41)

    assert str(caught.value).startswith("expected ")
    assert rule in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", FIELDS)
def test_required(name):
    """Each of the five fields is required: a forgotten one never means "none"."""
    with pytest.raises(InputError, match=f"expected a field {name}, found none"):
        parse_record(without(name), number=1)


def test_many_subjects_at_the_limit():
    """The largest number of subjects is accepted."""
    subjects = [f"s{i}" for i in range(SUBJECTS_MAX)]

    assert SUBJECTS_MAX == len(parse_record(line(subjects=subjects), number=1).subjects)


def test_duplicate_id():
    """An id that a line before had is refused; the records before it were read."""
    records = read_records(io.BytesIO(b"\n".join([line(), line(id="b"), line()])))

    assert ["a", "b"] == [next(records).id, next(records).id]
    with pytest.raises(InputError, match="line 3: expected an id of its own"):
        next(records)


def test_line_at_the_limit():
    """A line of exactly the limit is read."""
    bad = line()

    assert 1 == len(read(bad, line_bytes_max=len(bad)))


def test_line_past_the_limit():
    """A line one byte past the limit is refused."""
    with pytest.raises(
        InputError, match="line 2: expected at most 60 bytes, found more"
    ):
        read(
            b'{"id":"a","text":"t","url":"","licence":"","subjects":[]}',
            b" " * 61,
            line_bytes_max=60,
        )


class EndlessLine(io.RawIOBase):
    """A line without an end, which counts what is read of it."""

    def __init__(self):
        super().__init__()
        self.bytes_read = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.bytes_read += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_endless_line_is_not_read_into_memory():
    """Of a line without an end, the limit and one buffer are read, and no more."""
    source = EndlessLine()
    stream = io.BufferedReader(source, buffer_size=4096)

    with pytest.raises(InputError, match=f"at most {RECORD_BYTES_MAX} bytes"):
        next(read_records(stream))
    assert source.bytes_read <= RECORD_BYTES_MAX + 2 * 4096


def test_after_a_line_that_is_too_long():
    """The rest of it is skipped, and the next line is read as itself."""
    lines = b"x" * 200_000 + b"\n" + line()
    items = list(JsonLines(io.BytesIO(lines), line_bytes_max=1000).items())

    assert ["line 1", "line 2"] == [item.place for item in items]
    assert "a" == items[1].record.id


def test_streaming():
    """A record is yielded before the next line is read."""
    records = read_records(io.BytesIO(line() + b"\nnot a record\n"))

    assert "a" == next(records).id
    with pytest.raises(InputError, match=r"^line 2: "):
        next(records)


WORDS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(str.strip)


@given(
    st.builds(
        InputRecord,
        id=WORDS,
        text=WORDS,
        url=st.sampled_from(("", "https://example.org/ä?q#f")),
        licence=WORDS,
        subjects=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
        consent=st.booleans(),
    )
)
def test_round_trip(record):
    """Whatever text a record holds, its line reads back as the same record."""
    assert record == parse_record(msgspec.json.encode(record), number=1)


def test_unknown_validation_message_is_not_repeated():
    """A message that is not known to be free of values is replaced."""
    assert SECRET not in _without_values(f"Unheard-of value {SECRET}")
