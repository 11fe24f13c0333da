"""Whole ledgers for the rules on keys and submissions: KEY-5 to 8, SUB-2, 5 to 9."""

from ledger.events.keys import StreamAbandoned
from ledger.keys.files import RoleGrant
from tests.vectors.book import (
    LOG,
    LOG_GRANT,
    ORIGIN,
    ROOT,
    ROOT_2,
    ROOT_3,
    SHARDER,
    SHARDER_GRANT,
    ZEROS,
    begun,
    granted,
    key,
    line,
    mapped,
    retired,
)

NEW = key(f"{ORIGIN}/new")
NEW_LOG = key(ORIGIN, "new log")
NEW_SHARDER = key(SHARDER.name, "new sharder")
INGEST_GRANT = RoleGrant(role="ingest", stream="ingest", families=("ingest",))
ADOPTED = (
    b'{"type":"policy.adopted.v1","salt":"00112233445566778899aabb",'
    b'"policy_sha256":"' + b"aa" * 32 + b'","jurisdictions":["eu"],'
    b'"purpose":"commercial","basket_version":"2025-01-01","basket_relaxed":[]}'
)
UNKNOWN = mapped().replace(b"map_declared.v1", b"map_declared.v9")


def abandoned(stream, submissions):
    """The line that closes a stream."""
    return line(StreamAbandoned(stream=stream, submissions=submissions))


def rotated():
    """A ledger whose log key was replaced in entry 2."""
    book = begun().shards()
    book.log = NEW_LOG
    return book.root(retired(LOG), granted(LOG_GRANT, NEW_LOG))


def key_cases():
    """KEY-5 to KEY-8."""
    accept, refuse = "accept", "refuse"
    other = {"possession": "00" * 64}
    yield (
        "KEY-5",
        accept,
        "granted-key-signed",
        begun().root(granted(INGEST_GRANT, NEW)),
    )
    yield "KEY-5", refuse, "zeros", begun().root(granted(INGEST_GRANT, NEW, **other))
    yield (
        "KEY-5",
        refuse,
        "proof-for-another-role",
        begun().root(granted(INGEST_GRANT, NEW, role="scanner")),
    )
    yield "KEY-6", accept, "after-its-grant", begun().shards()
    yield (
        "KEY-6",
        accept,
        "successor",
        _succeeded().put("shards", [mapped(7)], [NEW_SHARDER]),
    )
    yield "KEY-6", accept, "next-log-key-covers-the-retiring-entry", rotated().shards()
    yield (
        "KEY-6",
        refuse,
        "after-it-was-retired",
        begun().root(retired(SHARDER)).shards(),
    )
    yield (
        "KEY-6",
        refuse,
        "before-its-grant",
        begun()
        .put("shards", [mapped()], [NEW_SHARDER])
        .root(retired(SHARDER), granted(SHARDER_GRANT, NEW_SHARDER)),
    )
    yield "KEY-6", refuse, "old-log-key-covers-the-retiring-entry", _old_log()
    yield "KEY-7", accept, "name-of-a-retired-key", _succeeded()
    yield "KEY-7", accept, "log-key-replaced-in-one-entry", rotated()
    yield "KEY-7", accept, "log-key-replaced-new-one-first", _rotated_new_first()
    for slug, event in {
        "granted-twice": granted(INGEST_GRANT, key("x", SHARDER.name)),
        "a-root-key": granted(INGEST_GRANT, ROOT),
        "name-in-use": granted(INGEST_GRANT, key(SHARDER.name, "another")),
        "name-of-the-log-key": granted(INGEST_GRANT, key(ORIGIN, "another")),
        "second-log-key": granted(LOG_GRANT, NEW_LOG),
        "log-key-of-another-name": granted(LOG_GRANT, NEW),
        "ci-key-with-families": granted(CI_WITH_FAMILIES, NEW),
    }.items():
        yield "KEY-7", refuse, slug, begun().root(event)
    families = RoleGrant(role="log", stream="log", families=("shards",))
    yield (
        "KEY-7",
        refuse,
        "log-key-with-families",
        begun(grants=[granted(families, LOG), granted(SHARDER_GRANT, SHARDER)]),
    )
    yield (
        "KEY-7",
        refuse,
        "granted-again-after-retirement",
        begun().root(retired(SHARDER)).root(granted(SHARDER_GRANT, SHARDER)),
    )
    yield "KEY-8", accept, "active-key", begun().root(retired(SHARDER))
    yield (
        "KEY-8",
        refuse,
        "granted-in-the-same-entry",
        begun().root(granted(INGEST_GRANT, NEW), retired(NEW)),
    )
    yield "KEY-8", refuse, "another-key", begun().root(retired(NEW))
    yield "KEY-8", refuse, "another-name", begun().root(retired(SHARDER, name="x"))
    yield (
        "KEY-8",
        refuse,
        "twice",
        begun().root(retired(SHARDER)).root(retired(SHARDER)),
    )


