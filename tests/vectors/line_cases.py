"""Vectors of single values: keys, notes and headers; events and trees beside."""

from ledger.format import submission
from ledger.format.checkpoint import Checkpoint
from ledger.format.ed25519 import FIELD
from ledger.format.entry import Entry
from ledger.format.note import VerifierKey
from ledger.format.submission import SubmissionText
from tests.vectors.book import LOG, NOW_MS, ORIGIN, SHARDER, mapped, pair
from tests.vectors.event_cases import EVENT, event_cases
from tests.vectors.tree_cases import consistency_cases, inclusion_cases, root_cases

TEXT = SubmissionText(
    origin=ORIGIN,
    genesis="6f" * 32,
    stream="shards",
    counter=2,
    previous="8c" * 32,
    events=1,
    events_root=submission.events_root([EVENT]),
    claimed_at_ms=NOW_MS,
)
HEADER = Entry(
    seq=7, previous="0f" * 32, base=7, recorded_at_ms=NOW_MS, submission=b"x"
).encode()
CHECKPOINT = Checkpoint(origin=ORIGIN, size=8, root=bytes(range(32))).encode()

ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
"""y of four of the eight torsion points; that of the others is its negative."""


def key_cases():
    """KEY-1 and KEY-2 as hex, KEY-3 and KEY-4 as vkeys: rule, expect, slug, in."""
    public_key = SHARDER.verifier.public_key
    yield "KEY-1", "accept", "canonical", {"public_key": public_key.hex()}
    yield "KEY-2", "accept", "large-order", {"public_key": public_key.hex()}
    for slug, y, sign in _points():
        rule = "KEY-2" if slug.startswith("order") else "KEY-1"
        encoded = (y | sign << 255).to_bytes(32, "little")
        yield rule, "refuse", slug, {"public_key": encoded.hex()}
    yield "KEY-1", "refuse", "31-bytes", {"public_key": public_key[:31].hex()}
    yield "KEY-3", "accept", "vkey", {"vkey": str(SHARDER.verifier)}
    vkey = str(SHARDER.verifier)
    name, key_id, encoded = vkey.split("+", 2)
    for slug, other in {
        "another-key-id": f"{name}+00000000+{encoded}",
        "key-id-in-upper-case": f"{name}+{key_id.upper()}+{encoded}",
        "key-id-of-another-name": f"{name}x+{key_id}+{encoded}",
        "no-key-id": f"{name}+{encoded}",
        "padding-missing": vkey.rstrip("=") if vkey.endswith("=") else vkey[:-1],
        "newline-after": vkey + "\n",
        "empty": "",
    }.items():
        yield "KEY-3", "refuse", slug, {"vkey": other}
    for expect, slug, other in (
        ("accept", "128-characters", "a" * 128),
        ("accept", "every-mark", "Az09._~/:-"),
        ("refuse", "129-characters", "a" * 129),
        ("refuse", "no-character", ""),
        ("refuse", "space", "a b"),
        ("refuse", "accent", "caf\u00e9"),
        ("refuse", "comma", "a,b"),
    ):
        yield "KEY-4", expect, slug, {"vkey": str(VerifierKey(other, public_key))}


def _points():
    """Encodings that are no trustworthy key: slug, y, sign bit."""
    yield "order-1", 1, 0
    yield "order-2", FIELD - 1, 0
    for sign in (0, 1):
        yield f"order-4-sign-{sign}", 0, sign
        yield f"order-8-sign-{sign}", ORDER_8, sign
        yield f"order-8-negative-sign-{sign}", FIELD - ORDER_8, sign
    yield "sign-on-x-0-y-1", 1, 1
    yield "sign-on-x-0-y-minus-1", FIELD - 1, 1
    for excess in (0, 1, 18):
        for sign in (0, 1):
            yield f"p-plus-{excess}-sign-{sign}", FIELD + excess, sign
    yield "no-point", 2, 0


