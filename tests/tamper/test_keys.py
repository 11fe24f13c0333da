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


def key_event(name: str, ledger: LedgerSimulator) -> dict:
    """An event that breaks one rule about keys."""
    new, ci = ledger.key("new"), ledger.key("ci")
    grant = ledger.granted(new, "ingest", ["ingest"], "ingest")
    match name:
        case "low order":
            weak = {"public_key": LOW_ORDER, "possession": LOW_ORDER_SIGNATURE}
            return grant | weak
        case "not canonical":
            return grant | {"public_key": NOT_CANONICAL}
        case "not on the curve":
            return grant | {"public_key": NOT_ON_CURVE}
        case "no possession":
            return grant | {"possession": "00" * 64}
        case "possession for another role":
            return grant | {"role": "scanner"}
        case "key granted twice":
            twin = Key(ci.name, ledger.seed)
            twin.name = "example.org/acme/twin"
            return ledger.granted(twin, "ci", [], "ci")
        case "root key granted":
            return ledger.granted(ledger.roots[0], "ci", [], "ci")
        case "name granted twice":
            return ledger.granted(Key(ci.name, "other"), "ci", [], "ci")
        case "second log key":
            other = Key(ledger.origin, "other")
            return ledger.granted(other, "log", [], "log")
        case "log key under another name":
            return ledger.granted(new, "log", [], "log")
        case "log key with families":
            other = Key(ledger.origin, "other")
            return ledger.granted(other, "log", ["ingest"], "log")
        case "unknown key retired":
            return ledger.retired(new)
        case "retired under another name":
            return ledger.retired(ci, name="example.org/acme/cj")
        case "abandoned with another count":
            return ledger.event(
                "keys.stream_abandoned.v1", stream="ingest", submissions=7
            )
    return ledger.created()


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
    event = key_event(name, ledger)
    # The log key that signs the last checkpoint is the one before the event.
    seq = ledger.submit("root", [event], checkpoint=False)
    ledger.checkpoint()

    first = found(verify_simulated(ledger, tmp_path))[0]
    assert code == first[0]
    assert first[1] in {f"event {seq}.0", f"entry {seq}"}


def test_key_granted_by_a_key_that_is_not_root(tmp_path):
    """Only the stream root carries key events."""
    ledger = Story().build()
    grant = ledger.granted(ledger.key("new"), "ingest", ["ingest"], "ingest")
    seq = ledger.submit("ingest", [grant])

    assert [("FAMILY_NOT_ALLOWED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


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
    grant = ledger.granted(ledger.key("ci"), "ci", [], "ci")
    seq = ledger.submit("root", [grant], *(ledger.roots[n] for n in picked))

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
