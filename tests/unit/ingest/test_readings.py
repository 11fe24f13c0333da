"""Ingest into a workspace: cut off anywhere, gone on with, dry, and as a dataset."""

import contextlib
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.events.ingest import DatasetClassified, DatasetRead, RecordDecided
from producers import ingesting
from producers.datasets import Stated, classify
from producers.ingest import run as ingest_run
from producers.ingest.sources import JsonLines, load_mapping, open_source
from producers.previewing import preview
from producers.scanning import ScanOptions
from tests.unit.workspace.office import (
    jsonl,
    new_office,
    record,
    refuse_to_resolve,
    snapshot,
)

MIXED = [
    record(f"r{number}", f"Text {number}.", licence=("MIT", "", "ask me")[number % 3])
    for number in range(9)
]
"""Accepted, blocked and pending in turn."""

OPTIONS = ScanOptions(resolver=refuse_to_resolve, spacing_s=0)


class Killed(BaseException):
    """The process is gone."""


def take(office, source, *, moments=None, **options):
    """Ingest in a session of its own, killed after so many emits."""
    with office.open() as workspace:
        append, left = workspace.ledger.append, [moments]

        def dying(events, **options):
            if options["stream"] == "ingest" and left[0] is not None:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
            return append(events, **options)

        workspace.ledger.append = dying
        return ingesting.ingest_source(
            workspace,
            source,
            options=OPTIONS,
            progress=[].append,
            name="in",
            **options,
        )


def lines(records=MIXED):
    return JsonLines(io.BytesIO(jsonl(records)))


def decided(office):
    """What was decided, without the random ids."""
    return sorted(
        (one.decision, one.rule, tuple(one.reasons), one.size_log2)
        for one in office.events(RecordDecided)
    )


@settings(max_examples=5, deadline=None, derandomize=True)
@given(kills=st.lists(st.integers(0, 4), max_size=4))
def test_killed_and_resumed_decides_as_one_run(kills):
    """Any interleaving of kill and re-run gives the decisions of one run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(ingest_run, "BATCH_EVENTS", 2)
        whole = new_office(Path(folder) / "whole")
        take(whole, lines())
        broken = new_office(Path(folder) / "broken")
        for moments in kills:
            # After the last emit nothing is left to kill it.
            with contextlib.suppress(Killed):
                take(broken, lines(), moments=moments, resume=True)
            if len(decided(broken)) == len(MIXED):
                break
        if len(decided(broken)) < len(MIXED):
            take(broken, lines(), resume=True)

        assert decided(whole) == decided(broken)
        broken.check()


def test_a_later_reading_decides_anew(tmp_path):
    """What was blocked is decided again once the source was read to its end."""
    office = new_office(tmp_path / "acme")
    take(office, lines())
    report = take(office, lines(), resume=True)

    assert {"blocked": 3, "pending": 3} == report.decisions
    assert 3 == report.skipped


def test_every_format_has_the_same_decisions(tmp_path):
    """JSON Lines, Parquet and a saved dataset of the same records."""
    formats = pytest.importorskip("tests.unit.ingest.test_sources")
    found = []
    for number, write in enumerate(formats.WRITERS):
        office = new_office(tmp_path / str(number) / "acme")
        with open_source(write(tmp_path, MIXED)) as source:
            take(office, source)
        found.append(decided(office))

    assert 9 == len(found[0])
    assert found[0] == found[1] == found[2]


def test_a_preview_writes_nothing(tmp_path):
    """It decides as an ingest does, and every file stays as it was."""
    office = new_office(tmp_path / "acme")
    take(office, lines(MIXED[:3]))
    before = snapshot(office.folder)
    page = record("page", "Text.", licence="", url="https://example.org/")
    found = list(
        preview(office.folder, lines([*MIXED[:6], page]), shunned=lambda _: False)
    )
    after = snapshot(office.folder)

    assert ["kept", "blocked", "pending"] == [one.outcome for one in found[:3]]
    assert ["accepted", "blocked", "pending"] == [one.outcome for one in found[3:6]]
    assert ("needs_scan", "line 7") == (found[6].outcome, found[6].place)
    assert "custom text" in found[5].detail
    kinds = (".ledger", ".vault", ".fences", ".bin", ".zz")
    assert [path for path in after if path.endswith(kinds)] == [
        path for path in before if path.endswith(kinds)
    ]
    assert all(after[path] == before[path] for path in before if path.endswith(kinds))


STATED = Stated(
    classification="internal", personal_data="incidental", consent_review="done"
)


def test_a_dataset(tmp_path):
    """Classified before its first record, counted at its end, named in no event."""
    office = new_office(tmp_path / "acme")
    with office.open() as workspace:
        classify(workspace, "zebra corpus", STATED, kind="jsonl")
    take(office, lines(), dataset="zebra corpus")
    [said], [read] = office.events(DatasetClassified), office.events(DatasetRead)

    assert {said.dataset_id} == {one.dataset_id for one in office.events(RecordDecided)}
    assert (3, 3, 3, 0) == (read.accepted, read.pending, read.blocked, read.unreadable)
    assert b"zebra" not in (office.folder / "acme.ledger").read_bytes()


def test_a_dataset_that_waits(tmp_path):
    """Its records are pending while its review is."""
    office = new_office(tmp_path / "acme")
    waits = Stated(
        classification="internal",
        personal_data="special_category",
        consent_review="pending",
        review_document=b"Asked on Monday.",
    )
    with office.open() as workspace:
        event = classify(workspace, "corpus", waits, kind="jsonl")
    take(office, lines(MIXED[:1]), dataset="corpus")

    assert 64 == len(event.review_commitment)
    assert [("pending", "dataset_pending")] == [
        (one.decision, one.rule) for one in office.events(RecordDecided)
    ]


def test_another_mapping_is_on_record(tmp_path):
    """The mapping that records were read with is kept, and its digest appended."""
    office = new_office(tmp_path / "acme")
    (tmp_path / "m.toml").write_text(
        '[columns]\nid = "id"\ntext = "text"\n'
        '[constants]\nurl = ""\nlicence = "MIT"\nsubjects = []\n'
    )
    mapping = load_mapping(tmp_path / "m.toml")
    with office.open() as workspace:
        classify(workspace, "corpus", STATED, kind="jsonl")
    content = json.dumps({"id": "a", "text": "b"}).encode()
    source = JsonLines(io.BytesIO(content), mapping=mapping)
    take(office, source, dataset="corpus", mapping=mapping)
    newest = office.events(DatasetClassified)[-1]

    assert mapping.sha256 == newest.mapping_sha256
    with office.open() as workspace:
        assert mapping.content == workspace.evidence.get(newest.mapping_sha256)


def test_an_unknown_dataset(tmp_path):
    """Nothing is read of what nobody classified."""
    office = new_office(tmp_path / "acme")

    with pytest.raises(InputError, match="run dataset classify first"):
        take(office, lines(), dataset="corpus")


def test_a_special_category_needs_a_review(tmp_path):
    """GDPR Article 9(2) asks for a ground, so somebody must look."""
    office = new_office(tmp_path / "acme")
    unreviewed = Stated(
        classification="internal",
        personal_data="special_category",
        consent_review="not_needed",
    )

    with (
        office.open() as workspace,
        pytest.raises(InputError, match="expected consent_review pending or done"),
    ):
        classify(workspace, "corpus", unreviewed, kind="jsonl")