CI_WITH_FAMILIES = RoleGrant(role="ci", stream="ci", families=("ingest",))


def _rotated_new_first():
    lines = [granted(LOG_GRANT, NEW_LOG), retired(LOG)]
    return begun().add("root", lines, [ROOT]).check(signers=[NEW_LOG])


def _succeeded():
    return begun().root(retired(SHARDER), granted(SHARDER_GRANT, NEW_SHARDER))


def _old_log():
    lines = [retired(LOG), granted(LOG_GRANT, NEW_LOG)]
    return begun().add("root", lines, [ROOT]).check(signers=[LOG])


def submission_cases():
    """SUB-2 and SUB-5 to SUB-9, and EVT-8."""
    accept, refuse = "accept", "refuse"
    yield (
        "EVT-8",
        "incomplete",
        "unknown-type-is-bound",
        begun().put("shards", [UNKNOWN], [SHARDER]),
    )
    yield "SUB-2", accept, "this-ledger", begun().shards()
    yield "SUB-2", refuse, "another-origin", begun().shards(text={"origin": "x"})
    yield "SUB-2", refuse, "another-genesis", begun().shards(text={"genesis": "f" * 64})
    yield (
        "SUB-2",
        refuse,
        "genesis-of-submission-0-again",
        begun().shards(text={"genesis": ZEROS}),
    )
    yield (
        "SUB-5",
        accept,
        "two-streams",
        begun().shards(1).put("shards/b", [mapped(2)], [SHARDER]).shards(3),
    )
    yield "SUB-5", refuse, "counter-skips", begun().shards(text={"counter": 1})
    yield (
        "SUB-5",
        refuse,
        "counter-repeats",
        begun().shards().shards(text={"counter": 0, "previous": ZEROS}),
    )
    yield (
        "SUB-5",
        refuse,
        "another-previous",
        begun().shards().shards(text={"previous": "f" * 64}),
    )
    yield (
        "SUB-5",
        refuse,
        "previous-of-a-first",
        begun().shards(text={"previous": "f" * 64}),
    )
    yield (
        "SUB-6",
        accept,
        "stream-below-the-prefix",
        begun().put("shards/worker-3", [mapped()], [SHARDER]),
    )
    yield (
        "SUB-6",
        refuse,
        "stream-beside-the-prefix",
        begun().put("shardsmen", [mapped()], [SHARDER]),
    )
    yield "SUB-6", refuse, "another-family", begun().put("shards", [ADOPTED], [SHARDER])
    yield (
        "SUB-6",
        refuse,
        "one-family-too-many",
        begun().put("shards", [mapped(), ADOPTED], [SHARDER]),
    )
    yield "SUB-6", refuse, "signed-by-root", begun().put("shards", [mapped()], [ROOT])
    yield from _root_cases()
    yield "SUB-8", accept, "one-line", begun().shards()
    yield (
        "SUB-8",
        refuse,
        "second-line",
        begun().put("shards", [mapped()], [SHARDER, ROOT]),
    )
    yield (
        "SUB-8",
        refuse,
        "same-line-twice",
        begun().put("shards", [mapped()], [SHARDER, SHARDER]),
    )
    yield (
        "SUB-8",
        refuse,
        "over-another-text",
        begun().shards(
            note=lambda text: text + b"\n" + SHARDER.note_line(b"another text\n")
        ),
    )
    yield "SUB-9", accept, "closed", begun().shards().root(abandoned("shards", 1))
    yield (
        "SUB-9",
        accept,
        "stream-below-goes-on",
        begun().root(abandoned("shards", 0)).put("shards/b", [mapped()], [SHARDER]),
    )
    yield (
        "SUB-9",
        refuse,
        "goes-on",
        begun().shards(1).root(abandoned("shards", 1)).shards(3),
    )
    yield "SUB-9", refuse, "wrong-count", begun().shards().root(abandoned("shards", 2))


def _root_cases():
    """SUB-7: two of three root keys."""
    roots = (ROOT, ROOT_2, ROOT_3)
    event = retired(SHARDER)
    for slug, signers in {
        "first-and-second": roots[:2],
        "first-and-third": roots[::2],
    }.items():
        yield "SUB-7", "accept", slug, begun(roots, 2).put("root", [event], signers)
    for slug, signers in {
        "one-of-two": [ROOT],
        "three-of-two": roots,
        "out-of-order": [ROOT_2, ROOT],
        "same-key-twice": [ROOT, ROOT],
        "a-granted-key": [ROOT, SHARDER],
    }.items():
        yield "SUB-7", "refuse", slug, begun(roots, 2).put("root", [event], signers)
    yield "SUB-7", "refuse", "another-family-in-root", begun().root(mapped())
    keeper = RoleGrant(role="sharder", stream="ops", families=("keys", "shards"))
    book = begun().root(granted(keeper, NEW))
    yield "SUB-7", "refuse", "keys-in-another-stream", book.put("ops", [event], [NEW])
