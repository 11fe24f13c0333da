"""tuneledger ingest and dataset: sensitive data, datasets, research; end to end."""

import json
import tomllib

import msgspec
import pytest

from ledger.events.ingest import DatasetRead, RecordDecided
from ledger.events.shards import RecordAssigned
from ledger.vault import record_keys
from ledger.workspace.settings import parse_settings
from producers import screen
from tests.unit.cli.desk import Desk
from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import PEOPLE, jsonl, leaks, record, snapshot

IBAN = "DE89 3704 0044 0532 0130 00"
SECRET = "AKIA" + "Z7QX3M5KPL2WDVTA"
ILLNESS = "She lives with type 2 diabetes since spring."
PAGE = "https://clear.example/p.html"


@pytest.fixture
def desk(office, capsys, site, tmp_path):
    """A shell in an empty workspace."""
    return Desk(Shell(capsys, office.folder), site, tmp_path)


def ingest(desk, *records, options=()):
    """Ingest records under the settings' jurisdictions."""
    file = write(desk.folder / "in.jsonl", jsonl(records))
    return desk.w("ingest", file, *options)


def change(office, **values):
    """Change the settings."""
    path = office.folder / "tuneledger.toml"
    settings = parse_settings(tomllib.loads(path.read_text()) | values)
    path.write_text(settings.to_toml())


def kept_texts(office):
    """What is kept, opened, with whether it is what was committed to, by event."""
    found = []
    with office.open() as workspace:
        for event in office.events(RecordDecided):
            if not event.commitment:
                continue
            keys = workspace.vault.keys_of(event.record_id)
            content = record_keys.unseal(
                keys,
                event.record_id,
                workspace.corpus.get(event.record_id),
                context=workspace.ledger.genesis,
            )
            opened = record_keys.commitment(keys, event.record_id, content)
            assert event.commitment == opened
            found.append(json.loads(content)["text"])
    return found


def test_an_iban_is_redacted(desk, office):
    """What is kept and committed to has a placeholder; the event has the count."""
    ran = ingest(desk, record("a", f"Pay to {IBAN} by May.", "jane"))
    [event] = office.events(RecordDecided)

    assert 0 == ran.code, ran
    assert ["Pay to [IBAN] by May."] == kept_texts(office)
    assert "redact" == event.action
    assert [("iban", 1)] == [(one.kind, one.count) for one in event.sensitive]
    assert ["licence", "sensitive_redacted"] == event.reasons
    office.check()


@pytest.mark.parametrize(
    ("code", "reason", "kind", "text", "value"),
    [
        (0, "sensitive_redacted", "iban", f"Pay to {IBAN} by May.", IBAN),
        (3, "sensitive_block", "secret", f"The key is {SECRET} here.", SECRET),
        (4, "sensitive_review", "health", ILLNESS, "type 2 diabetes"),
    ],
    ids=["redacted", "blocked", "for-a-person"],
)
def test_no_value_is_left_anywhere(desk, office, code, reason, kind, text, value):
    """Neither in a file of the workspace nor on the terminal."""
    ran = ingest(desk, record("a", text))
    [event] = office.events(RecordDecided)

    assert code == ran.code, ran
    assert reason in event.reasons
    assert [(kind, 1)] == [(one.kind, one.count) for one in event.sensitive]
    assert value not in ran.out + ran.err
    assert [] == leaks(office.folder, [value.encode()])
    office.check()


@pytest.mark.parametrize(
    ("decision", "text"),
    [("blocked", f"The key is {SECRET} here."), ("pending", ILLNESS)],
)
def test_what_is_not_accepted_is_not_kept(desk, office, decision, text):
    """No file, no row, no name of its subject."""
    ingest(desk, record("a", text, "jane"))

    assert [decision] == [one.decision for one in office.events(RecordDecided)]
    assert [] == [*(office.folder / "corpus").iterdir()]
    assert [] == leaks(office.folder, [PEOPLE["jane"].casefold().encode()])


def test_a_declared_subject_is_counted_and_left(desk, office):
    """Keys and erasure are bound to it."""
    text = f"Signed, {PEOPLE['bob']}"
    change(office, sensitive_required=["declared_subject"])
    ingest(desk, record("a", text, "bob"))
    [event] = office.events(RecordDecided)

    assert "declared_subject" in [one.kind for one in event.sensitive]
    assert "accepted" == event.decision