def note_cases():
    """CON-1, CON-3 and SUB-8 on notes: rule, expect, slug, note, signers."""
    text = "text\u00e9\n".encode()
    good = SHARDER.sign_note(text)
    two = good + LOG.note_line(text)
    letter = good[-3:-2]
    other = bytes([letter[0] + 1]) if good.endswith(b"=\n") else b"="
    only = [SHARDER]
    yield "CON-1", "accept", "canonical-signature", good, only
    yield "CON-1", "refuse", "stray-bits", good[:-3] + other + good[-2:], only
    yield "CON-1", "refuse", "url-alphabet", good[:-9] + b"-" + good[-8:], only
    yield "CON-1", "refuse", "no-padding", good[:-2] + b"\n", only
    yield "CON-1", "refuse", "space-in-it", good[:-9] + b" " + good[-9:], only
    yield "CON-3", "accept", "two-byte-letter", good, only
    for slug, wrong in {
        "lone-byte": b"text\xe9\n",
        "surrogate": b"text\xed\xa0\x80\n",
        "overlong": b"text\xc0\xaf\n",
    }.items():
        yield "CON-3", "refuse", slug, SHARDER.sign_note(wrong), only
    yield "SUB-8", "accept", "two-keys-in-order", two, [SHARDER, LOG]
    yield "SUB-8", "refuse", "two-keys-out-of-order", two, [LOG, SHARDER]
    yield "SUB-8", "refuse", "unknown-line", two, only
    yield "SUB-8", "refuse", "line-missing", good, [SHARDER, LOG]
    yield (
        "SUB-8",
        "refuse",
        "hyphen-for-dash",
        good.replace("\u2014".encode(), b"-"),
        only,
    )
    yield "SUB-8", "refuse", "no-last-newline", good[:-1], only
    yield "SUB-8", "refuse", "no-empty-line", good.replace(b"\n\n", b"\n"), only
    yield "SUB-8", "refuse", "carriage-return", good.replace(b"\n", b"\r\n"), only


def submission_cases():
    """SUB-1, SUB-3, SUB-4 and CON-2: rule, expect, slug, text, lines."""
    text, event = TEXT.encode(), EVENT.decode()
    yield "SUB-1", "accept", "nine-lines", text, [event]
    for slug, old, new in (
        ("another-format", b"submission/v1", b"submission/v2"),
        ("line-missing", b"counter 2\n", b""),
        ("line-twice", b"counter 2\n", b"counter 2\ncounter 2\n"),
        ("lines-swapped", b"stream shards\ncounter 2\n", b"counter 2\nstream shards\n"),
        ("line-more", b"claimed_at_ms", b"extra 1\nclaimed_at_ms"),
        ("two-spaces", b"counter 2", b"counter  2"),
        ("tab", b"counter 2", b"counter\t2"),
        ("space-at-the-end", b"counter 2\n", b"counter 2 \n"),
        ("upper-case-hex", b"genesis 6f", b"genesis 6F"),
        ("stream-of-five-parts", b"stream shards", b"stream a/b/c/d/e"),
        ("stream-in-upper-case", b"stream shards", b"stream Shards"),
        ("no-event", b"events 1\n", b"events 0\n"),
        ("1025-events", b"events 1\n", b"events 1025\n"),
    ):
        yield "SUB-1", "refuse", slug, text.replace(old, new, 1), None
    counter = b"counter 9007199254740991"
    yield "CON-2", "accept", "largest", text.replace(b"counter 2", counter), None
    for slug, new in {
        "2-to-the-53": b"9007199254740992",
        "20-digits": b"10000000000000000000",
        "leading-zero": b"02",
        "plus-sign": b"+2",
        "minus-sign": b"-2",
        "empty": b"",
        "hexadecimal": b"0x2",
        "other-digits": "\u0662".encode(),
    }.items():
        changed = text.replace(b"counter 2", b"counter " + new)
        yield "CON-2", "refuse", slug, changed, None
    yield "SUB-4", "accept", "these-lines", text, [event]
    yield "SUB-4", "refuse", "another-line", text, [mapped(2).decode()]
    yield "SUB-4", "refuse", "one-line-more", text, [event, event]


