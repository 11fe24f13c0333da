"""Opening a workspace: what a crash left, and what a restore brought back."""

import shutil

import pytest

from ledger.disk.locks import file_lock
from ledger.errors import NotALedgerError, ReadOnlyError
from ledger.events.ingest import RecordDecided
from ledger.events.optout import PolicyFileFetched, SiteRegistered
from ledger.vault.seeds import Seeds
from ledger.workspace.workspace import Workspace
from producers.ingest.reader import InputRecord
from producers.ingesting import open_intake
from tests.unit.workspace.office import (
    RECORDS,
    filled_office,
    leaks,
    letter,
    record,
    rows,
    secrets_of,
    snapshot,
)


def keep(workspace, name="dan", record_id="5e" * 16):
    """Keep a record that the ledger never decides on, as a kill would leave it."""
    fields = record("lost", letter(name, 7), name)
    fields["subjects"] = tuple(fields["subjects"])
    [kept] = open_intake(workspace).keep([(record_id, InputRecord(**fields))])
    return kept


def restore(office, suffix, backup):
    """Put an older file back."""
    (office.folder / f"acme{suffix}").write_bytes(backup)


def backup_of(office, suffix):
    """A file's bytes."""
    return (office.folder / f"acme{suffix}").read_bytes()


# What a crash left


def test_undecided_records_are_deleted(office):
    """Row, key, name and file of a record that the ledger never decided on."""
    with office.open() as workspace:
        keep(workspace)
        assert workspace.corpus.has("5e" * 16)
        assert 1 == len(workspace.vault.subjects())

    with office.open() as workspace:
        assert set() == workspace.vault.record_ids()
        assert [] == workspace.vault.subjects()
        assert not workspace.corpus.has("5e" * 16)
    assert [] == leaks(office.folder, secrets_of("dan"))


def test_half_written_files_are_deleted(office):
    """Temporaries of corpus and evidence."""
    for name in ("corpus", "evidence"):
        (office.folder / name / ".x.bin.0a0b0c0d.tmp").write_bytes(b"half")
    office.open().__exit__(None, None, None)

    assert [] == [*(office.folder / "corpus").iterdir()]
    assert [] == [*(office.folder / "evidence").iterdir()]


def test_a_running_ingest_is_left_alone(office):
    """Another process's pending records are not a crash's."""
    with office.open() as workspace:
        keep(workspace)
        with file_lock(office.folder / ".ingest.lock", what="ingest"):
            office.open().__exit__(None, None, None)
            assert {"5e" * 16} == workspace.vault.record_ids()


def decide(workspace, like):
    """Let the ledger accept the kept record, and the vault not hear of it."""
    fields = {name: getattr(like, name) for name in like.__struct_fields__}
    event = RecordDecided(**{**fields, "record_id": "5e" * 16})
    workspace.ledger.append([event], stream="ingest")


def test_what_the_ledger_decided_is_followed(office):
    """A kill between the ledger's commit and the vault's loses nothing."""
    office.ingest([RECORDS[0]])
    with office.open() as workspace:
        keep(workspace)
        decide(workspace, office.events(RecordDecided)[0])
        assert ["5e" * 16] == workspace.vault.pending()

    with office.open() as workspace:
        assert [] == workspace.vault.pending()
        assert workspace.corpus.has("5e" * 16)


def test_another_session_remembering_later_loses_nothing(office):
    """What the vault followed is its own; what sessions remember does not count."""
    office.ingest([RECORDS[0]])
    with office.open() as workspace:
        keep(workspace)
        decide(workspace, office.events(RecordDecided)[0])
        # The vault has not noted it; now somebody else ends well and remembers.
        workspace.remember()
    with office.open() as workspace:
        assert "5e" * 16 in workspace.vault.record_ids()


def test_site_names_without_an_event_are_dropped(office):
    """A scan that was killed leaves no name behind."""
    with office.open() as workspace:
        workspace.names.site("https://jane.example")
        workspace.names.commit_scan("5c" * 16, ["https://jane.example/diary"], "")
    with office.open() as workspace:
        assert {} == workspace.names.origins()
    assert [] == leaks(office.folder, [b"jane.example"])


def test_a_site_is_registered_once(office):
    """Two scans at once of a new site give one registration."""
    with office.open() as one, office.open() as other:
        events = []
        for workspace in (one, other):
            site = workspace.names.site("https://site.example")
            assert site.is_new
            events.append(
                SiteRegistered(site_id=site.site_id, commitment=site.commitment)
            )
        fetched = _fetched(site.site_id)
        one.append_scan([events[0], fetched])
        other.append_scan([events[1], fetched])
        assert not one.names.site("https://site.example").is_new

    assert 1 == len(office.events(SiteRegistered))
    office.check()


def _fetched(site_id):
    return PolicyFileFetched(
        site_id=site_id,
        channel="robots_txt",
        outcome="absent",
        http_status=404,
        body_sha256="",
        body_bytes=0,
        redirects=0,
        fetched_at_ms=0,
    )


def test_an_error_is_not_remembered_but_lets_go(office):
    """Whatever ends a session, its files are closed."""
    with pytest.raises(RuntimeError), office.open() as workspace:
        raise RuntimeError
    with pytest.raises(Exception, match="closed"):
        workspace.vault.subjects()