@pytest.mark.parametrize(
    ("expected", "countries"),
    [("Call 030 901820.", []), ("Call [PHONE].", ["DE"])],
    ids=["no-hint", "hint"],
)
def test_countries_are_hints(desk, office, expected, countries):
    """National numbers are found where the settings name the country."""
    change(office, sensitive_countries=countries)
    ingest(desk, record("a", "Call 030 901820."))

    assert [expected] == kept_texts(office)


@pytest.fixture
def bare(monkeypatch):
    """The extra is not installed."""
    missing = {"stdnum", "phonenumbers"}
    real = screen.find_spec
    monkeypatch.setattr(
        screen, "find_spec", lambda name: None if name in missing else real(name)
    )


@pytest.mark.usefixtures("bare")
def test_without_the_extra_fewer_classes_are_looked_for(desk, office):
    """And the policy's document does not name them."""
    ran = ingest(desk, record("a", f"Pay to {IBAN}, or write to a@b.example."))
    [event] = office.events(RecordDecided)
    with office.open() as workspace:
        document = json.loads(workspace.evidence.get(event.policy_sha256))

    assert 0 == ran.code
    assert [f"Pay to {IBAN}, or write to [EMAIL]."] == kept_texts(office)
    assert not {"iban", "phone"} & set(document["sensitive"])
    assert "redact" == document["sensitive"]["email"]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["ingest", "dry-run"])
def test_a_class_that_must_be_looked_for(desk, office, options):
    """No ingest starts without what detects it."""
    change(office, sensitive_required=["iban"])
    ran = ingest(desk, record("a", "Text."), options=options)

    check_one_error(ran, 2, "expected what detects iban, found none")
    assert [] == office.events(RecordDecided)


def test_a_text_whose_redaction_does_not_end_waits(monkeypatch):
    """Whoever builds such a text stops no ingest."""

    def endless(*_arguments, **_options):
        message = "redaction: expected no finding"
        raise screen.InputError(message)

    monkeypatch.setattr(screen, "redact_all", endless)
    look = screen.screen_port(
        screen.IngestPolicy(basket_version="2026-11-23", sensitive=screen.looked_for())
    )
    fields = record("a", "Write to a@b.example.")
    found = look(msgspec.convert(fields, screen.InputRecord))

    assert ("review", None) == (found.action, found.text)


def test_what_redaction_brings_to_light_counts(monkeypatch):
    """A card number that stands clear only once its neighbour is gone is blocked."""
    card = "4111 1111 1111 1111"
    monkeypatch.setattr(screen, "redact_all", lambda text, *_, **__: f"{text} {card}")
    look = screen.screen_port(
        screen.IngestPolicy(basket_version="2026-11-23", sensitive=screen.looked_for())
    )
    fields = record("a", "Write to a@b.example.")
    found = look(msgspec.convert(fields, screen.InputRecord))

    assert ("block", None) == (found.action, found.text)


def test_near_texts_are_found_in_what_is_kept(desk, office):
    """Two texts that differ in what is redacted are one text."""
    body = "the invoice of the tide gauge in the old harbour, to be paid to {} by May"
    ingest(
        desk,
        record("a", body.format(IBAN), "jane"),
        record("b", body.format("GB29 NWBK 6016 1331 9268 19"), "bob"),
    )
    places = {(one.shard, one.slice) for one in office.events(RecordAssigned)}

    assert 1 == len(places)


def classify(desk, review="done", name="letters"):
    """Classify a dataset."""
    return desk.w(
        *("dataset", "classify", name, "--classification", "internal"),
        *("--personal-data", "declared", "--consent-review", review),
    )


def test_a_dry_run_in_a_new_workspace(capsys, tmp_path):
    """It is the first thing that somebody careful tries."""
    shell = Shell(capsys, tmp_path / "acme")
    shell.run("init", shell.folder)
    ran = shell.w("ingest", write(tmp_path / "in.jsonl"), "--dry-run")

    assert 0 == ran.code, ran
    assert "accepted by eu_stated_licence" in ran.out


def test_a_dry_run_of_a_dataset_that_waits(desk, office):
    """Its records would be pending, as they would be; nothing is written."""
    classify(desk, "pending")
    before = snapshot(office.folder)
    dry = ingest(
        desk, record("a", "Text."), options=("--dry-run", "--dataset", "letters")
    )
    after = snapshot(office.folder)
    real = ingest(desk, record("a", "Text."), options=("--dataset", "letters"))

    assert "pending by dataset_pending dataset_pending" in dry.out
    assert before == after
    assert 4 == real.code
    assert "dataset_pending" == office.events(RecordDecided)[0].rule


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["ingest", "dry-run"])
def test_a_dataset_that_nobody_classified(desk, options):
    """One line, and nothing is decided."""
    ran = ingest(desk, record("a", "Text."), options=("--dataset", "no", *options))

    check_one_error(ran, 2, "run dataset classify first")


