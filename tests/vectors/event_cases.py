"""Vectors of event lines: EVT-1 to EVT-8."""

from ledger.events.erasure import LinesRedacted
from ledger.events.optout import ChannelRead, Stated, UrlScanned, UsageVerdict
from ledger.events.policy import PolicyAdopted
from tests.vectors.book import NOW_MS, line, mapped
from tests.vectors.model_cases import model_cases

EVENT = mapped()
SCAN = UrlScanned(
    scan_id="0" * 32,
    site_id="1" * 32,
    url_commitment="22" * 32,
    response_commitment="",
    policy_sha256="aa" * 32,
    scanner="tuneledger/0.1",
    http_status=200,
    access="open",
    piracy_list_sha256="",
    channels=[
        ChannelRead(
            channel="content_usage",
            target="url",
            layer="",
            outcome="parsed",
            verdict="reserved",
            stated=[Stated(usage="train", preference="disallow")],
            evidence_sha256="33" * 32,
            line=1,
        )
    ],
    robots_rfc9309="allow",
    spec_verdict="reserved",
    verdict="reserved",
    usages=[UsageVerdict(usage="tdm", verdict="reserved")],
    reasons=["content_usage"],
    scanned_at_ms=NOW_MS,
)


def _policy(tokens, version="2025-01-01"):
    return line(
        PolicyAdopted(
            policy_sha256="aa" * 32,
            jurisdictions=["eu"],
            purpose="commercial",
            basket_version=version,
            basket_relaxed=tokens,
        )
    )


def _of_length(length):
    """An event line of exactly that many bytes, well formed but for its length."""
    content = _policy(["x" * 64] * 240)
    rest = length - len(content)
    return content.replace(b"2025-01-01", b"2025-01-01" + b"9" * rest)


def event_cases():
    """EVT-1 to EVT-8 on one line: rule, expect, slug, bytes."""
    for rule, slug in {
        "EVT-2": "fields-in-order",
        "EVT-3": "no-white-space",
        "EVT-4": "values-in-range",
        "EVT-5": "integers-are-decimals",
        "EVT-7": "salt",
    }.items():
        yield rule, "accept", slug, EVENT
    yield "EVT-1", "accept", "longest", _of_length(16_384)
    yield "EVT-1", "refuse", "one-byte-more", _of_length(16_385)
    yield "EVT-1", "refuse", "two-lines", EVENT + b"\n" + EVENT
    yield "EVT-6", "accept", "256-items", _policy(["x"] * 256)
    yield (
        "EVT-6",
        "refuse",
        "257-items",
        _policy(["x"] * 256).replace(b'["x",', b'["x","x",'),
    )
    yield (
        "EVT-6",
        "refuse",
        "object-for-an-item",
        _policy(["x"]).replace(b'"x"', b'{"x":"x"}'),
    )
    yield from _scan_cases()
    yield from _redaction_cases()
    yield from model_cases()
    for rule, slug, old, new in _changes():
        changed = EVENT.replace(old, new, 1)
        if changed == EVENT:
            raise ValueError(slug)
        yield rule, "refuse", slug, changed


def _scan_cases():
    """EVT-4 and EVT-6 on the line of a scan, which has lists in the items of a list."""
    scan = line(SCAN)
    yield "EVT-4", "accept", "empty-choice", scan
    yield "EVT-6", "accept", "list-in-an-item", scan
    stated = b'{"usage":"train","preference":"disallow"}'
    for rule, slug, old, new in (
        ("EVT-4", "choice-and-more", b'"layer":""', b'"layer":"ownstar"'),
        ("EVT-4", "five-items-of-four", stated, b",".join([stated] * 5)),
        ("EVT-4", "no-channel", b'"channel":"content_usage"', b'"channel":""'),
        ("EVT-6", "list-in-an-item-of-an-item", b'"train"', b'["train"]'),
        ("EVT-6", "object-in-an-item", b"[" + stated + b"]", stated),
    ):
        if scan.count(old) != 1:
            raise ValueError(slug)
        yield rule, "refuse", slug, scan.replace(old, new)


