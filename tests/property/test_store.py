"""A list is the model of a ledger: what is appended stays, in order, unchanged."""

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ledger.errors import ConflictError, GapError, KeyTrustError, TuneledgerError
from ledger.events.keys import KeyRetired
from ledger.format import tree
from ledger.format.entry import entry_leaf
from ledger.keys.files import RoleGrant, grant_event, save_key
from tests.unit.ledger.rights_world import RightsWorld
from tests.unit.ledger.workshop import (
    NOW_MS,
    ORIGIN,
    Clock,
    adopted,
    assigned,
    key,
    lines_of,
    new_workspace,
    open_ledger,
    role_key,
    spool,
)
from verifier import verify

LEDGERS, LEDGERS_SOAK = 25, 1000
STREAMS = st.sampled_from(["shards", "shards/a", "shards/b"])
SHARDER = RoleGrant(role="sharder", stream="shards", families=("shards",))


class StoreMachine(RuleBasedStateMachine):
    """Two handles on one ledger, against a list of leaves and a counter a stream."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="store-machine-"))
        self.workspace = self.folder / "acme"
        self.clock = Clock()
        self.handles = []
        self.counters = {}
        self.sent = {}
        self.keys = 0

    @initialize()
    def begin(self):
        """A new ledger with its genesis entry."""
        new_workspace(self.workspace)
        self.handles = [open_ledger(self.workspace, self.clock) for _ in range(2)]
        self.leaves = [entry_leaf(self.handles[0].row(0).entry)]

    def teardown(self):
        """Close both handles; one plain file is left."""
        for handle in self.handles:
            handle.close()
        left = sorted(path.name for path in self.workspace.glob("acme.ledger*"))
        shutil.rmtree(self.folder)
        assert left in ([], ["acme.ledger"])

    def _taken(self, receipt, stream):
        assert len(self.leaves) == receipt.seq
        self.leaves.append(receipt.leaf)
        self.counters[stream] = self.counters.get(stream, 0) + 1

    def _spool(self, stream):
        """A producer that knows where its stream stands."""
        found = spool(self.workspace, self.handles[0], stream=stream)
        state = self.handles[0]._caught_up()
        found.counter, found.previous = state.next_in(stream)
        return found

    @rule(
        handle=st.integers(0, 1),
        stream=STREAMS,
        count=st.integers(1, 5),
        tick_ms=st.integers(-1000, 1000),
    )
    def append(self, handle, stream, count, tick_ms):
        """Either handle appends; its clock may fall back."""
        self.clock.now_ms += tick_ms
        events = [assigned(number) for number in range(count)]
        self._taken(self.handles[handle].append(events, stream=stream), stream)

    @rule(handle=st.integers(0, 1), stream=STREAMS, number=st.integers(0, 9))
    def submit(self, handle, stream, number):
        """A producer's own submission is appended once."""
        lines = lines_of(assigned(number))
        note = self._spool(stream).seal(lines)
        receipt = self.handles[handle].submit(note, lines)
        self._taken(receipt, stream)
        self.sent[note] = (lines, receipt)

    @precondition(lambda self: self.sent)
    @rule(handle=st.integers(0, 1), data=st.data())
    def send_again(self, handle, data):
        """The same text returns the first receipt and appends nothing."""
        note = data.draw(st.sampled_from(sorted(self.sent)))
        lines, receipt = self.sent[note]
        assert receipt == self.handles[handle].submit(note, lines)

    @rule(
        handle=st.integers(0, 1), stream=STREAMS, skip=st.integers(-2, 2).filter(bool)
    )
    def refuse_another_place(self, handle, stream, skip):
        """A counter that is taken or skips is refused."""
        lines = lines_of(assigned(99))
        producer = self._spool(stream)
        counter = producer.counter + skip
        if counter < 0:
            return
        error = GapError if skip > 0 else ConflictError
        try:
            self.handles[handle].submit(producer.seal(lines, counter=counter), lines)
        except error:
            return
        raise AssertionError

    @rule(handle=st.integers(0, 1))
    def refuse_another_family(self, handle):
        """A key signs its own families only."""
        try:
            self.handles[handle].append([adopted()], stream="shards")
        except KeyTrustError:
            return
        raise AssertionError

    @rule(handle=st.integers(0, 1))
    def rotate(self, handle):
        """Root replaces the sharder's key; both handles go on with the new one."""
        old = role_key(self.workspace, "sharder")
        self.keys += 1
        new = type(old)(old.name, key(f"sharder {self.keys}")._private)
        public_key = old.verifier.public_key.hex()
        events = [
            KeyRetired(name=old.name, public_key=public_key, reason="rotated"),
            grant_event(ORIGIN, SHARDER, new),
        ]
        self._taken(self.handles[handle].append(events, stream="root"), "root")
        (self.workspace / "keys" / "sharder.pem").unlink()
        save_key(self.workspace / "keys", "sharder", new, None)

    @rule(handle=st.integers(0, 1), without_cache=st.booleans())
    def reopen(self, handle, without_cache):
        """A handle is closed and opened again, with and without the derived file."""
        self.handles[handle].close()
        if without_cache:
            (self.workspace / "acme.views").unlink(missing_ok=True)
        self.handles[handle] = open_ledger(self.workspace, self.clock)

    @invariant()
    def every_leaf_is_still_provable(self):
        """The stored entries are the model's, under the newest checkpoint's root."""
        if not self.handles:
            return
        rows = list(self.handles[0].rows())
        leaves = [entry_leaf(row.entry) for row in rows]
        assert self.leaves == leaves
        assert tree.root_hash(leaves) == self.handles[1].root_at(len(leaves))
        index = len(leaves) // 2
        assert tree.root_hash(leaves) == tree.root_from_inclusion(
            index=index,
            size=len(leaves),
            leaf=leaves[index],
            path=tree.prove_inclusion(index, leaves),
        )


