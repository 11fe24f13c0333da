"""What a trust policy asks of a proof file, rule by rule."""

import json

import pytest

from ledger.export.receipt import encode_receipt
from ledger.log.ledger import Ledger
from tests.simulator import Key, LedgerSimulator
from tests.tamper.chapters import RUN
from tests.unit.levels.office import Office
from tests.unit.proofs.histories import history, pair_with, write
from tests.unit.proofs.material import LATER_MS, canonical, check, encoded
from verifier import load_policy
from verifier.proofs.sides import SideError, read_side


def policy_of(folder, ledger, **tables):
    """A policy on this ledger with these tables in place of the usual ones."""
    office = Office(folder, ledger)
    office.tables |= tables
    return load_policy(office.policy_file())


def receipt(folder, ledger, event_id="0.1"):
    """A receipt by the real writer."""
    with Ledger.open(write(folder, ledger)) as opened:
        return encode_receipt(opened, event_id)[0].content


def codes(report):
    """Exit code, and the codes of what was asked for and is missing."""
    return report.exit_code, [one.code for one in report.trust]


@pytest.mark.parametrize(
    ("threshold", "given", "expected"),
    [(1, None, (0, [])), (2, None, (7, ["LV814"])), (2, 1, (0, []))],
    ids=["one", "two", "two, and the reader says one"],
)
def test_root_threshold(tmp_path, threshold, given, expected):
    """The policy's threshold counts, unless the reader gives another one."""
    made = LedgerSimulator(root_count=2, threshold=1)
    made.submit("root", [made.created(), made.granted(made.log, "log", [], "log")])
    keys = [f"threshold = {threshold}", f"keys = {[one.vkey for one in made.roots]}"]
    policy = policy_of(tmp_path, made, root=keys)
    content = receipt(tmp_path, made)
    report = check(tmp_path, content, policy=policy, root_threshold=given)

    assert expected == codes(report)


def test_root_keys_from_both_places(tmp_path):
    """The keys of the policy and those beside it are asked for together."""
    made = history(1)
    content = receipt(tmp_path, made)
    policy, root = policy_of(tmp_path, made), made.roots[0].vkey
    same = check(tmp_path, content, policy=policy, root_keys=[root])
    more = check(tmp_path, content, policy=policy, root_keys=[Key("a/b").vkey])

    assert [(0, []), (7, ["LV802"])] == [codes(same), codes(more)]


@pytest.mark.parametrize("same", [True, False], ids=["same", "another"])
def test_genesis(tmp_path, same):
    """A policy that pins another genesis refuses the log."""
    made = history(1)
    genesis = made.genesis if same else "ab" * 32
    log = [f'origins = ["{made.origin}"]', f'genesis = "{genesis}"']
    policy = policy_of(tmp_path, made, log=log)
    report = check(tmp_path, receipt(tmp_path, made), policy=policy)

    assert ((0, []) if same else (7, ["LV805"])) == codes(report)


def test_roles(tmp_path):
    """A grant of more than its role may have is refused in a file too."""
    made = history(1)
    policy = policy_of(tmp_path, made, roles=["governance = []"])
    report = check(tmp_path, receipt(tmp_path, made), policy=policy)

    assert (7, ["LV806"]) == codes(report)


@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "not"])
def test_accepted_compromised_key(tmp_path, accepted):
    """What a compromised key signed is trusted where the policy accepts the key."""
    made = LedgerSimulator()
    trainer = made.key("trainer")
    grant = made.granted(trainer, "trainer", ["training", "spool"], "trainer")
    log = made.granted(made.log, "log", [], "log")
    made.submit("root", [made.created(), log, grant])
    dropped = made.event("spool.events_dropped.v1", events=1, reason="producer_error")
    made.submit("trainer", [dropped, made.certified(RUN)], trainer)
    made.submit("root", [made.compromised(trainer, 1)])
    key = trainer.public.hex() if accepted else "ab" * 32
    policy = policy_of(tmp_path, made, keys=[f'accept_compromised = ["{key}"]'])
    report = check(tmp_path, receipt(tmp_path, made, "1.0"), policy=policy)

    assert ((0, []) if accepted else (7, ["LV803"])) == codes(report)
    if not accepted:
        assert f"{trainer.name}, in entry 2" == report.trust[0].found


def anchored(folder, *lines, stamps=1, witnesses=2):
    """The report on a receipt with so many anchors under a policy of both."""
    office = Office(folder, history(2))
    office.ask_stamps(*lines).ask_witnesses()
    ledger = office.ledger
    note = ledger.checkpoints[2]
    proof = json.loads(receipt(folder, ledger, "1.0"))
    proof["tlog_proof"] += "".join(
        one.line(note, ledger.now_ms).decode() for one in office.witnesses[:witnesses]
    )
    proof["timestamps"] = [
        encoded(one.stamp(note, ledger.now_ms)) for one in office.authorities[:stamps]
    ]
    policy = load_policy(office.policy_file())
    return check(folder, canonical(proof), policy=policy, now_ms=office.now_ms)


