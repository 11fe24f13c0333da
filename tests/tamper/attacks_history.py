"""T1 to T8 and T21: attacks on what the ledger says happened, and in which order.

Each says which keys it takes; where it says none, the attacker can write the file only.
"""

from hashlib import sha256

from tests.simulator import (
    LedgerSimulator,
    Stream,
    encode,
    sign_note,
    split_entry,
)
from tests.tamper.anchoring import Anchors, note_text
from tests.tamper.attack import Scene, attack
from tests.tamper.auditor import HOUR_MS
from tests.tamper.chapters import (
    record_decided,
)
from tests.tamper.story import Story
from tests.tamper.thief import drop_after, rewrite

EVERY_KEY = frozenset(
    [
        "root",
        "log",
        "governance",
        "scanner",
        "ingest",
        "sharder",
        "trainer",
        "eraser",
        "ci",
    ]
)
LATE_HOURS = 48


def pending(ledger: LedgerSimulator, number: int) -> dict:
    """A decision that rests on nothing but the policy."""
    return record_decided(ledger, number, "pending") | {"scan_id": ""}


def forged_decision(story: Story) -> None:
    """Change the decision on one blocked record into another reason."""
    story.one("ingest.record_decided", 8)["licence"] = "MIT"


def borrow_anchors(scene: Scene, size: int) -> None:
    """Keep the anchors of checkpoints up to a size."""
    scene.anchors = Anchors(
        [row for row in scene.anchors.cosignatures if row[0] <= size],
        [row for row in scene.anchors.timestamps if row[0] <= size],
    )


def cut(scene: Scene, size: int) -> None:
    drop_after(scene.ledger, size)
    borrow_anchors(scene, size)
    scene.write()


@attack("T1", after="BROKEN", code="ENTRY_MISSING")
def tail_cut_off(scene):
    """The last three entries are cut off."""
    del scene.ledger.entries[-3:]
    scene.write()


@attack("T1", after="L1")
@attack("T1", auditor="policy", after="L1", code="NOT_WITNESSED")
@attack("T1", auditor="pin", after="BROKEN", code="ROLLED_BACK")
def tail_cut_off_with_its_checkpoints(scene):
    """The tail is cut off with every checkpoint and anchor over it."""
    cut(scene, 9)


@attack("T2", after="L1")
@attack("T2", auditor="policy", after="L1", code="NOT_WITNESSED")
@attack("T2", auditor="pin", after="BROKEN", code="FORKED")
def whole_history_written_anew(scene):
    """With all keys of the ledger: one decision changed, and all signed again."""
    scene.ledger = rewrite(scene.ledger, EVERY_KEY, forged_decision)
    scene.anchors = Anchors()
    scene.write()


@attack("T2", auditor="policy", after="BROKEN", code="COSIGNATURE_INVALID")
def whole_history_under_its_old_cosignatures(scene):
    """With all keys of the ledger: written anew, the old cosignatures kept."""
    scene.ledger = rewrite(scene.ledger, EVERY_KEY, forged_decision)
    scene.anchors.timestamps.clear()
    scene.write()


@attack("T2", auditor="policy", after="BROKEN", code="TIMESTAMP_INVALID")
def whole_history_under_its_old_time_stamp(scene):
    """With all keys of the ledger: written anew, the old time stamp kept."""
    scene.ledger = rewrite(scene.ledger, EVERY_KEY, forged_decision)
    scene.anchors.cosignatures.clear()
    scene.write()


@attack("T2", auditor="policy", after="L2", code="NOT_WITNESSED")
@attack("T2", auditor="pin", after="BROKEN", code="FORKED")
def whole_history_stamped_again(scene):
    """With all keys of the ledger: written anew, and a new stamp; witnesses refuse."""
    scene.ledger = rewrite(scene.ledger, EVERY_KEY, forged_decision)
    scene.anchors = Anchors()
    scene.anchor()
    assert not scene.anchors.cosignatures
    scene.write()


def grow_for_days(scene: Scene) -> bytes:
    """Return the file as it is; then the honest ledger goes on and is anchored."""
    old = scene.path.read_bytes()
    scene.ledger.now_ms += LATE_HOURS * HOUR_MS
    scene.now_ms += LATE_HOURS * HOUR_MS
    scene.ledger.submit("ingest", [pending(scene.ledger, 60)])
    if scene.anchored:
        scene.anchor()
    scene.write()
    assert scene.read().exit_code == 0
    return old


@attack("T3", after="L1")
@attack("T3", auditor="policy", after="L1", code="NOT_FRESH")
@attack("T3", auditor="pin", after="BROKEN", code="ROLLED_BACK")
def old_copy_put_back(scene):
    """The file of two days ago, whole and anchored as it was then."""
    scene.path.write_bytes(grow_for_days(scene))


@attack("T3", auditor="policy", after="L3")
def old_copy_put_back_at_once(scene):
    """A copy that is younger than the age that the policy allows."""
    old = scene.path.read_bytes()
    scene.ledger.submit("ingest", [pending(scene.ledger, 60)])
    scene.anchor()
    scene.path.write_bytes(old)


