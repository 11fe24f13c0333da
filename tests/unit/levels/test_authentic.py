"""Level L1 under a policy: origin, genesis, threshold, roles, untrusted statements."""

from hashlib import sha256

import pytest

from tests.simulator import LedgerSimulator
from tests.unit.levels.office import MINUTE_MS, Office, grow, small_ledger, trusted
from verifier import verify


def test_policy_alone(office):
    """The policy's root keys pin the ledger: L1."""
    report = office.verify()

    assert ("L1", 0, "yes") == (
        report.verdict,
        report.exit_code,
        report.levels["authentic"],
    )


def test_no_policy_and_no_root(office):
    """Without anything from outside the best is L0, exit 7, and the output says why."""
    report = verify(office.write())
    text = report.as_text()

    assert ("L0", 7, ["ROOT_NOT_PINNED"]) == (
        report.verdict,
        report.exit_code,
        trusted(report),
    )
    assert "NEXT            give the root key that you know from elsewhere" in text


def test_level_0_asks_for_nothing(office):
    """`--level 0` is content with L0."""
    report = verify(office.write(), level=0)

    assert ("L0", 0, "not asked") == (
        report.verdict,
        report.exit_code,
        report.levels["authentic"],
    )


def test_root_given_twice(office):
    """A root on the command line and one in the policy must both be the ledger's."""
    other = LedgerSimulator(seed="other")
    report = office.verify(root_keys=[other.roots[0].vkey])

    assert ["ROOT_DIFFERS"] == trusted(report)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [("example.org/acme", []), ("example.org/acme2", ["ORIGIN_NOT_ALLOWED"])],
    ids=["allowed", "another"],
)
def test_origin(office, origin, expected):
    """A ledger of a name that the policy does not list is refused (T5)."""
    report = office.ask("log", f'origins = ["{origin}"]').verify()

    assert expected == trusted(report)
    assert ("L0" if expected else "L1") == report.verdict


@pytest.mark.parametrize("fits", [True, False], ids=["fits", "differs"])
def test_genesis(office, fits):
    """The pinned genesis is the hash of submission 0's text."""
    genesis = office.ledger.genesis if fits else sha256(b"").hexdigest()
    office.ask("log", f'origins = ["{office.ledger.origin}"]', f'genesis = "{genesis}"')

    assert ([] if fits else ["GENESIS_DIFFERS"]) == trusted(office.verify())


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(1, []), (2, []), (3, ["ROOT_THRESHOLD"])],
    ids=["less", "equal", "more"],
)
def test_threshold(tmp_path, threshold, expected):
    """A ledger with a lower threshold than the policy's is refused."""
    ledger = LedgerSimulator(root_count=3, threshold=2)
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "log")]
    )
    office = Office(tmp_path, ledger)
    keys = [key.vkey for key in ledger.roots]
    office.ask("root", f"threshold = {threshold}", f"keys = {keys}")

    assert expected == trusted(office.verify())


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (['ingest = ["ingest"]'], []),
        (['ingest = ["ingest", "spool"]', "log = []"], []),
        (['ingest = ["spool"]'], ["ROLE_NOT_ALLOWED"]),
        (["ingest = []"], ["ROLE_NOT_ALLOWED"]),
        (['scanner = ["ingest"]'], ["ROLE_NOT_ALLOWED"]),
        ([], ["ROLE_NOT_ALLOWED"]),
    ],
    ids=["exact", "more", "other family", "no family", "other role", "empty table"],
)
def test_roles(tmp_path, roles, expected):
    """Each granted role is listed, with no family beyond those listed."""
    office = Office(tmp_path, small_ledger(2)).ask("roles", *roles)

    assert expected == trusted(office.verify())


def test_roles_of_ended_grants(office):
    """A grant that was retired counts as well: it could sign while it lasted."""
    ledger = office.ledger
    ledger.submit("root", [ledger.retired(ledger.key("ingest1"))])
    ledger.submit("root", [ledger.retired(ledger.key("ingest2"))])
    office.now_ms = ledger.now_ms + MINUTE_MS
    office.ask("roles", "log = []")

    assert ["ROLE_NOT_ALLOWED"] * 2 == trusted(office.verify())