def test_as_many_stamps_and_witnesses_as_asked_for(tmp_path):
    """Two signers and two of three witnesses: L3, with everybody's name."""
    report = anchored(tmp_path, "minimum = 2", stamps=2)

    assert ((0, []), "L3") == (codes(report), report.verdict), report.as_text()
    assert [
        "time stamps of CN=TSA one, CN=TSA two",
        "cosignatures of w0.example.net, w1.example.net",
    ] == report.checked[-2:]


def test_fewer_stamps_than_asked_for(tmp_path):
    """One signer of two is LV807, and the gap says how many count."""
    report = anchored(tmp_path, "minimum = 2")

    assert (7, ["LV807"]) == codes(report)
    assert (
        "L2",
        "time stamps of 2 signers under roots of the policy",
        "1 that count",
    ) == (report.trust[0].rule, report.trust[0].expected, report.trust[0].found)


def test_fewer_witnesses_than_asked_for(tmp_path):
    """One witness of two is LV808, and the gap names the quorum."""
    report = anchored(tmp_path, witnesses=1)

    assert (7, ["LV808"]) == codes(report)
    assert (
        "L3",
        "cosignatures that meet the quorum of two (2 of w0, w1, w2)",
        "1 that count",
    ) == (report.trust[0].rule, report.trust[0].expected, report.trust[0].found)


def test_words_without_a_policy(tmp_path):
    """Without a policy the gaps say what one would be asked for."""
    made = history(1)
    roots = [made.roots[0].vkey]
    report = check(tmp_path, receipt(tmp_path, made), root_keys=roots, level=3)

    assert [
        "time stamps of 1 signers under roots of the policy",
        "cosignatures that meet the quorum of a policy",
    ] == [one.expected for one in report.trust]


@pytest.mark.parametrize(
    ("behind_ms", "expected"), [(300_000, []), (301_000, ["LV810"])], ids=["at", "past"]
)
@pytest.mark.parametrize("kind", ["stamp", "witness"])
def test_an_anchor_behind_the_entry(material, tmp_path, kind, behind_ms, expected):
    """An anchor may be as much older than the entry as the skew bound allows."""
    proof = json.loads(material.receipt())
    recorded = int(proof["entry"].partition("recorded_at_ms ")[2].partition("\n")[0])
    at_ms = -(-(recorded - behind_ms) // 1000) * 1000
    head, _, note = proof["tlog_proof"].partition("\n\n")
    text, _, lines = note.partition("\n\n")
    stored = f"{text}\n\n{lines.splitlines(keepends=True)[0]}"
    line = material.witness.line(stored.encode(), LATER_MS).decode()
    proof["timestamps"] = [encoded(material.authority.stamp(stored.encode(), LATER_MS))]
    if kind == "stamp":
        early = material.authority.stamp(stored.encode(), at_ms)
        proof["timestamps"] = [encoded(early)]
    else:
        line = material.witness.line(stored.encode(), at_ms).decode()
    proof["tlog_proof"] = f"{head}\n\n{stored}{line}"
    report = check(tmp_path, canonical(proof), policy=material.policy)

    assert expected == [one.code for one in report.trust]


@pytest.mark.parametrize("own", ["log", "root", "governance"])
def test_a_witness_that_is_a_key_of_the_ledger(tmp_path, own):
    """The operator's own key is no witness of a file either (VER-4)."""
    office = Office(tmp_path, history(2)).ask_witnesses()
    office.ask("verdict", 'waive = ["timed"]')
    ledger = office.ledger
    key = {"log": ledger.log, "root": ledger.roots[0]}.get(own, ledger.key(own))
    office.witnesses[0].key = key
    note = ledger.checkpoints[2]
    proof = json.loads(receipt(tmp_path, ledger, "1.0"))
    proof["tlog_proof"] += "".join(
        one.line(note, ledger.now_ms).decode() for one in office.witnesses[:2]
    )
    policy = load_policy(office.policy_file())
    report = check(tmp_path, canonical(proof), policy=policy, now_ms=office.now_ms)

    assert (7, ["LV808"]) == codes(report)


def test_a_pair_is_asked_for_its_keys_alone(tmp_path):
    """A policy that asks for anchors asks a pair for its root: it has none."""
    made = history(3)
    content, _ = pair_with(write(tmp_path, made), made.checkpoints[2])
    office = Office(tmp_path, made).ask_stamps().ask_witnesses()
    report = check(tmp_path, content, policy=load_policy(office.policy_file()))

    assert ((0, []), "L1") == (codes(report), report.verdict)
    assert "not asked" == report.levels["timed"]


@pytest.mark.parametrize("level", [4, 3], ids=["four", "three"])
def test_level_four_is_none_of_a_file(tmp_path, level):
    """A policy of level 4 asks a file for all that a file can show."""
    made = history(1)
    policy = policy_of(tmp_path, made, verdict=[f"level = {level}"])
    report = check(tmp_path, receipt(tmp_path, made), policy=policy)

    assert (7, ["LV807", "LV808"]) == codes(report)


def test_sides_that_are_none(tmp_path):
    """A bundle without its receipts has no checkpoint that can be compared."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "checkpoint").write_bytes(history(1).checkpoints[1])
    with pytest.raises(SideError, match="lacks its checkpoint or its receipts"):
        read_side(tmp_path / "bundle")