@attack("T4", after="L1")
@attack("T4", auditor="policy", after="L1", code="NOT_WITNESSED")
@attack("T4", auditor="pin", after="BROKEN", code="FORKED")
def another_history_for_another_reader(scene):
    """With the ingest and log keys: two ledgers that part before their last entry."""
    size = len(scene.ledger.entries) - 1
    drop_after(scene.ledger, size)
    scene.ledger.streams["ingest"] = stream_head(scene.ledger, "ingest")
    for number in (60, 61):
        scene.ledger.submit("ingest", [pending(scene.ledger, number)])
    borrow_anchors(scene, size)
    scene.write()


def stream_head(ledger: LedgerSimulator, stream: str) -> Stream:
    """Where a stream stands after the entries that are left."""
    texts = [
        note_text(split_entry(entry)[1])
        for entry, _ in ledger.entries
        if f"\nstream {stream}\n".encode() in entry
    ]
    return Stream(len(texts), sha256(texts[-1]).hexdigest())


@attack("T5", after="L1")
@attack("T5", auditor="policy", after="L0", code="ORIGIN_NOT_ALLOWED")
def second_ledger_under_another_name(scene):
    """With the root key: a ledger of another origin for the runs to be hidden."""
    other = LedgerSimulator(origin="example.org/hidden")
    other.roots = scene.ledger.roots
    other.submit("root", [other.created(), other.granted(other.log, "log", [], "log")])
    scene.ledger, scene.anchors = other, Anchors()
    scene.write()


@attack("T5", auditor="pin", after="BROKEN", code="FORKED")
def second_ledger_under_the_same_name(scene):
    """With the root and log keys: a new genesis of the same origin."""
    other = LedgerSimulator(now_ms=scene.ledger.now_ms)
    other.submit("root", [other.created(), other.granted(other.log, "log", [], "log")])
    scene.ledger, scene.anchors = other, Anchors()
    scene.write()


@attack("T6", after="BROKEN", code="SUBMISSION_FOREIGN")
def submission_of_another_ledger(scene):
    """With the log key: what the ingest key signed for another ledger."""
    other = LedgerSimulator(now_ms=1_700_000_000_000)
    other.submit("root", [other.created()])
    other.submit("ingest/worker-9", [pending(other, 60)], scene.ledger.key("ingest"))
    scene.ledger.append(split_entry(other.entries[1][0])[1], other.entries[1][1])
    scene.ledger.checkpoint()
    scene.write()


@attack("T6", after="BROKEN", code="STREAM_ORDER")
def submission_said_again(scene):
    """With the log key: a submission appended a second time."""
    entry, events = scene.ledger.entries[4]
    scene.ledger.append(split_entry(entry)[1], events)
    scene.ledger.checkpoint()
    scene.write()


@attack("T7", after="BROKEN", code="ENTRY_SEQ")
def one_seq_twice(scene):
    """An entry copied to the end, where it says its old seq."""
    scene.ledger.entries.append(scene.ledger.entries[3])
    scene.write()


@attack("T7", after="BROKEN", code="ENTRY_LINK")
def two_siblings_of_one_entry(scene):
    """With the ingest and log keys: two entries that follow the same one."""
    ledger = scene.ledger
    seq = ledger.submit("ingest", [pending(ledger, 60)])
    line = encode(pending(ledger, 61))
    note = sign_note(ledger.submission("ingest", [line]), ledger.key("ingest"))
    ledger.append(note, line + b"\n", previous=ledger.leaves[seq - 1].hex())
    ledger.checkpoint()
    ledger.submit("ingest/worker-9", [pending(ledger, 62)])
    scene.write()


@attack("T8", after="BROKEN", code="STREAM_GAP")
def submission_left_out(scene):
    """With the log key: a submission that was signed never reaches the ledger."""
    ledger = scene.ledger
    left_out = ledger.submit("ingest", [pending(ledger, 60)])
    ledger.submit("ingest", [pending(ledger, 61)])
    del ledger.entries[left_out]
    ledger.rechain(left_out)
    scene.write()


@attack("T8", after="BROKEN", code="METERING")
def batch_left_out_by_the_trainer(scene):
    """With the trainer and log keys: one batch of metered steps is never said."""

    def leave_out(story):
        story.drop(story.one("training.steps_metered", 1))

    scene.ledger = rewrite(scene.ledger, frozenset({"trainer", "log"}), leave_out)
    scene.write()


@attack("T8", after="L1")
def event_that_nothing_refers_to_left_out(scene):
    """With the ingest and log keys: a decision is never said. Nothing finds it."""

    def leave_out(story):
        story.drop(story.one("ingest.record_decided", 9))

    scene.ledger = rewrite(scene.ledger, frozenset({"ingest", "log"}), leave_out)
    scene.write()


@attack("T21", after="L1")
def absence_after_a_cut(scene):
    """A copy that ends before the erasure was requested shows no erasure."""
    seq = next(
        seq
        for seq, (_, events) in enumerate(scene.ledger.entries)
        if b"erasure.requested.v1" in events
    )
    size = max(size for size in scene.ledger.checkpoints if size <= seq)
    cut(scene, size)
