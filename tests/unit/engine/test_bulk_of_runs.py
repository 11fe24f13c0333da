"""Bulk of a run that has a key of its own: nobody else signs it (KEY-11)."""

from tests.tamper.chapters import RUN, Step
from tests.unit.engine.bulk import Bulk
from tests.unit.engine.passes import facts, read, read_plainly, shown


def certified() -> Bulk:
    """The run's key signs its start and its batches."""
    story = Bulk()
    story.steps.insert(-3, Step("trainer", [story.ledger.certified(RUN)]))
    for step in story.steps[-3:]:
        step.stream = f"trainer/{RUN}"
    return story


def test_bulk_signed_by_the_key_of_its_run(tmp_path):
    """It is in order, and leads to what the plain pass finds out."""
    path = certified().build().write(tmp_path / "acme.ledger")
    report, walk = read(path)

    assert [] == [str(finding) for finding in report.findings]
    assert facts(read_plainly(path)[1]) == facts(walk)


def test_bulk_signed_by_the_trainer(tmp_path):
    """Each of its batches is found, though they are many."""
    story = certified()
    story.steps[-1].stream = "trainer"
    path = story.build().write(tmp_path / "acme.ledger")
    report, _ = read(path)

    assert {"RUN_KEY"} == {finding.code.name for finding in report.findings}
    assert len(story.steps[-1].events) == report.findings.total
    assert shown(read_plainly(path)[0]) == shown(report)
