"""What each level answers at its edges, and in which words."""

import pytest

from tests.simulator import Key, LedgerSimulator
from tests.tamper.anchoring import Witness
from tests.tamper.chapters import RUN
from tests.unit.levels.office import HOUR_MS, Office, grow, small_ledger, trusted
from verifier import PolicyError, load_policy, verify
from verifier.findings import FINDINGS_MAX, Code, Violation
from verifier.report.verdict import Report
from verifier.trust.anchors import FUTURE_LISTED_MAX
from verifier.trust.demand import make_demand

WAIVE_TIMED = ("verdict", 'waive = ["timed"]')


@pytest.mark.parametrize("level", range(5))
def test_levels_that_can_be_asked_for(level):
    """0 to 4; each asks for all below it."""
    names = ["authentic", "timed", "witnessed", "continuous"]
    demand = make_demand(level, None, [])

    assert (level, frozenset(names[:level])) == (demand.level, demand.asked)


@pytest.mark.parametrize("level", [-1, 5])
def test_levels_that_cannot(level):
    """Another number is a mistake of usage."""
    with pytest.raises(ValueError, match="expected 0 to 4"):
        make_demand(level, None, [])


def test_a_pinned_key_asks_for_its_root(office):
    """Whoever gives a root key is told where it is not the ledger's, at level 0 too."""
    key = Key("example.org/other/root")
    report = verify(office.write(), root_keys=[key.vkey], level=0)

    assert (7, ["ROOT_DIFFERS"]) == (report.exit_code, trusted(report))


@pytest.mark.parametrize(
    "table", ["log", "root", "timestamps", "witnesses", "pin", "clock", "anchors",
              "verdict", "keys"],
)  # fmt: skip
def test_a_key_that_no_table_has(office, table):
    """A misspelt demand is refused in every table: it would be no demand."""
    office.ask_stamps().ask_witnesses().ask("pin", 'store = "pins"')
    office.tables[table] = [*office.tables.get(table, []), "misspelt = 1"]
    with pytest.raises(PolicyError, match=rf"\[{table}\] misspelt: expected no such"):
        load_policy(office.policy_file())


def test_the_first_checkpoint_may_be_the_anchored_one(office):
    """An anchor over the checkpoint of one entry holds as any other."""
    office.ask_stamps().ask_witnesses().ask("anchors", "entries_max = 2")
    report = office.stamp(1).cosign(0, 1, size=1).verify()

    assert ("L3", []) == (report.verdict, trusted(report))
    assert [1, 1, 1] == [anchor["size"] for anchor in report.anchors]


def test_tails_of_a_ledger_of_nobody_s_root(office):
    """Entries after the anchors of a ledger that is not authentic are L0."""
    office.ask_stamps().ask_witnesses().stamp(2).cosign(0, 1, size=3)
    office.tables["log"] = ['origins = ["example.org/other"]']
    grow(office.ledger, 2)

    assert [
        "entries 2..4 are after the last timed checkpoint: L0 only",
        "entries 3..4 are after the last witnessed checkpoint: L0 only",
    ] == office.verify().tails


def test_tails_of_witnesses_where_the_stamp_is_short_too(office):
    """Entries after the witnesses and after the stamp are L1."""
    office.ask_stamps().ask_witnesses().stamp(2).cosign(0, 1, size=2)

    assert [
        "entry 2 is after the last timed checkpoint: L1 only",
        "entry 2 is after the last witnessed checkpoint: L1 only",
    ] == office.verify().tails


def test_no_tail_where_the_anchors_cover_all(office):
    """Anchors over the newest checkpoint leave nothing after them."""
    report = office.ask_stamps().ask_witnesses().stamp().cosign(0, 1).verify()

    assert [] == report.tails


def test_words_of_the_levels(office):
    """Checkpoint, time and who spoke, and the quorum's rule."""
    report = office.ask_stamps().ask_witnesses().stamp().cosign(0, 1).verify()
    at, who = "2026-09-21T14:13:23Z", "w0.example.net, w1.example.net"

    assert (
        f"checkpoint 3 at {at} by CN=TSA one",
        f"checkpoint 3 at {at} by {who}; quorum two (2 of w0, w1, w2)",
    ) == (report.answers["timed"], report.answers["witnessed"])


def test_the_future_begins_after_the_skew(office):
    """An anchor as late as the skew bound allows counts; a second later does not."""
    at_ms = office.ledger.now_ms + HOUR_MS
    office.ask_stamps().stamp(at_ms=at_ms)
    office.now_ms = at_ms - 300_000
    inside = office.verify()
    office.now_ms -= 1

    assert ([], ["NOT_TIMED"]) == (trusted(inside), trusted(office.verify()))


