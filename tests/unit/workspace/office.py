"""A small office: people, their texts, and a workspace."""

import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger import Ledger
from ledger.disk.places import ledger_file
from ledger.workspace.settings import Settings as WorkspaceSettings
from ledger.workspace.workspace import Workspace
from producers import ingesting, wiring
from producers.ingest.sources import JsonLines
from producers.retraining.pending import Wanted, work_off
from producers.scanning import ScanOptions
from tests.unit.ledger.workshop import Clock, Random
from verifier import verify

BASE_TEXT = b"Nothing in here is about anybody. " * 8

PEOPLE = {
    "jane": "Jane.Doe+work@Example.ORG",
    "bob": "bob@builders.example",
    "carol": "carol@choir.example",
    "dan": "dan@dance.example",
    "eve": "eve@echo.example",
    "frank": "frank@flute.example",
}
"""Identifiers as their owners type them."""


def record(record_id, text, *subjects, **fields):
    """One input record; `subjects` are names of `PEOPLE` or identifiers."""
    return {
        "id": record_id,
        "text": text,
        "url": "",
        "licence": "MIT",
        "subjects": [PEOPLE.get(name, name) for name in subjects],
        **fields,
    }


def letter(name, number=1):
    """A text that only that person wrote."""
    return f"This is letter {number}, and {name} put a zebra-{name}-{number} into it."


RECORDS = [
    *(record(f"{name}-1", letter(name), name) for name in PEOPLE),
    record("jane-2", letter("jane", 2), "jane", consent=True),
    record("together", "Bob and Carol wrote zebra-both together.", "bob", "carol"),
    record("public-1", "A public notice about nobody at all."),
    record("public-2", "Another public notice, longer than the first one of them."),
]
"""Six people, of whom Bob and Carol share a record, and two texts about nobody."""


def secrets_of(*names):
    """What must not be found once these people are erased: identifiers and texts."""
    found = []
    for name in names:
        identifier = PEOPLE[name]
        found += [
            identifier,
            identifier.lower(),
            identifier.casefold(),
            f"zebra-{name}",
        ]
    return [text.encode() for text in found]


def jsonl(records):
    """Records as the bytes of an input file."""
    return "".join(json.dumps(one) + "\n" for one in records).encode()


@dataclass
class Office:
    """One workspace folder, its root key, and what was said.

    Attributes:
        folder: the workspace.
        vkey: its root key, pinned from outside.
        clock: the time now.
        said: what progress told.
    """

    folder: Path
    vkey: str
    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)

    def open(self) -> Workspace:
        """Open the workspace."""
        return Workspace(self.folder, clock_ms=self.clock)

    def copy(self, folder: Path) -> "Office":
        """The same office in another folder."""
        shutil.copytree(self.folder, folder)
        return Office(folder=folder, vkey=self.vkey)

    def ingest(self, records, *, resume=False):
        """Ingest records in a session of its own."""
        with self.open() as workspace:
            return ingest(workspace, records, resume=resume, said=self.said)

    def train(self):
        """Train in a session of its own; return the run's id."""
        with self.open() as workspace:
            return train(workspace, self.said)

    def erase(self, who, **options):
        """Erase in a session of its own."""
        with self.open() as workspace:
            return erase(workspace, who, said=self.said, **options)

    def finish(self):
        """Finish open erasures in a session of its own."""
        with self.open() as workspace:
            worked = work_off(workspace, Wanted(), progress=self.said.append)
        for error in worked.failed.values():
            raise error
        return worked.erased

    def states(self):
        """The projections."""
        with self.open() as workspace:
            return workspace.states()

    def shards(self):
        """State of every shard, by number."""
        return self.states()["shards"].current().by_shard

    def events(self, kind=None):
        """The ledger's events, all or of one type."""
        with Ledger.open(self.folder) as ledger:
            found = [recorded.event for recorded in ledger.events()]
        return [one for one in found if kind is None or isinstance(one, kind)]

    def check(self):
        """The independent verifier finds nothing wrong under the pinned root key."""
        report = verify(ledger_file(self.folder), root_keys=[self.vkey])
        assert 0 == report.exit_code, report.as_text()

    def shard_of(self, name):
        """The shard that holds a person's records."""
        with self.open() as workspace:
            subject = workspace.vault.find_identifier(PEOPLE[name])
            [shard] = {
                one.shard for one in workspace.vault.records_of(subject.subject_id)
            }
            return shard

    def record_ids(self, name):
        """Ids of a person's records."""
        with self.open() as workspace:
            subject = workspace.vault.find_identifier(PEOPLE[name])
            return [
                one.record_id for one in workspace.vault.records_of(subject.subject_id)
            ]


def new_office(folder: Path, *, shards=2, slices=2, label="office") -> Office:
    """An empty workspace; equal labels place equal records alike."""
    random_bytes = Random(label)
    vkey = Workspace.create(
        folder,
        WorkspaceSettings(origin="example.org/acme", shards=shards, slices=slices),
        clock_ms=Clock(),
        random_bytes=random_bytes,
    )
    with Workspace(folder, clock_ms=Clock(), random_bytes=random_bytes):
        return Office(folder=folder, vkey=vkey)


def filled_office(folder: Path, records=None, *, label="office", **shape) -> Office:
    """A workspace with records, trained once."""
    office = new_office(folder, label=label, **shape)
    random_bytes = Random(f"{label} filled")
    with Workspace(folder, clock_ms=Clock(), random_bytes=random_bytes) as workspace:
        ingest(workspace, RECORDS if records is None else records)
        train(workspace)
    return office


def ingest(workspace, records, *, resume=False, said=None):
    """Ingest and place records that need no scan."""
    content = records if isinstance(records, bytes) else jsonl(records)
    return ingesting.ingest_source(
        workspace,
        JsonLines(io.BytesIO(content)),
        options=ScanOptions(resolver=refuse_to_resolve, spacing_s=0),
        progress=[].append if said is None else said.append,
        resume=resume,
    )


def refuse_to_resolve(host, port, scheme):
    """No test here may reach for the network."""
    message = f"{scheme}://{host}:{port} was looked up"
    raise AssertionError(message)


def train(workspace, said=None):
    """Train every shard; return the run's id."""
    pytest.importorskip("torch")
    return wiring.train(
        workspace,
        base_text=lambda: BASE_TEXT,
        progress=[].append if said is None else said.append,
    )


def erase(workspace, who, *, retrain=True, prove=True, said=None):
    """Erase a person, a name of `PEOPLE` or what may be typed."""
    [erased] = wiring.erase(
        workspace,
        PEOPLE.get(who, who),
        ground="consent_withdrawn",
        retrain=retrain,
        prove=prove,
        progress=[].append if said is None else said.append,
    )
    return erased


def files(folder: Path) -> Iterator[Path]:
    """Every file under a folder, journals and hidden ones included."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def leaks(folder: Path, secrets, *, but=()):
    """(file, secret) wherever a secret stands in the bytes of a file.

    SQLite pages are searched as they lie on the disk, free pages included.
    """
    return [
        (str(path.relative_to(folder)), secret)
        for path in files(folder)
        if path.suffix not in but
        for secret in secrets
        if secret in path.read_bytes()
    ]


def snapshot(folder: Path):
    """Every file's bytes, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in files(folder)}


def rows(path: Path, query, *values):
    """What a private file holds, read beside the code under test."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()
