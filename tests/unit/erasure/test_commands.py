"""The commands of erasures, typed."""

import json
import stat

import pytest

from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.erasure.asked import train_whole
from tests.unit.workspace.office import PEOPLE, jsonl, letter, record


@pytest.fixture
def shell(capsys, trained):
    """Commands on a trained office."""
    return Shell(capsys, trained.folder)


@pytest.fixture
def notice(tmp_path):
    """A letter."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear person")
    return path


def opened(shell):
    """The id of a request that was opened."""
    return shell.w("erasure", "open", "s-1", "--json").json()["erasure_id"]


def test_what_if_for_a_person_to_read(shell):
    """Records, shards, runs and tokens; exit code 0."""
    ran = shell.w("erase", "--what-if", "s-1")

    assert 0 == ran.code
    assert "records    2" in ran.out
    assert "to train again" in ran.out
    assert "for all shards" in ran.out


def test_what_if_as_json(shell):
    """The same as one document."""
    document = shell.w("erase", "--what-if", "s-1", "--json").json()

    assert "tuneledger.erasure-preview/1" == document["schema"]
    assert 2 == len(document["records"])


def test_what_if_names_whole_models(shell, trained):
    """They are the dear part."""
    train_whole(trained)

    assert (
        "whole model, full retrain, 1000 tokens"
        in shell.w("erase", "--what-if", "s-1").out
    )


def test_open_then_erase(shell):
    """An open request waits with exit code 0; erased, it is certified."""
    erasure_id = opened(shell)
    document = shell.w("erase", "s-1", "--no-prove", "--json").json()

    assert erasure_id == document["erasure_id"]
    assert document["certificate"]


def test_a_request_before_its_plan(shell):
    """Nothing was counted yet: neither answer says that there are no records."""
    ran = shell.w("erasure", "open", "s-1")
    listed = shell.w("erasure", "list")

    assert "not planned yet" in ran.out
    assert "open, not planned yet, due" in listed.out


def test_an_erasure_by_the_id_that_the_list_shows(shell):
    """Its beginning is enough; fewer characters are not."""
    erasure_id = opened(shell)
    shown = shell.w("erasure", "list").out.split()[1]
    ran = shell.w("erasure", "show", shown, "--json")

    assert (erasure_id, True) == (ran.json()["erasure_id"], shown != erasure_id)
    check_one_error(
        shell.w("erasure", "show", shown[:7]), 2, f"unknown erasure '{shown[:7]}'"
    )


def test_a_fenced_person_is_to_be_left_out(shell, tmp_path):
    """No site is to blame."""
    shell.w("erasure", "open", PEOPLE["jane"])
    new = jsonl([record("new", "A new text.", "jane")])
    ran = shell.w("ingest", write(tmp_path / "in", new))

    assert 3 == ran.code
    assert "next: 1 record of persons who were erased, or asked to be" in ran.err
    assert "tuneledger scan" not in ran.err


def test_request_extend_and_show(shell, notice):
    """By the controller's own reference."""
    shell.w("erasure", "open", "s-1", "--request", "DSR-7")
    ran = shell.w(
        "erasure", "extend", "DSR-7", "--reason", "complexity", "--notice", notice
    )
    assert 0 == ran.code, ran.err
    shown = shell.w("erasure", "show", "DSR-7", "--json").json()

    assert ("complexity", ["DSR-7"]) == (shown["extended"], shown["requests"])


def test_restrict_lift_refuse(shell, notice):
    """One after the other; the status says each."""
    erasure_id = opened(shell)
    ran = shell.w("erasure", "restrict", erasure_id, "--cause", "legal_claims")
    assert "restricted; shards that serve clean weights" in ran.out
    assert "RESTRICTED (legal_claims)" in shell.w("status").out
    check_one_error(shell.w("erase", "s-1"), 8, "is restricted (legal_claims)")
    assert 0 == shell.w("erasure", "lift", erasure_id, "--notice", notice).code
    refuse = ["erasure", "refuse", erasure_id, "--ground", "expression"]
    assert "refused: expression" in shell.w(*refuse, "--notice", notice).out

    assert "refused (expression)" in shell.w("erasure", "list").out


