"""Event lines that give way to their leaf hashes, in a workspace."""

import sqlite3
from contextlib import closing

import msgspec
import pytest

from ledger.disk.places import ledger_file
from ledger.disk.sqlite import SqliteStore
from ledger.erasing.redactor import Redactor
from ledger.errors import InputError, IntegrityError, LockedError
from ledger.events.erasure import LinesRedacted
from ledger.events.optout import PolicyFileFetched, SiteRegistered
from ledger.export.event_path import event_document
from ledger.export.receipt import encode_receipt
from ledger.log.views import Views
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import files, new_office
from tests.unit.workspace.test_projector import plain, rebuilt
from verifier import verify
from verifier.proofs.check import check_proof
from verifier.trust.pin import read_root_keys

BODY = "7e" * 32


@pytest.fixture
def office(tmp_path):
    """A workspace with one scan of two policy files: events SEQ.0 to SEQ.2."""
    office = new_office(tmp_path / "acme")
    with office.open() as workspace:
        workspace.ledger.append(
            [registered(), fetched(), fetched("tdmrep_file")], stream="scan"
        )
    return office


@pytest.fixture
def shell(capsys, office):
    """Commands in it."""
    return Shell(capsys, office.folder)


def registered():
    return SiteRegistered(site_id="5b" * 16, commitment="11" * 32)


def fetched(channel="robots_txt"):
    """A policy file whose digest names the site to whoever has the same file."""
    return PolicyFileFetched(
        site_id="5b" * 16,
        channel=channel,
        outcome="parsed",
        http_status=200,
        body_sha256=BODY,
        body_bytes=7,
        redirects=0,
        fetched_at_ms=NOW_MS,
    )


def scan_of(office):
    """The entry of the scan."""
    with office.open() as workspace:
        return next(
            one.seq
            for one in workspace.ledger.events()
            if isinstance(one.event, PolicyFileFetched)
        )


def redact(office, *event_ids, reason="retention", erasure_id=""):
    """Redact in a session of its own."""
    with office.open() as workspace:
        return Redactor(workspace).redact(
            event_ids, reason=reason, erasure_id=erasure_id
        )


def named(office, seq, *places):
    """Name lines and do nothing more, as a kill leaves it."""
    event = LinesRedacted(
        redaction_id="0f" * 16,
        reason="retention",
        erasure_id="",
        entry=seq,
        places=list(places),
    )
    with office.open() as workspace:
        workspace.ledger.append([event], stream="erase")


def holders(office, text):
    """Files of the workspace that hold these bytes."""
    return [path.name for path in files(office.folder) if text in path.read_bytes()]


def report_of(office):
    return verify(ledger_file(office.folder), root_keys=[office.vkey])


def test_the_line_is_gone_from_every_file(office):
    """Of a redacted line nothing is left but its hash, and the verdict is the same."""
    seq, before = scan_of(office), report_of(office)
    assert ["acme.ledger"] == holders(office, BODY.encode())
    redact(office, f"{seq}.1", f"{seq}.2")
    report = report_of(office)

    assert [] == holders(office, BODY.encode())
    assert ("L1", 0, 2) == (report.verdict, report.exit_code, report.redacted_total)
    assert before.root_keys == report.root_keys


def kept_evidence(office, content=b"Disallow: /"):
    """Files that a workspace keeps as evidence: one body, cited by two events."""
    with office.open() as workspace:
        digest = workspace.evidence.put(content)
        events = [
            msgspec.structs.replace(fetched(channel), body_sha256=digest)
            for channel in ("robots_txt", "tdmrep_file")
        ]
        workspace.ledger.append(events, stream="scan")
        seq = max(one.seq for one in workspace.ledger.events())
    return seq, office.folder / "evidence" / f"{digest}.zz"


def test_evidence_that_another_event_cites_stays(office):
    """A file that one more line in clear cites is needed to read that line."""
    seq, file = kept_evidence(office)
    redact(office, f"{seq}.0")
    assert file.exists()


def test_evidence_goes_with_the_last_line_that_cites_it(office):
    """A policy file names its site to whoever reads it, as its line does."""
    seq, file = kept_evidence(office)
    redact(office, f"{seq}.0")
    redact(office, f"{seq}.1")
    assert not file.exists()


def test_evidence_goes_when_a_kill_came_after_the_event(office):
    """The lines still say which files, so whoever finishes can delete them."""
    seq, file = kept_evidence(office)
    named(office, seq, 0, 1)
    with office.open() as workspace:
        Redactor(workspace).finish()
    assert not file.exists()