def test_few_anchors_from_the_future_are_named(office):
    """Of very many the first are named."""
    late = office.now_ms + HOUR_MS
    office.ask_witnesses().ask(*WAIVE_TIMED)
    for second in range(FUTURE_LISTED_MAX + 3):
        office.cosign(0, at_ms=late + 1000 * second)
    named = [line for line in office.verify().not_checked if "w0.example.net" in line]

    assert FUTURE_LISTED_MAX == "\n".join(named).count("witness ")


def test_ignored_anchors_are_all_counted(office):
    """Two lines of strangers are two, and so are two of their stamps."""
    stranger, ledger = Witness("stranger.example.net"), office.ledger
    for size in (2, 3):
        line = stranger.line(ledger.checkpoints[size], ledger.now_ms)
        office.anchors.cosignatures.append((size, line))
        office.stamp(size)
    said = [line.partition(",")[0] for line in office.verify().not_checked]

    assert {"cosignatures: 2", "time stamps: 2"} <= set(said)


def test_very_many_gaps_are_cut():
    """Of very many things that are missing the first are kept."""
    demand = make_demand(1, None, [])
    report = Report(path="x", level_asked=1)
    missing = Violation(Code.ROOT_DIFFERS, "L1", expected="a", found="b").at("root")
    demand.settle(report, "authentic", [missing] * (FINDINGS_MAX + 1))

    assert ("no", FINDINGS_MAX) == (report.levels["authentic"], len(report.trust))


def test_the_policy_decides_how_many_root_keys_sign(tmp_path):
    """Two pinned keys and a threshold of one, where the policy says so."""
    verdicts = []
    for threshold in (1, 2):
        ledger = LedgerSimulator(root_count=2, threshold=1)
        grant = ledger.granted(ledger.log, "log", [], "log")
        ledger.submit("root", [ledger.created(), grant])
        office = Office(tmp_path, ledger)
        office.tables["root"][0] = f"threshold = {threshold}"
        verdicts.append(trusted(office.verify()))

    assert [[], ["ROOT_THRESHOLD"]] == verdicts


def test_a_row_that_is_too_long_is_not_read(office):
    """A line past its limit is refused by its length alone (ANC-1)."""
    office.anchors.cosignatures.append((3, b"a" * 513))
    office.anchors.timestamps.append((3, b"a" * 65_536))
    report = office.verify(level=0)

    assert ["cosignature 1", "timestamp 1"] == [one.where for one in report.findings]
    assert ["at most 512 bytes in line", "at most 65535 bytes in token"] == [
        one.expected for one in report.findings
    ]


@pytest.mark.parametrize(
    ("families", "expected"),
    [('["training", "spool"]', []), ('["spool"]', ["ROLE_NOT_ALLOWED"])],
    ids=["allowed", "less"],
)
def test_a_run_key_has_what_its_certifier_has(tmp_path, families, expected):
    """A policy's roles name the trainer; the keys that it certifies need no line."""
    ledger = LedgerSimulator()
    trainer = ledger.key("trainer")
    log = ledger.granted(ledger.log, "log", [], "log")
    grant = ledger.granted(trainer, "trainer", ["training", "spool"], "trainer")
    ledger.submit("root", [ledger.created(), log, grant])
    ledger.submit("trainer", [ledger.certified(RUN)], trainer)
    office = Office(tmp_path, ledger).ask("roles", f"trainer = {families}")

    assert expected == trusted(office.verify())


def stolen():
    """A ledger whose scanner's key was declared compromised."""
    ledger = small_ledger(1)
    key = ledger.key("scanner")
    ledger.submit("root", [ledger.granted(key, "scanner", ["spool"], "scanner")])
    event = ledger.event("spool.events_dropped.v1", events=1, reason="spool_full")
    ledger.submit("scanner", [event])
    ledger.submit("root", [ledger.compromised(key, 0)])
    return ledger


def test_untrusted_statements_of_nobody_s_root(tmp_path):
    """Without a root key nothing is said of what a stolen key signed."""
    report = verify(stolen().write(tmp_path / "acme.ledger"))

    assert ["ROOT_NOT_PINNED"] == trusted(report)


def test_untrusted_statements_of_a_broken_file(tmp_path):
    """In a file in which something was found, the entries are not read again."""
    office = Office(tmp_path, stolen())
    whole = office.verify()
    office.anchors.cosignatures.append((3, b"no line"))
    broken = office.verify()

    assert ["STATEMENTS_UNTRUSTED"] == trusted(whole)
    assert ("BROKEN", []) == (broken.verdict, trusted(broken))
    assert "no" == broken.levels["authentic"]
