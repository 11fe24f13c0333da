"""Key events that root may not, or could not honestly, sign."""

import pytest

from tests.simulator import Key, LedgerSimulator
from tests.tamper.harness import found, verify_simulated
from tests.tamper.story import Story
from verifier import verify

LOW_ORDER = "01" + "00" * 31
LOW_ORDER_SIGNATURE = "01" + "00" * 63
NOT_CANONICAL = "ee" + "ff" * 30 + "7f"
NOT_ON_CURVE = "02" + "00" * 31


def grant(ledger: LedgerSimulator, **changes) -> dict:
    """A grant to a new key, changed."""
    key = ledger.key("new")
    return ledger.granted(key, "ingest", ["ingest"], "ingest") | changes


def renamed(key: Key, name: str) -> Key:
    """The same key pair under another name."""
    key.name = name
    return key


def other_log(ledger: LedgerSimulator, families: list[str]) -> dict:
    """A grant to a second log key."""
    return ledger.granted(Key(ledger.origin, "other"), "log", families, "log")


WEAK = {"public_key": LOW_ORDER, "possession": LOW_ORDER_SIGNATURE}
KEY_EVENTS = {
    "low order": lambda it: grant(it, **WEAK),
    "not canonical": lambda it: grant(it, public_key=NOT_CANONICAL),
    "not on the curve": lambda it: grant(it, public_key=NOT_ON_CURVE),
    "no possession": lambda it: grant(it, possession="00" * 64),
    "possession for another role": lambda it: grant(it, role="scanner"),
    "key granted twice": lambda it: it.granted(
        renamed(it.key("ci"), "twin"), "ci", [], "ci"
    ),
    "root key granted": lambda it: it.granted(it.roots[0], "ci", [], "ci"),
    "name granted twice": lambda it: it.granted(
        Key(it.key("ci").name, "other"), "ci", [], "ci"
    ),
    "second log key": lambda it: other_log(it, []),
    "log key under another name": lambda it: it.granted(
        it.key("new"), "log", [], "log"
    ),
    "log key's name for another role": lambda it: it.granted(
        Key(it.origin, "other"), "ci", [], "ci"
    ),
    "log key with families": lambda it: other_log(it, ["ingest"]),
    "unknown key retired": lambda it: it.retired(it.key("new")),
    "retired under another name": lambda it: it.retired(it.key("ci"), name="cj"),
    "abandoned with another count": lambda it: it.event(
        "keys.stream_abandoned.v1", stream="ingest", submissions=7
    ),
    "second genesis": lambda it: it.created(),
}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("low order", "KEY_LOW_ORDER"),
        ("not canonical", "KEY_ENCODING"),
        ("not on the curve", "KEY_ENCODING"),
        ("no possession", "KEY_POSSESSION"),
        ("possession for another role", "KEY_POSSESSION"),
        ("key granted twice", "KEY_NOT_UNIQUE"),
        ("root key granted", "KEY_NOT_UNIQUE"),
        ("name granted twice", "KEY_NOT_UNIQUE"),
        ("second log key", "LOG_KEY"),
        ("log key under another name", "LOG_KEY"),
        ("log key's name for another role", "KEY_NOT_UNIQUE"),
        ("log key with families", "LOG_KEY"),
        ("unknown key retired", "KEY_NOT_ACTIVE"),
        ("retired under another name", "KEY_NOT_ACTIVE"),
        ("abandoned with another count", "STREAM_CLOSED"),
        ("second genesis", "GENESIS"),
    ],
)
def test_key_event(tmp_path, name, code):
    """Root's signature does not make a key event valid that breaks a rule."""
    ledger = Story().build()
    event = KEY_EVENTS[name](ledger)
    # The log key that signs the last checkpoint is the one before the event.
    seq = ledger.submit("root", [event], checkpoint=False)
    ledger.checkpoint()

    first = found(verify_simulated(ledger, tmp_path))[0]
    assert code == first[0]
    assert first[1] in {f"event {seq}.0", f"entry {seq}"}


def test_key_granted_by_a_key_that_is_not_root(tmp_path):
    """Only the stream root carries key events."""
    ledger = Story().build()
    seq = ledger.submit("ingest", [grant(ledger)])

    assert [("FAMILY_NOT_ALLOWED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_key_events_under_a_grant_of_the_family_keys(tmp_path):
    """A grant that lists the family keys does not make its holder root."""
    ledger = Story().build()
    deputy = ledger.key("deputy")
    ledger.submit("root", [ledger.granted(deputy, "governance", ["keys"], "deputy")])
    seq = ledger.submit("deputy", [grant(ledger)])
    report = verify_simulated(ledger, tmp_path)

    assert [("FAMILY_NOT_ALLOWED", f"event {seq}.0")] == found(report)
    assert "SUB-7" == report.first.rule


def test_key_signs_in_the_entry_that_grants_it(tmp_path):
    """A grant takes effect after its entry, so it cannot sign that entry."""
    ledger = LedgerSimulator()
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "l")]
    )
    new = ledger.key("new")
    seq = ledger.submit("root", [ledger.granted(new, "ci", [], "root")], new)

    assert [("SIGNATURE_LINES", f"entry {seq}")] == found(
        verify_simulated(ledger, tmp_path)
    )