def test_siblings_stay(office):
    """Redaction takes the named lines alone."""
    seq = scan_of(office)
    [(event_id, by)] = redact(office, f"{seq}.1")

    assert [fetched("tdmrep_file").channel] == [
        one.channel for one in office.events(PolicyFileFetched)
    ]
    [redaction] = office.events(LinesRedacted)
    assert (seq, [1], "retention") == (
        redaction.entry,
        redaction.places,
        redaction.reason,
    )
    assert (f"{seq}.1", f"{seq + 1}.0") == (event_id, by)


def test_one_event_for_each_entry(office):
    """In ledger order, whatever the order in which they are asked for."""
    seq = scan_of(office)
    with office.open() as workspace:
        workspace.ledger.append([fetched()], stream="scan")
    redact(office, f"{seq + 1}.0", f"{seq}.2", f"{seq}.1", f"{seq}.1")

    assert [(seq, [1, 2]), (seq + 1, [0])] == [
        (one.entry, one.places) for one in office.events(LinesRedacted)
    ]
    office.check()


def test_again_is_success(office):
    """Nothing is named twice."""
    seq = scan_of(office)

    assert redact(office, f"{seq}.1") == redact(office, f"{seq}.1")
    assert 1 == len(office.events(LinesRedacted))


def test_receipt_from_before_still_checks(office, tmp_path):
    """Root, signature and path of an old receipt are what they were."""
    seq, path = scan_of(office), tmp_path / "receipt.json"
    with office.open() as workspace:
        proof, _ = encode_receipt(workspace.ledger, f"{seq}.1")
    path.write_bytes(proof.content)
    redact(office, f"{seq}.1")
    keys = read_root_keys([office.vkey])

    assert 0 == check_proof(path, root_keys=keys, now_ms=NOW_MS).exit_code


def test_receipt_of_a_sibling_still_checks(office, tmp_path):
    """Its path goes over the hash that is left."""
    seq, path = scan_of(office), tmp_path / "receipt.json"
    redact(office, f"{seq}.1")
    with office.open() as workspace:
        proof, _ = encode_receipt(workspace.ledger, f"{seq}.2")
        document = event_document(workspace.ledger, f"{seq}.2")
    path.write_bytes(proof.content)
    keys = read_root_keys([office.vkey])

    assert 0 == check_proof(path, root_keys=keys, now_ms=NOW_MS).exit_code
    assert BODY in document["event"]


@pytest.mark.parametrize(
    "show", [encode_receipt, event_document], ids=["prove", "show"]
)
def test_a_redacted_event_cannot_be_shown(office, show):
    """The message says which event redacted it."""
    seq = scan_of(office)
    redact(office, f"{seq}.1")

    with (
        office.open() as workspace,
        pytest.raises(InputError, match=rf"REDACTED_BY {seq + 1}\.0$"),
    ):
        show(workspace.ledger, f"{seq}.1")


def test_kept_views_are_folded_anew(office):
    """Nothing that a redacted line said stays in them."""
    seq = scan_of(office)
    with office.open() as workspace:
        before = plain(workspace.states())
    redact(office, f"{seq}.1", f"{seq}.2")

    with office.open() as workspace:
        after = plain(workspace.states())
        assert rebuilt(workspace.ledger) == after
    assert before["optout"] != after["optout"]


@pytest.mark.parametrize(
    "event_id", ["0.0", "0.1", "{}.0"], ids=["genesis", "key", "site"]
)
def test_other_types_are_refused(office, event_id):
    """Later rules may rest on them; nothing was written."""
    seq = scan_of(office)

    with pytest.raises(InputError, match="may not be redacted: later rules may rest"):
        redact(office, f"{seq}.1", event_id.format(seq))
    assert [] == office.events(LinesRedacted)
    assert 2 == len(office.events(PolicyFileFetched))


@pytest.mark.parametrize("event_id", ["{}.3", "99.0"])
def test_no_such_event(office, event_id):
    """Nothing to redact."""
    with pytest.raises(InputError, match="the ledger has no such event"):
        redact(office, event_id.format(scan_of(office)))


@pytest.mark.parametrize(
    ("reason", "erasure_id", "message"),
    [
        ("erasure", "", "expected an erasure for reason erasure"),
        ("retention", "ab" * 16, "expected an erasure for reason erasure"),
        ("erasure", "ab" * 16, "unknown erasure"),
    ],
    ids=["missing", "too-much", "unknown"],
)
def test_cause_that_is_refused(office, reason, erasure_id, message):
    """An erasure is named exactly where it is the reason."""
    with pytest.raises(InputError, match=message):
        redact(office, f"{scan_of(office)}.1", reason=reason, erasure_id=erasure_id)


def test_killed_between_event_and_act(office):
    """Named and in clear is no tampering; any later redaction finishes it."""
    seq = scan_of(office)
    named(office, seq, 1)
    report = report_of(office)

    assert (0, "named") == (report.exit_code, report.redacted[0]["state"])
    redact(office, f"{seq}.2")
    assert [] == holders(office, BODY.encode())
    office.check()


