"""Edits that a format gives no meaning to, for each channel of the scanner."""

import re
from collections.abc import Callable
from functools import partial

Edit = Callable[[bytes, int], bytes]
"""A source and a place in it; the source with something added there."""

LINE_END = re.compile(rb"\r\n|\r|\n")


def _rows(body):
    return LINE_END.split(body)


def _add_line(line: bytes, body, at):
    rows = _rows(body)
    rows.insert(at % (len(rows) + 1), line)
    return b"\n".join(rows)


def _change_line(change, body, at):
    rows = _rows(body)
    rows[at % len(rows)] = change(rows[at % len(rows)])
    return b"\n".join(rows)


def _swap_key(row):
    key, colon, value = row.partition(b":")
    return key.swapcase() + colon + value if colon else row


def _swap_name(row):
    key, equals, value = row.partition(b"=")
    return key.swapcase() + equals + value if equals else row


def _space_colon(row):
    key, colon, value = row.partition(b":")
    return key + b" \t" + colon + b"  " + value if colon else row


def _mark(body, at):
    return b"\xef\xbb\xbf" + body


def _line_ends(end: bytes, body, at):
    return end.join(_rows(body))


def _append(text: bytes, body, at):
    return body + text


LINES: list[Edit] = [
    *(partial(_add_line, line) for line in (b"", b" \t ", b"# note", b"  # a: b")),
    partial(_change_line, lambda row: b"\t  " + row),
    partial(_change_line, lambda row: row + b" \t"),
    partial(_change_line, lambda row: b" " * 20_000 + row),
    *(partial(_line_ends, end) for end in (b"\r\n", b"\r", b"\n", b"\n\n")),
    partial(_append, b"\n\n# the end\n"),
    _mark,
]
ROBOTS: list[Edit] = [
    *LINES,
    *(
        partial(_add_line, line)
        for line in (
            b"Sitemap: https://site.test/map.xml",
            b"Crawl-delay: 7",
            b"X-Unknown: allow",
            b"License: https://site.test/licence.xml",
            b"no colon at all",
        )
    ),
    partial(_change_line, _swap_key),
    partial(_change_line, _space_colon),
    partial(_change_line, lambda row: row + b" # note" if row.strip() else row),
]
TRUST: list[Edit] = [
    *LINES,
    partial(_change_line, _swap_name),
    partial(_add_line, b"contact=https://site.test/"),
    partial(_add_line, b"unknown=yes"),
]


def _between(pattern: bytes, text: bytes, body, at):
    """Add `text` behind one of the places that match `pattern`."""
    ends = [found.end() for found in re.finditer(pattern, body)]
    if not ends:
        return body
    place = ends[at % len(ends)]
    return body[:place] + text + body[place:]


JSON: list[Edit] = [
    *(partial(_between, rb"[\[\]{},]", text) for text in (b" ", b"\r\n", b"\t\t")),
    partial(_between, rb"\A\s*\[\s*{", b'"note": "no", '),
    partial(_between, rb"(?<=:) ?(?=[0-9])", b"\n"),
    _mark,
]
XML: list[Edit] = [
    *(
        partial(_between, rb"(?<=>)(?=\s*<)", text)
        for text in (b" ", b"\r\n", b"<!-- yes -->", b"<?note yes?>")
    ),
    partial(_between, rb"(?<=>)(?=\s*<)", b'<n:x xmlns:n="urn:note">all</n:x>'),
    partial(_between, rb"(?<=<)/?[a-z]+(?=[ >])", b" "),
    partial(_append, b"\n<!-- the end -->\n"),
    _mark,
]
HTML: list[Edit] = [
    *(
        partial(_between, rb"(?i)(?<=<head>)|(?<=<body>)", text)
        for text in (
            b" \n",
            b"<!-- note -->",
            b"<!-->",
            b"<link rel=icon href=/i>",
            b"<meta charset=utf-8>",
            b"<meta name=description content='all may read'>",
            b"<script>if (a < b) {}</script>",
            b"<x-unknown>",
            b"<?note?>",
            b"</p >",
        )
    ),
    partial(_between, rb"(?i)<meta", b" data-x='>'"),
    partial(_between, rb"(?i)<meta", b"\n\t/"),
    lambda body, at: re.sub(
        rb"(?i)<meta|name=|content=", lambda m: m[0].swapcase(), body
    ),
    _mark,
    partial(_append, b"<p>" * 300),
]
IGNORED: dict[str, list[Edit]] = {
    "robots_txt": ROBOTS,
    "robots_content_usage": ROBOTS,
    "robots_content_signal": ROBOTS,
    "ai_txt": [
        *LINES,
        partial(_change_line, _swap_key),
        partial(_change_line, _space_colon),
    ],
    "trust_txt": TRUST,
    "terms_page": [LINES[0], *LINES[-2:]],
    "tdmrep_file": JSON,
    "cawg_training_mining": JSON[:3],
    "rsl_file": XML,
    "epub_opf": XML,
    "tdm_xmp": XML,
    "meta_robots": HTML,
    "tdm_meta": HTML,
}

VALUES = {
    "x_robots_tag": [
        lambda value: "max-snippet: 5, " + value,
        lambda value: value + ", nosnippet",
        lambda value: re.sub(",", " ,\t", value),
        str.swapcase,
    ],
    "tdm_header": [lambda value: f"{value}, 0", lambda value: f"0,{value}"],
    "content_usage": [
        lambda value: value + ", x-unknown=y",
        lambda value: "search=y, " + value,
        lambda value: re.sub("(?<=[a-z])$", ";note=1", value),
        lambda value: re.sub(",", " ,\t", value),
    ],
    "content_signal": [
        lambda value: value + ", x-unknown=yes",
        lambda value: re.sub("=", " = ", value),
        lambda value: "search=yes,, " + value,
        str.swapcase,
    ],
}