def test_a_dataset_that_is_named_after_somebody(desk, office):
    """Their erasure waits for another name; the ledger takes no note of that."""
    name = f"mail of {PEOPLE['jane']}"
    dataset_id = classify(desk, name=name).out.strip()
    ingest(desk, record("a", "Text.", "jane"))
    waits = desk.w("erase", PEOPLE["jane"])
    size = len(office.events())
    renamed = desk.w("dataset", "rename", name, "letters")
    shown = desk.w("dataset", "show", "letters", "--json").json()
    after = len(office.events())
    erased = desk.w("erase", PEOPLE["jane"])

    assert (4, True) == (waits.code, ".vault" in waits.err)
    assert (0, size) == (renamed.code, after)
    assert dataset_id == shown["classified"]["dataset_id"]
    assert 0 == erased.code, erased


@pytest.mark.parametrize(
    ("name", "new", "text"),
    [
        ("no", "fresh", "expected the name of a dataset"),
        ("letters", "notes", "found another dataset's"),
        ("letters", "", "expected a name of 1 to 256"),
    ],
    ids=["unknown", "taken", "empty"],
)
def test_a_name_that_cannot_be_given(desk, name, new, text):
    """One line, and nothing is renamed."""
    classify(desk)
    classify(desk, name="notes")

    check_one_error(desk.w("dataset", "rename", name, new), 2, text)
    assert 0 == desk.w("dataset", "show", "letters").code


def test_dataset_show(desk, office):
    """Its newest classification and its newest reading."""
    dataset_id = classify(desk).out.strip()
    unread = desk.w("dataset", "show", "letters")
    ingest(desk, record("a", "Text."), options=("--dataset", "letters"))
    shown = desk.w("dataset", "show", "letters")
    as_json = desk.w("dataset", "show", "letters", "--json").json()
    [read] = office.events(DatasetRead)

    assert "accepted" not in unread.out
    for line in ("name letters", f"dataset_id {dataset_id}", "accepted 1"):
        assert line in [" ".join(one.split()) for one in shown.out.splitlines()]
    assert dataset_id == as_json["classified"]["dataset_id"] == read.dataset_id
    assert 1 == as_json["read"]["accepted"]


def test_dataset_show_of_another_name(desk):
    """One line."""
    check_one_error(desk.w("dataset", "show", "no"), 2, "run dataset classify first")


def test_an_ingest_tells_what_its_scans_took_out(desk, office, say):
    """A record that is accepted no more leaves the next training, and is told."""
    page = record("a", "The first text.", url=PAGE, licence="")
    desk.ingest(page)
    say((("tdm-reservation", "1"),))
    ran = desk.ingest({**page, "id": "b", "text": "Something else again."})

    assert ["accepted", "blocked"] == [
        one.decision for one in office.events(RecordDecided)
    ]
    assert "quarantined 1 record of these URLs" in ran.err
    office.check()


def test_one_record_is_told_as_one(desk):
    """Counts and nouns agree."""
    ran = ingest(desk, record("a", "Text."))

    assert "assigned 1 record to 2 shards" in ran.err


@pytest.mark.parametrize(
    ("expected", "host"),
    [
        (("accepted", "tdm_article_3", "research_29a"), "tdm-header"),
        (("accepted", "tdm_article_3", "research_29a"), "clear"),
        (("blocked", "none", "none"), "disallow-all"),
    ],
    ids=["reserved", "clear", "no-access-shown"],
)
def test_research(desk, office, expected, host):
    """Article 3 and section 29A with lawful access, and the verifier agrees."""
    change(office, purpose="research")
    url = f"https://{host}.example/p.html"
    ran = ingest(desk, record("a", "A text.", url=url, licence=""))
    [event] = office.events(RecordDecided)

    assert expected == (event.decision, event.eu_basis, event.uk_basis), ran
    office.check()


def test_the_same_page_is_no_basis_for_gain(desk, office):
    """The reservation counts where the purpose is commercial."""
    url = "https://tdm-header.example/p.html"
    ran = ingest(desk, record("a", "A text.", url=url, licence=""))

    assert 3 == ran.code
    assert "none" == office.events(RecordDecided)[0].eu_basis