def test_measure_is_named_as_no_erasure(shell, notice):
    """Wherever it is printed."""
    erased = shell.w("erase", "s-1", "--no-retrain", "--json").json()
    ran = shell.w(
        "erasure",
        "measure",
        erased["erasure_id"],
        "output_filter",
        *("--evidence", notice, "--until", "2030-01-31"),
    )

    assert "output_filter: an interim measure, not erasure" in ran.out
    assert "interim, not erasure: output_filter" in shell.w("status").out
    assert "not erasure" in shell.w("erasure", "show", erased["erasure_id"]).out


def test_recipients_and_notify(shell):
    """Noted, listed, told."""
    assert 0 == shell.w("recipient", "add", "Acme Ltd", "--records").code
    assert "Acme Ltd  records" in shell.w("recipient", "list").out
    erased = shell.w("erase", "s-1", "--no-retrain", "--json").json()
    ran = shell.w("erasure", "notify", erased["erasure_id"], "--told", "Acme Ltd")

    assert "1 of 1 told, 0 could not be\n" == ran.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["recipient", "add", "Acme"], "expected one of --run RUN and --records"),
        (["recipient", "add", "A", "--run", "r"], "expected the id of a run"),
        (["erase"], "expected a SUBJECT, or --from FILE"),
        (["erase", "s-1", "--from", "x"], "expected a SUBJECT, or --from FILE"),
        (["erase", "s-1", "--received", "2999-01-01"], "--received: expected a day"),
        (["erasure", "show", "nothing"], "unknown erasure 'nothing'"),
        (["subject", "show", "nobody@nowhere.example"], "unknown subject"),
    ],
    ids=["nothing-handed", "no-run", "nobody", "twice", "future", "show", "subject"],
)
def test_refused(shell, arguments, text):
    """One line, exit code 2, and nobody's identifier in it."""
    ran = shell.w(*arguments)

    check_one_error(ran, 2, text)
    assert "nowhere" not in ran.err


def test_a_list_of_people(shell, tmp_path):
    """One subject a line; blank lines and the second time are nothing."""
    path = tmp_path / "people.txt"
    path.write_text(f"s-1\n\n{PEOPLE['eve']}\ns-1\n")
    ran = shell.w("erase", "--from", path, "--no-retrain", "--json")

    assert 4 == ran.code
    assert 3 == ran.json()["records"]


@pytest.mark.parametrize(
    ("content", "text"), [(b"\n \n", "found none"), (b"\xff", "expected UTF-8")]
)
def test_a_list_that_is_refused(shell, tmp_path, content, text):
    """Before anybody is fenced."""
    path = tmp_path / "people.txt"
    path.write_bytes(content)

    check_one_error(shell.w("erase", "--from", path), 2, text)


def test_subject_show(shell):
    """Texts in clear, on the terminal."""
    ran = shell.w("subject", "show", "s-1")

    assert letter("jane") in ran.out
    assert "model" in ran.out


def test_subject_show_into_a_file(shell, tmp_path):
    """Readable by its owner only; never overwritten."""
    path = tmp_path / "jane.json"
    ran = shell.w("subject", "show", "s-1", "--out", path)

    assert 0 == ran.code, ran.err
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 2 == len(json.loads(path.read_bytes())["records"])
    assert 8 == shell.w("subject", "show", "s-1", "--out", path).code


def test_residue_is_exit_code_4(shell, trained):
    """One line names the file."""
    (trained.folder / "artifacts" / "sent.txt").write_text(PEOPLE["jane"])
    ran = shell.w("erase", "s-1", "--no-prove")

    assert 4 == ran.code
    assert "an identifier stands in 1 files: artifacts/sent.txt" in ran.err


def test_retrain_deletes_models_when_asked(shell, trained):
    """Not before."""
    train_whole(trained)
    assert 4 == shell.w("erase", "s-1", "--no-prove").code
    assert 4 == shell.w("retrain").code

    assert 0 == shell.w("retrain", "--delete-models").code