def declared(since: int, statements: int = 1) -> LedgerSimulator:
    """A ledger whose eraser key signed statements and was declared compromised."""
    ledger = small_ledger(1)
    key = ledger.key("scanner")
    ledger.submit("root", [ledger.granted(key, "scanner", ["spool"], "scanner")])
    for _ in range(statements):
        event = ledger.event("spool.events_dropped.v1", events=1, reason="spool_full")
        ledger.submit("scanner", [event])
    ledger.submit("root", [ledger.compromised(key, since)])
    return ledger


def test_untrusted_statements(tmp_path):
    """What a compromised key signed, and no older anchor covers, is LV803."""
    report = Office(tmp_path, declared(0)).verify()

    assert (["STATEMENTS_UNTRUSTED"], "L0", 7) == (
        trusted(report),
        report.verdict,
        report.exit_code,
    )
    assert "1 in entries 2 to 2" == report.trust[0].found


def test_accepted_compromised_key(tmp_path):
    """The auditor may accept a key's statements; the report notes them."""
    ledger = declared(0)
    public = ledger.key("scanner").public.hex()
    report = Office(tmp_path, ledger).ask(
        "keys", f'accept_compromised = ["{public}"]'
    ).verify()  # fmt: skip

    assert ([], "L1") == (trusted(report), report.verdict)
    assert ["STATEMENTS_UNTRUSTED"] == [item.code.name for item in report.noted]


@pytest.mark.parametrize(
    ("seconds", "since", "expected"),
    [
        (-1, 3, []),
        (0, 3, ["STATEMENTS_UNTRUSTED"]),
        (-1, 2, ["STATEMENTS_UNTRUSTED"]),
    ],
    ids=["older", "not older", "since then"],
)
@pytest.mark.parametrize("kind", ["stamp", "quorum", "one witness"])
def test_anchor_older_than_the_declaration(tmp_path, kind, seconds, since, expected):
    """An accepted anchor older than the declaration saves what it covers (KEY-10)."""
    ledger = declared(since)
    office = Office(tmp_path, ledger).ask_stamps().ask_witnesses()
    office.ask("anchors", "entries_max = 10").ask("verdict", "level = 1")
    at_ms = ledger.now_ms + 1000 * seconds
    match kind:
        case "stamp":
            office.stamp(3, at_ms)
        case "quorum":
            office.cosign(0, 1, size=3, at_ms=at_ms)
        case "one witness":
            office.cosign(0, size=3, at_ms=at_ms)
            expected = ["STATEMENTS_UNTRUSTED"]

    assert expected == trusted(office.verify())


@pytest.mark.parametrize(
    ("delay_s", "expected"), [(5, []), (6, ["SUBMISSION_DELAYED"])], ids=str
)
def test_delay(office, delay_s, expected):
    """A submission that says it was made long before its entry is counted (LV811)."""
    ledger = office.ledger
    claimed = ledger.now_ms + 1000 - 1000 * delay_s
    key = ledger.key("late")
    ledger.submit(
        "root",
        [ledger.granted(key, "ingest", ["ingest"], "late")],
        lines_changed={"claimed_at_ms": claimed},
    )
    grow(ledger)
    report = office.ask("clock", "delay_max_s = 5").verify()

    assert expected == trusted(report)
    assert [f"entry {3}"] * len(expected) == [item.where for item in report.trust]


def test_policy_in_the_file_does_nothing(office):
    """A policy beside or in the ledger's folder is no policy (T14)."""
    office.policy_file()
    path = office.write()
    hint = path.with_name("policy.hint")
    hint.write_bytes((office.folder / "trust.toml").read_bytes())

    assert ("L0", 7) == ((report := verify(path)).verdict, report.exit_code)
