"""ledger.log.projector: kept states are a cache, and never change an answer."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from ledger import Ledger
from ledger.log import projector
from ledger.log.projector import project
from ledger.log.views import Views
from ledger.projections import PROJECTIONS, advance, initial
from tests.unit.workspace.office import RECORDS, filled_office


def plain(states):
    """Every projection as plain values."""
    return {one.name: one.dump(states[one.name]) for one in PROJECTIONS}


def rebuilt(ledger):
    """The projections folded from the first event on."""
    return plain(advance(initial(), ledger.events()))


def test_incremental_equals_rebuild(trained):
    """Folded on after each session, the states are those of one fold."""
    trained.erase("jane")
    trained.ingest([{**RECORDS[-1], "id": "one more"}])
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))
        assert rebuilt(ledger) == plain(project(ledger))


def test_deleted_views_come_back(trained):
    """The views file holds nothing that the ledger does not."""
    with Ledger.open(trained.folder) as ledger:
        before = plain(project(ledger))
    (trained.folder / "acme.views").unlink()
    with Ledger.open(trained.folder) as ledger:
        assert before == plain(project(ledger))

    assert rows(trained.folder, "shards_places")


def rows(folder, table):
    """The rows of a table of the views file."""
    path = folder / "acme.views"
    with closing(sqlite3.connect(path)) as connection:
        query = f'SELECT key, value FROM "{table}" ORDER BY number'
        return dict(connection.execute(query))


def test_following_touches_the_rows_of_new_events_alone(trained):
    """A row of another record is neither read nor written."""
    trained.states()
    path = trained.folder / "acme.views"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE shards_places SET value = 'not read'")
    before = rows(trained.folder, "shards_places")
    trained.ingest([{**RECORDS[-1], "id": "one more"}])
    trained.states()
    after = rows(trained.folder, "shards_places")

    assert len(before) + 1 == len(after)
    assert before.items() <= after.items()


def test_a_long_rebuild_is_kept_in_parts(trained, monkeypatch):
    """What is held in memory has a limit, and a kill loses no more than one part."""
    sizes = []
    real = Views.save_tables

    def noted(self, name, size, *rest, **options):
        sizes.append(size)
        return real(self, name, size, *rest, **options)

    monkeypatch.setattr(projector, "CHANGES_MAX", 3)
    monkeypatch.setattr(projector, "_LOOK_EVERY", 1)
    monkeypatch.setattr(Views, "save_tables", noted)
    (trained.folder / "acme.views").unlink()
    with Ledger.open(trained.folder) as ledger:
        found = plain(project(ledger))
        assert rebuilt(ledger) == found
        assert ledger.size == sizes[-1]
    assert len(sizes) > 2
    assert sorted(set(sizes)) == sizes


def test_states_stand_while_another_process_follows(trained):
    """States are of one moment, though the tables have moved on since."""
    with Ledger.open(trained.folder) as ledger:
        states = project(ledger)
        before = plain(states)
        trained.erase("jane", retrain=False)
        trained.states()

        assert before == plain(states)


def test_a_ledger_by_itself_is_projected_without_a_trace(trained):
    """What the views lack is folded in memory, and nothing is written."""
    stale = (trained.folder / "acme.views").read_bytes()
    trained.erase("jane", retrain=False)
    (trained.folder / "acme.views").write_bytes(stale)
    with Ledger.open(trained.folder / "acme.ledger") as ledger:
        assert rebuilt(ledger) == plain(project(ledger))

    assert stale == (trained.folder / "acme.views").read_bytes()


def test_a_foreign_cache_is_ignored(trained, tmp_path):
    """Views of another ledger give the states of this one."""
    other = filled_office(tmp_path / "other", RECORDS[:2], label="other")
    shutil.copyfile(other.folder / "other.views", trained.folder / "acme.views")
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))


def test_a_stale_cache_is_folded_on(trained):
    """Views of yesterday give the states of today."""
    stale = (trained.folder / "acme.views").read_bytes()
    trained.erase("jane", retrain=False)
    (trained.folder / "acme.views").write_bytes(stale)
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"root": "ab"},
        {"versions": {}},
        {"states": None},
        {"states": {"shards": []}},
        {"states": {}},
    ],
    ids=repr,
)
def test_a_damaged_cache_is_ignored(trained, content):
    """Whatever shape it has: the ledger is the truth."""
    with Ledger.open(trained.folder) as ledger:
        size, kept = ledger.views.load("projections")
        changed = {**kept, **content} if content else content
        ledger.views.save("projections", size, changed)
        assert rebuilt(ledger) == plain(project(ledger))


def test_another_process_appends_while_we_look(trained):
    """What is kept ends where its root does, so nothing is folded twice."""
    with Ledger.open(trained.folder) as slow:
        trained.erase("jane", retrain=False)
        first = plain(project(slow))
        (trained.folder / "acme.views").unlink()
        project(slow)
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == first
        assert rebuilt(ledger) == plain(project(ledger))