class TestStore(StoreMachine.TestCase):
    """Random walks over the rules above."""

    settings = settings(max_examples=15, stateful_step_count=20)


def _generate(folder, seed):
    """A ledger of a made-up world: random streams, batches, reopenings, rotations."""
    chance = random.Random(seed)
    workspace = new_workspace(folder / "acme", f"ledger {seed}")
    clock = Clock()
    ledger = open_ledger(workspace, clock)
    for stream, events in RightsWorld(chance).batches(chance.randrange(2, 15)):
        clock.now_ms = NOW_MS + chance.randrange(-1000, 100_000)
        if chance.random() < 0.2:
            ledger.close()
            ledger = open_ledger(workspace, clock)
        cut = chance.randrange(len(events))
        for part in (events[:cut], events[cut:]):
            if part:
                ledger.append(part, stream=stream)
        if chance.random() < 0.1:
            _rotate(ledger, workspace, chance.getrandbits(32))
    root_keys = ledger.root_keys
    ledger.close()
    return workspace / "acme.ledger", root_keys


def _rotate(ledger, workspace, number):
    """Root replaces the log key in one entry."""
    old = role_key(workspace, "log")
    new = type(old)(old.name, key(f"log {number}")._private)
    (workspace / "keys" / "log.pem").unlink()
    save_key(workspace / "keys", "log", new, None)
    grant = RoleGrant(role="log", stream="log", families=())
    public_key = old.verifier.public_key.hex()
    ledger.append(
        [
            KeyRetired(name=old.name, public_key=public_key, reason="rotated"),
            grant_event(ORIGIN, grant, new),
        ],
        stream="root",
    )


def test_every_generated_ledger_verifies(tmp_path, request):
    """An untouched ledger has no finding and reaches level 1: no false alarm."""
    count = LEDGERS_SOAK if request.config.getoption("--soak") else LEDGERS
    for seed in range(count):
        folder = tmp_path / str(seed)
        path, root_keys = _generate(folder, seed)
        report = verify(path, root_keys=root_keys)
        assert (seed, [], 0) == (
            seed,
            [str(finding) for finding in report.findings],
            report.exit_code,
        )
        shutil.rmtree(folder)


@given(st.binary(max_size=300), st.lists(st.binary(max_size=50), max_size=3))
@settings(max_examples=30)
def test_no_bytes_make_submit_crash(content, lines):
    """Whatever comes in, the answer is one of our errors and nothing is written."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = new_workspace(Path(folder) / "acme")
        with open_ledger(workspace) as ledger:
            try:
                ledger.submit(content, lines)
            except TuneledgerError:
                assert 1 == ledger.size
                return
            raise AssertionError