class Forger(Key):
    """A key whose lines have its name and id, and a signature of something else."""

    def line(self, text: bytes) -> bytes:
        return super().line(b"other " + text)


@pytest.mark.parametrize(
    ("stream", "name"), [("root", "root-0"), ("ingest", "ingest")], ids=str
)
def test_forged_signature(tmp_path, stream, name):
    """A line in the name of a key that may sign is not yet a signature of it."""
    ledger = Story().build()
    forger = Forger(f"{ledger.origin}/{name}", ledger.seed)
    seq = ledger.submit(stream, [grant(ledger)], forger)
    report = verify_simulated(ledger, tmp_path)

    assert 1 == report.exit_code
    assert ("SIGNATURE_INVALID", f"entry {seq}") == found(report)[0]


@pytest.mark.parametrize(
    ("picked", "ok"),
    [
        ([0, 1], True),
        ([1, 2], True),
        ([1, 0], False),
        ([0], False),
        ([0, 0], False),
        ([0, 1, 2], False),
    ],
    ids=["first two", "last two", "other order", "one", "one twice", "all three"],
)
def test_root_threshold(tmp_path, picked, ok):
    """Exactly the threshold of distinct root keys signs, in the order of root_keys."""
    ledger = LedgerSimulator(root_count=3, threshold=2)
    ledger.submit(
        "root",
        [ledger.created(), ledger.granted(ledger.log, "log", [], "log")],
    )
    seq = ledger.submit("root", [grant(ledger)], *(ledger.roots[n] for n in picked))

    expected = [] if ok else [("SIGNATURE_LINES", f"entry {seq}")]
    assert expected == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize(
    "changes",
    [
        {"root_threshold": 2},
        {"root_keys": "twice"},
        {"root_keys": "weak"},
    ],
    ids=["threshold above the keys", "one key twice", "low-order root key"],
)
def test_genesis(tmp_path, changes):
    """Entry 0 must be able to protect what follows."""
    ledger = LedgerSimulator()
    key = {"name": ledger.roots[0].name, "public_key": ledger.roots[0].public.hex()}
    if changes.get("root_keys") == "twice":
        changes = {"root_keys": [key, key]}
    if changes.get("root_keys") == "weak":
        changes = {"root_keys": [key, {"name": "w", "public_key": LOW_ORDER}]}
    ledger.submit(
        "root",
        [ledger.created(**changes), ledger.granted(ledger.log, "log", [], "log")],
    )

    code, where = found(verify_simulated(ledger, tmp_path))[0]
    assert "entry 0" == where
    assert code in {"GENESIS", "KEY_LOW_ORDER"}


def test_genesis_of_another_ledger(tmp_path):
    """Entry 0 names no genesis before it."""
    ledger = LedgerSimulator()
    ledger.submit(
        "root",
        [ledger.created(), ledger.granted(ledger.log, "log", [], "log")],
        lines_changed={"genesis": "11" * 32},
    )

    assert ("SUBMISSION_FOREIGN", "entry 0") in found(
        verify_simulated(ledger, tmp_path)
    )


def test_ledger_that_lists_the_pinned_key_beside_its_own(tmp_path):
    """A stranger's ledger is not authentic because it names the reader's root key."""
    ours = Key("example.org/acme/root-0", "seed")
    ledger = LedgerSimulator(origin="example.org/acme", seed="stranger")
    theirs = ledger.roots[0]
    theirs.name = "example.org/acme/root-1"
    listed = [{"name": k.name, "public_key": k.public.hex()} for k in (ours, theirs)]
    ledger.submit(
        "root",
        [
            ledger.created(root_keys=listed),
            ledger.granted(ledger.log, "log", [], "log"),
        ],
        theirs,
    )
    path = ledger.write(tmp_path / "acme.ledger")
    report = verify(path, root_keys=[ours.vkey])

    assert ("L0", 7) == (report.verdict, report.exit_code)


@pytest.mark.parametrize(
    ("pins", "level", "expected"),
    [
        ("own", 1, ("L1", 0)),
        ("hex", 1, ("L1", 0)),
        ("none", 1, ("L0", 7)),
        ("none", 0, ("L0", 0)),
        ("other", 1, ("L0", 7)),
        ("other", 0, ("L0", 7)),
    ],
)
def test_pinned_root(tmp_path, pins, level, expected):
    """L1 needs the root that the reader knows; L0 alone is for who asks for it."""
    ledger = Story().build()
    path = ledger.write(tmp_path / "acme.ledger")
    keys = {
        "own": [ledger.roots[0].vkey],
        "hex": [ledger.roots[0].public.hex()],
        "none": [],
        "other": [ledger.key("ci").vkey],
    }[pins]
    report = verify(path, root_keys=keys, level=level)

    assert expected == (report.verdict, report.exit_code)


def test_root_that_differs_is_named(tmp_path):
    """The report names the root key that was expected, and those that are there."""
    ledger = Story().build()
    other = Key("other")
    report = verify(ledger.write(tmp_path / "acme.ledger"), root_keys=[other.vkey])

    assert [(f"root key {other.public.hex()}", ledger.roots[0].public.hex())] == [
        (finding.expected, finding.found) for finding in report.trust
    ]
