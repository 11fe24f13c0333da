"""Whole ledgers: for each rule those that keep it and those that break it alone."""

from ledger.format import tree
from tests.vectors.book import (
    LOG,
    LOG_GRANT,
    NOW_MS,
    ROOT,
    ROOT_2,
    SHARDER,
    SHARDER_GRANT,
    ZEROS,
    Book,
    begun,
    created,
    granted,
    key,
    mapped,
)
from tests.vectors.change_cases import change_cases
from tests.vectors.signer_cases import NEW_LOG, abandoned, key_cases, submission_cases


def entry_cases():
    """ENT-2 to ENT-6."""
    accept, refuse = "accept", "refuse"
    yield "ENT-2", accept, "three-in-order", begun().shards().shards()
    yield "ENT-2", refuse, "seq-skips", begun().shards(entry={"seq": 2})
    yield "ENT-3", accept, "linked", begun().shards().shards()
    yield "ENT-3", refuse, "link-of-zeros", begun().shards(entry={"previous": ZEROS})
    yield "ENT-3", refuse, "link-to-the-entry-before-last", _linked_past()
    yield "ENT-4", accept, "newest-checkpoint", begun().shards().shards()
    yield (
        "ENT-4",
        accept,
        "one-checkpoint-for-two",
        begun().add("shards", [mapped(1)], [SHARDER]).shards(2),
    )
    yield "ENT-4", refuse, "deleted-checkpoint", _deleted()
    yield (
        "ENT-4",
        refuse,
        "older-checkpoint",
        begun().shards().shards(entry={"base": 1}),
    )
    yield "ENT-4", refuse, "base-in-the-future", begun().shards(entry={"base": 2})
    yield "ENT-5", accept, "same-time", begun().shards(entry={"recorded_at_ms": NOW_MS})
    yield "ENT-5", refuse, "back", begun().shards(entry={"recorded_at_ms": NOW_MS - 1})
    yield "ENT-6", accept, "two-root-keys", begun((ROOT, ROOT_2), 2)
    grants = [granted(LOG_GRANT, LOG), granted(SHARDER_GRANT, SHARDER)]
    yield (
        "ENT-6",
        refuse,
        "created-second",
        Book().put("root", [abandoned("x", 0), created(), *grants], [ROOT]),
    )
    yield "ENT-6", refuse, "created-twice", begun().root(created())
    yield (
        "ENT-6",
        refuse,
        "another-stream",
        Book().put("shards", [created(), *grants], [ROOT]),
    )
    yield (
        "ENT-6",
        refuse,
        "threshold-above-keys",
        Book().put("root", [created(threshold=2), *grants], [ROOT]),
    )
    twin, namesake = key("twin", ROOT.name), key(ROOT.name, "namesake")
    for slug, roots in {
        "key-twice": (ROOT, twin),
        "name-twice": (ROOT, namesake),
    }.items():
        yield "ENT-6", refuse, f"root-{slug}", begun(roots, 1)


def _linked_past():
    book = begun().shards()
    return book.shards(entry={"previous": book.leaves[0].hex()})


def _deleted():
    book = begun().shards().shards()
    del book.checkpoints[1]
    return book


def checkpoint_cases():
    """CHK-1 to CHK-4."""
    accept, refuse = "accept", "refuse"
    yield "CHK-1", accept, "log-key", begun()
    for slug, signers in {
        "another-key": [SHARDER],
        "origin-over-another-key": [NEW_LOG],
        "two-lines": [LOG, SHARDER],
    }.items():
        yield "CHK-1", refuse, slug, _last(signers=signers)
    yield "CHK-1", refuse, "another-origin", _last(origin="x")
    yield "CHK-2", accept, "one", begun()
    yield "CHK-2", refuse, "row-of-another-size", _last(key_size=3)
    yield "CHK-2", refuse, "more-than-entries", begun().check(2, bytes(32))
    yield "CHK-3", accept, "each-size", begun().shards().shards()
    yield "CHK-3", refuse, "root-of-zeros", _last(root=bytes(32))
    book = begun().add("shards", [mapped()], [SHARDER])
    yield (
        "CHK-3",
        refuse,
        "root-of-fewer",
        book.check(root=tree.root_hash(book.leaves[:1])),
    )
    yield "CHK-4", accept, "covers-all", begun().shards()
    yield (
        "CHK-4",
        refuse,
        "entry-not-covered",
        begun().add("shards", [mapped()], [SHARDER]),
    )
    uncovered = begun()
    uncovered.checkpoints.clear()
    yield "CHK-4", refuse, "none", uncovered


def _last(**changes):
    """A ledger of two entries whose last checkpoint is changed."""
    return begun().add("shards", [mapped()], [SHARDER]).check(**changes)


def ledger_cases():
    """Every case: rule, expect, slug, book."""
    yield from key_cases()
    yield from change_cases()
    yield from submission_cases()
    yield from entry_cases()
    yield from checkpoint_cases()
