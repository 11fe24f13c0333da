"""Personal data stays in vault and corpus, and nowhere once it is erased."""

import json

import pytest

import cli
from tests.unit.workspace.office import (
    PEOPLE,
    RECORDS,
    ingest,
    leaks,
    record,
    secrets_of,
)

EVERYTHING = [
    *secrets_of(*PEOPLE),
    *(one["id"].encode() for one in RECORDS if one["id"] != "together"),
    b"zebra",
]
"""Identifiers, own ids and texts that were typed into this workspace."""


def test_nothing_outside_of_the_vault(trained):
    """Ledger, views, evidence, models, settings and keys hold none of it in clear."""
    assert [] == leaks(trained.folder, EVERYTHING, but={".vault"})


def test_the_corpus_is_sealed(trained):
    """Not even the corpus holds a text or an identifier in clear."""
    assert [] == leaks(trained.folder / "corpus", EVERYTHING)


def test_the_vault_holds_names_but_no_texts(trained):
    """What the scan looks for can be found: the vault holds the identifiers."""
    found = {secret for _, secret in leaks(trained.folder, EVERYTHING)}

    assert {PEOPLE[name].lower().encode() for name in PEOPLE} == found


def test_nothing_at_all_after_the_erasure(trained):
    """Page bytes of vault and fences, journals and certificates included."""
    trained.erase("jane")

    assert [] == leaks(trained.folder, secrets_of("jane"))
    others = [PEOPLE[name].lower().encode() for name in PEOPLE if name != "jane"]
    assert 5 == len(leaks(trained.folder, others))
    trained.check()


def test_nothing_of_anybody_after_everybody(trained):
    """Each is erased in turn; what is left is a ledger that verifies."""
    for name in PEOPLE:
        trained.erase(name, prove=False)

    assert [] == leaks(trained.folder, EVERYTHING)
    trained.check()


def test_nothing_is_left_in_pages_of_a_larger_vault(office):
    """Rows that moved between pages leave no copy behind."""
    people = [f"person-{number:03}@many.example" for number in range(120)]
    office.ingest(
        [
            record(f"{name}/{n}", f"zebra {name} {n}", name)
            for name in people
            for n in range(2)
        ]
    )
    for name in people[::30]:
        office.erase(name)

    assert [] == leaks(office.folder, [name.encode() for name in people[::30]])
    office.check()


def commands(folder):
    """Every command that prints what a workspace holds."""
    return [
        [*command, "-w", str(folder), *more]
        for command in (["status", "--subjects"], ["log"], ["summary"], ["show", "3.0"])
        for more in ([], ["--json"])
    ]


@pytest.mark.parametrize("erased", [False, True], ids=["before", "after"])
def test_no_command_prints_it(trained, capsys, erased):
    """Subjects are shown masked; texts and ids never."""
    if erased:
        trained.erase("jane", prove=False)
    printed = ""
    for command in commands(trained.folder):
        assert 0 == cli.invoke(command)
        out, err = capsys.readouterr()
        printed += out + err
        if command[-1] == "--json":
            json.loads(out)

    assert [] == [one for one in EVERYTHING if one in printed.encode()]
    assert "***@" in printed


def test_progress_says_nothing_personal(office):
    """What is told while it works."""
    office.ingest(RECORDS)
    office.train()
    office.erase("jane")
    told = "\n".join(office.said).encode()

    assert office.said
    assert [] == [one for one in EVERYTHING if one in told]


def test_nothing_while_a_session_is_open(office):
    """Nor in the ledger's WAL, the views or a journal while it is written."""
    with office.open() as workspace:
        ingest(workspace, RECORDS)
        assert [] == leaks(office.folder, EVERYTHING, but={".vault"})