def test_killed_inside_the_act(office, monkeypatch):
    """The transaction takes all back, the trigger included; it is done again."""
    seq = scan_of(office)
    with monkeypatch.context() as patch:
        patch.setattr(Views, "discard", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            redact(office, f"{seq}.1")
    with (
        closing(sqlite3.connect(ledger_file(office.folder))) as database,
        pytest.raises(sqlite3.IntegrityError, match="entry is append-only"),
    ):
        database.execute("UPDATE entry SET events = x'' WHERE seq = 0")

    assert 0 == report_of(office).exit_code
    with office.open() as workspace:
        assert (1, 0) == (Redactor(workspace).finish(), Redactor(workspace).finish())
    office.check()


def test_old_pages_that_somebody_reads(office):
    """They are named, and gone when the redaction is asked for again."""
    seq = scan_of(office)
    with office.open() as workspace:
        store = workspace.ledger._store
        store._connection.execute("PRAGMA busy_timeout=0")
        with store.writing():
            pass  # a reader beside a writer needs the WAL
        other = SqliteStore.open(store.path)
        with other.reading():
            other.size()
            with pytest.raises(LockedError, match="keeps pages from before"):
                Redactor(workspace).redact([f"{seq}.1"], reason="retention")
        other.close()
        Redactor(workspace).finish()

        assert b"" == store.path.with_name("acme.ledger-wal").read_bytes()
    assert 1 == len(office.events(PolicyFileFetched))


@pytest.mark.parametrize(
    ("seq", "places", "message"),
    [
        (0, [0], "may not be redacted"),
        (99, [0], "the ledger has no such event before it"),
        (None, [9], "the ledger has no such event before it"),
        (None, [2, 1], "ascending"),
    ],
    ids=["genesis", "entry-ahead", "place-beyond", "descending"],
)
def test_the_sequencer_refuses_what_a_producer_may_not_name(
    office, seq, places, message
):
    """Whoever holds the eraser's key: the ledger stays as it is."""
    with pytest.raises(InputError, match=message):
        named(office, scan_of(office) if seq is None else seq, *places)
    office.check()


def test_a_line_is_not_named_for_a_second_redaction(office):
    """It is redacted already."""
    seq = scan_of(office)
    redact(office, f"{seq}.1")

    with pytest.raises(InputError, match="REDACTED_BY"):
        named(office, seq, 1)


def test_a_name_that_got_in_past_the_sequencer_is_not_obeyed(office, monkeypatch):
    """What may not be redacted stays, whoever wrote the event."""
    with monkeypatch.context() as patch:
        patch.setattr("ledger.log.group.check_redactions", lambda *_: None)
        named(office, 0, 1)

    with office.open() as workspace, pytest.raises(IntegrityError, match=r"event 0\.1"):
        Redactor(workspace).finish()
    assert 1 == report_of(office).exit_code


def test_command(shell, office):
    """What is said of each event, and of the events in the log."""
    seq = scan_of(office)
    ran = shell.w("redact", f"{seq}.1")

    assert (0, f"{seq}.1       REDACTED_BY {seq + 1}.0\n") == (ran.code, ran.out)
    log = shell.w("log").out
    assert f"{seq}.1       REDACTED_BY {seq + 1}.0\n" in log
    assert "erasure.lines_redacted.v1" in log


def test_command_as_json(shell, office):
    """One document; the log has the leaf hash that is left."""
    seq = scan_of(office)
    document = shell.w("redact", f"{seq}.1", "--json").json()

    assert {f"{seq}.1": f"REDACTED_BY {seq + 1}.0"} == document["events"]
    [left] = [
        one
        for one in shell.w("log", "--json").json()["events"]
        if one["event_id"] == f"{seq}.1"
    ]
    assert (None, 64) == (left["event"], len(left["leaf"]))


def test_what_if(shell, office):
    """The types, and nothing is written."""
    seq = scan_of(office)
    ran = shell.w("redact", f"{seq}.1", "--what-if")

    assert f"{seq}.1       optout.policy_file_fetched.v1\n" == ran.out
    assert 2 == len(office.events(PolicyFileFetched))


def test_command_without_events_finishes(shell, office):
    """What a kill left."""
    seq = scan_of(office)
    named(office, seq, 1)
    ran = shell.w("redact")

    assert (0, "1 lines redacted that were named before\n") == (ran.code, ran.err)


def test_command_for_an_unknown_erasure(shell, office):
    """Exit code 2 and one line."""
    ran = shell.w(
        "redact", f"{scan_of(office)}.1", "--reason", "erasure", "--erasure", "nobody"
    )

    check_one_error(ran, 2, "unknown erasure")


def test_command_with_a_cause_and_no_event(shell):
    """A cause of nothing."""
    check_one_error(shell.w("redact", "--reason", "erasure"), 2, "expected EVENTs")