# What a restore brought back


def test_a_vault_from_before_an_erasure_is_erased_again(trained):
    """The fences do it, before anything else happens."""
    before = backup_of(trained, ".vault")
    ids = trained.record_ids("jane")
    trained.erase("jane")
    restore(trained, ".vault", before)
    assert [] != leaks(trained.folder, secrets_of("jane"))

    with trained.open() as workspace:
        assert workspace.vault.find_identifier("jane.doe+work@example.org") is None
        assert not set(ids) & workspace.vault.record_ids()
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


def test_seeds_from_before_an_erasure_are_destroyed_again(trained):
    """The secrets of weights that are gone do not come back with a vault."""
    query = "SELECT secret FROM seed"
    before = backup_of(trained, ".vault")
    old = {secret for (secret,) in rows(trained.folder / "acme.vault", query)}
    trained.erase("jane")
    kept = {secret for (secret,) in rows(trained.folder / "acme.vault", query)}
    restore(trained, ".vault", before)
    trained.open().__exit__(None, None, None)

    assert old - kept
    assert [] == leaks(trained.folder, old - kept)


def test_a_corpus_from_before_an_erasure_is_swept(trained):
    """Files that come back are deleted again."""
    shutil.copytree(trained.folder / "corpus", trained.folder.parent / "backup")
    trained.erase("jane")
    after = {path.name for path in (trained.folder / "corpus").iterdir()}
    shutil.copytree(
        trained.folder.parent / "backup", trained.folder / "corpus", dirs_exist_ok=True
    )
    trained.open().__exit__(None, None, None)

    assert after == {path.name for path in (trained.folder / "corpus").iterdir()}


@pytest.mark.parametrize("kind", ["missing", "older"])
def test_fences_that_are_gone(trained, kind):
    """Read-only: an erased person could come back, or a restored vault stay whole."""
    older = backup_of(trained, ".fences")
    trained.erase("jane")
    if kind == "missing":
        (trained.folder / "acme.fences").unlink()
    else:
        restore(trained, ".fences", older)

    with pytest.raises(ReadOnlyError, match="lacks the fence of erasure") as caught:
        trained.open()
    assert 8 == caught.value.exit_code


def test_a_vault_that_is_gone(trained):
    """Read-only, and not a file of the corpus is deleted for it."""
    vault = backup_of(trained, ".vault")
    (trained.folder / "acme.vault").unlink()
    corpus = snapshot(trained.folder / "corpus")
    for _ in range(2):
        with pytest.raises(ReadOnlyError, match=r"acme.vault lacks \d+ records"):
            trained.open()
    assert corpus == snapshot(trained.folder / "corpus")

    restore(trained, ".vault", vault)
    trained.open().__exit__(None, None, None)


def test_a_vault_from_before_an_ingest(trained):
    """Keys of accepted records are lost: nothing is written until they are back."""
    older = backup_of(trained, ".vault")
    trained.ingest([record("gina", letter("gina"), "gina@garden.example")])
    newer = backup_of(trained, ".vault")
    restore(trained, ".vault", older)
    with pytest.raises(ReadOnlyError, match=r"acme\.vault lacks 1 records"):
        trained.open()

    restore(trained, ".vault", newer)
    trained.erase("gina@garden.example")
    trained.check()


def test_a_ledger_that_became_shorter(trained):
    """A ledger from a backup is no ledger to write on."""
    older = backup_of(trained, ".ledger")
    trained.erase("jane", retrain=False)
    restore(trained, ".ledger", older)
    with pytest.raises(ReadOnlyError, match="it became shorter"):
        trained.open()


@pytest.mark.parametrize("suffix", [".vault", ".fences"])
def test_private_files_of_another_ledger(trained, tmp_path, suffix):
    """They belong to the ledger that they saw first."""
    other = filled_office(tmp_path / "other", RECORDS[:2], label="other")
    shutil.copyfile(other.folder / f"other{suffix}", trained.folder / f"acme{suffix}")
    with pytest.raises(ReadOnlyError, match="belongs to another ledger"):
        trained.open()


def test_what_another_process_remembers_is_no_loss(office):
    """A session that began earlier does not take the vault's memory back."""
    with office.open() as slow:
        office.ingest([RECORDS[0]])
        size = slow.vault.seen().size
    with office.open() as workspace:
        assert size == workspace.vault.seen().size


@pytest.mark.parametrize("kind", ["missing", "empty", "file"])
def test_no_workspace(tmp_path, kind):
    """Nothing is created where nothing is."""
    folder = tmp_path / "acme"
    if kind == "empty":
        folder.mkdir()
    if kind == "file":
        folder.write_bytes(b"")
    before = snapshot(tmp_path)
    with pytest.raises(NotALedgerError, match="is no workspace") as caught:
        Workspace(folder)

    assert 6 == caught.value.exit_code
    assert before == snapshot(tmp_path)


def test_seeds_survive_sessions(trained):
    """A training of last week is repeated with its own seeds."""
    with trained.open() as workspace:
        map_id = workspace.states()["shards"].current_map
        place = {"shard": 0, "slice_": 0, "generation": 0}
        secret = Seeds(workspace.vault).secret(map_id, **place)

    with trained.open() as workspace:
        assert secret == Seeds(workspace.vault).secret(map_id, **place)