def size_cases():
    """SUB-3 and EVT-9's neighbour, the number of events: repeated lines."""
    for expect, slug, lengths in (
        ("accept", "1-mebibyte", [16_383] * 64),
        ("refuse", "one-byte-more", [16_383] * 63 + [16_384]),
    ):
        lines = [b"x" * length for length in lengths]
        text = SubmissionText(
            origin=TEXT.origin,
            genesis=TEXT.genesis,
            stream=TEXT.stream,
            counter=TEXT.counter,
            previous=TEXT.previous,
            events=len(lines),
            events_root=submission.events_root(lines),
            claimed_at_ms=NOW_MS,
        )
        yield "SUB-3", expect, slug, text.encode(), lengths


def entry_cases():
    """ENT-1 and ENT-2 on one entry: rule, expect, slug, entry, bytes of padding."""
    yield "ENT-1", "accept", "longest", HEADER, 65_535 - len(HEADER)
    yield "ENT-1", "refuse", "one-byte-more", HEADER, 65_536 - len(HEADER)
    yield "ENT-2", "accept", "five-lines", HEADER, 0
    for slug, old, new in (
        ("another-format", b"entry/v1", b"entry/v2"),
        ("leading-zero", b"seq 7", b"seq 07"),
        ("minus-sign", b"seq 7", b"seq -7"),
        ("2-to-the-53", b"seq 7", b"seq 9007199254740992"),
        ("line-missing", b"base 7\n", b""),
        ("line-more", b"base 7\n", b"base 7\nextra 1\n"),
        ("upper-case-hex", b"0f0f", b"0F0f"),
        ("no-empty-line", b"\n\n", b"\n"),
    ):
        yield "ENT-2", "refuse", slug, HEADER.replace(old, new, 1), 0


def checkpoint_cases():
    """CHK-1 and CON-1 on one checkpoint: rule, expect, slug, note."""
    yield "CHK-1", "accept", "three-lines", LOG.sign_note(CHECKPOINT)
    yield "CON-1", "accept", "canonical-root", LOG.sign_note(CHECKPOINT)
    for rule, slug, old, new in (
        ("CON-1", "stray-bits-in-root", b"8=\n", b"9=\n"),
        ("CON-1", "no-padding-in-root", b"8=\n", b"8\n"),
        ("CHK-1", "extension-line", b"8=\n", b"8=\nextension\n"),
        ("CHK-1", "no-root", b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", b""),
        ("CHK-1", "leading-zero", b"\n8\n", b"\n08\n"),
        ("CHK-1", "31-bytes", b"AAECAwQFBgcI", b"AAECAwQF"),
    ):
        changed = CHECKPOINT.replace(old, new, 1)
        yield rule, "refuse", slug, LOG.sign_note(changed)
    yield (
        "CHK-1",
        "refuse",
        "second-line",
        (LOG.sign_note(CHECKPOINT) + SHARDER.note_line(CHECKPOINT)),
    )
    yield "CHK-1", "refuse", "another-key", SHARDER.sign_note(CHECKPOINT)


def line_cases():
    """Every case: kind, rule, expect, slug, in."""
    for *head, content in event_cases():
        yield "event", *head, pair("line", content)
    for case in key_cases():
        yield "key", *case
    for *head, note, signers in note_cases():
        keys = {"vkeys": [str(signer.verifier) for signer in signers]}
        yield "note", *head, pair("note", note) | keys
    yield from _header_cases()
    for *head, lines, root in root_cases():
        yield "root", *head, {"lines": lines, "root": root.hex()}
    for case in inclusion_cases():
        yield "inclusion", "TRE-2", *case
    for case in consistency_cases():
        yield "consistency", "TRE-2", *case


def _header_cases():
    """Submissions, entries and checkpoints."""
    for *head, text, lines in submission_cases():
        given = {"lines": lines} if lines else {}
        yield "submission", *head, pair("note", SHARDER.sign_note(text)) | given
    for *head, text, lengths in size_cases():
        given = {"line_lengths": lengths}
        yield "submission", *head, pair("note", SHARDER.sign_note(text)) | given
    for *head, entry, padding in entry_cases():
        given = {"padding": padding} if padding else {}
        yield "entry", *head, pair("entry", entry) | given
    for *head, note in checkpoint_cases():
        yield "checkpoint", *head, pair("note", note) | {"vkey": str(LOG.verifier)}