def _redaction_cases():
    """EVT-3, EVT-4 and EVT-6 on the line of a redaction, and what it leaves behind."""
    content = line(
        LinesRedacted(
            redaction_id="0" * 32,
            reason="retention",
            erasure_id="",
            entry=7,
            places=[0, 1023],
        )
    )
    yield "EVT-4", "accept", "places", content
    yield "EVT-4", "refuse", "place-above-its-range", content.replace(b"1023", b"1024")
    yield "EVT-4", "refuse", "no-place", content.replace(b"0,1023", b"")
    yield "EVT-4", "refuse", "another-reason", content.replace(b"retention", b"wish")
    most = ",".join(map(str, range(256))).encode()
    yield "EVT-6", "accept", "256-places", content.replace(b"0,1023", most)
    yield "EVT-6", "refuse", "257-places", content.replace(b"0,1023", most + b",256")
    yield "EVT-2", "refuse", "redacted-line", b"redacted " + b"0" * 64


def _changes():
    """What breaks one rule in the line of a shard map: rule, slug, old, new."""
    shards, salt = b'"shards":4', b'"salt":"00112233445566778899aabb",'
    yield (
        "EVT-2",
        "type-second",
        b'"type":"shards.map_declared.v1",' + salt,
        (salt + b'"type":"shards.map_declared.v1",'),
    )
    yield (
        "EVT-2",
        "two-fields-swapped",
        b'"shards":4,"slices":2',
        (b'"slices":2,"shards":4'),
    )
    yield "EVT-2", "field-missing", b',"slices":2', b""
    yield "EVT-2", "field-twice", shards, shards + b"," + shards
    yield "EVT-2", "field-unknown", b',"slices"', b',"extra":0,"slices"'
    yield "EVT-2", "not-an-object", EVENT, b"[" + EVENT + b"]"
    yield "EVT-2", "nothing", EVENT, b""
    yield "EVT-2", "cut-short", b"}", b""
    yield "EVT-2", "more-after-it", b"}", b"}}"
    yield "EVT-3", "space-after-colon", shards, b'"shards": 4'
    yield "EVT-3", "space-after-comma", b',"shards"', b', "shards"'
    yield "EVT-3", "tab-before", b"{", b"\t{"
    yield "EVT-3", "carriage-return-after", b"}", b"}\r"
    yield "EVT-3", "escaped-letter", b"rendezvous", b"\\u0072endezvous"
    yield "EVT-3", "escaped-name", b'"shards":', b'"\\u0073hards":'
    yield "EVT-3", "byte-order-mark", b"{", b"\xef\xbb\xbf{"
    yield "EVT-4", "below-its-range", shards, b'"shards":0'
    yield "EVT-4", "above-its-range", shards, b'"shards":4097'
    yield "EVT-4", "not-among-the-choices", b"rendezvous_bounded", b"rendezvous_bound"
    yield "EVT-4", "upper-case-hex", b'1","shards"', b'A","shards"'
    yield "EVT-4", "one-digit-short", b'01","shards"', b'1","shards"'
    yield "EVT-4", "newline-in-a-value", b'1","shards"', b'1\n","shards"'
    yield "EVT-4", "invalid-utf-8", b'1","shards"', b'\xff","shards"'
    yield "EVT-5", "leading-zero", shards, b'"shards":04'
    yield "EVT-5", "plus-sign", shards, b'"shards":+4'
    yield "EVT-5", "minus-zero", b'"slices":2', b'"slices":-0'
    yield "EVT-5", "fraction", shards, b'"shards":4.0'
    yield "EVT-5", "exponent", shards, b'"shards":4e0'
    yield "EVT-5", "null", shards, b'"shards":null'
    yield "EVT-5", "text-for-a-number", shards, b'"shards":"4"'
    yield "EVT-5", "true-for-a-number", shards, b'"shards":true'
    yield "EVT-5", "not-a-number", shards, b'"shards":NaN'
    yield "EVT-7", "no-salt", salt, b""
    yield "EVT-7", "empty-salt", salt, b'"salt":"",'
    yield "EVT-7", "short-salt", b"aabb", b"aab"
    yield "EVT-8", "family-in-upper-case", b"shards.map", b"Shards.map"
    yield "EVT-8", "no-version", b"map_declared.v1", b"map_declared"
