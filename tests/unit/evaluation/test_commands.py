"""The command, typed: what it prints and how it exits."""

import pytest

pytest.importorskip("torch")

from producers.evaluation import outcome
from tests.unit.cli.shell import Shell, check_one_error

CANARY = b'{"prefix": "and ", "secret": "jane", "candidates": ["jane", "x", "y"]}\n'


@pytest.fixture
def shell(capsys, trained):
    """Commands on a trained office."""
    return Shell(capsys, trained.folder)


@pytest.fixture
def texts(tmp_path):
    """One canary."""
    path = tmp_path / "canaries.jsonl"
    path.write_bytes(CANARY)
    return str(path)


def test_held_out_loss_against_the_base(shell, tmp_path):
    """A line for what serves, and one for the base alone."""
    path = tmp_path / "held-out.txt"
    path.write_bytes(b"a text that nobody has trained on")

    ran = shell.w("evaluate", "--held-out", str(path), "--against", "base")

    serving, base = ran.out.splitlines()
    assert 0 == ran.code
    assert "nats a token  1 text" in serving
    assert "2 adapters averaged" in serving
    assert "averaged" not in base


def test_a_probe_as_json(shell, texts):
    """One document, with an evaluation a shard."""
    ran = shell.w("evaluate", "--probe", "exposure", "--texts", texts, "--json")

    document = ran.json()
    assert "tuneledger.evaluation/1" == document["schema"]
    assert [0, 1] == [one["shard"] for one in document["evaluations"]]
    assert {"measured"} == {one["outcome"] for one in document["evaluations"]}


@pytest.mark.parametrize(
    ("floor", "code", "said"),
    [(0, 0, "equal to never saw"), (10**9, 5, "inconclusive")],
    ids=["equal", "inconclusive"],
)
def test_a_comparison_exits_with_what_it_came_to(
    shell, texts, monkeypatch, floor, code, said
):
    """A value below the floor proves nothing, and exits with 5."""
    monkeypatch.setitem(outcome.FLOORS, "exposure", floor)
    given = ["--probe", "exposure", "--texts", texts]
    shell.w("evaluate", *given)
    erased = shell.w("erase", "s-1", "--json").json()

    ran = shell.w("evaluate", "--erasure", erased["erasure_id"], *given)

    assert code == ran.code
    assert said in ran.out


def test_a_value_that_differs_is_an_error(shell, texts, monkeypatch):
    """What was retrained must give what never saw gives, to the last digit."""
    monkeypatch.setattr("producers.evaluating.outcome", lambda *_: "differs")
    given = ["--probe", "verbatim", "--texts", texts]
    shell.w("evaluate", *given)
    erased = shell.w("erase", "s-1", "--json").json()

    ran = shell.w("evaluate", "--erasure", erased["erasure_id"], *given)

    assert 1 == ran.code
    assert "retrain --verify" in ran.err


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--probe", "min_k"],
        ["--texts", "t"],
        ["--held-out", "t", "--probe", "min_k", "--texts", "t"],
        ["--held-out", "t", "--erasure", "e"],
        ["--probe", "min_k", "--texts", "t", "--erasure", "e", "--against", "base"],
    ],
    ids=["nothing", "no-texts", "no-probe", "both", "loss-erased", "erased-against"],
)
def test_options_that_do_not_go_together(shell, options):
    """Usage, exit code 2; nothing is written."""
    ran = shell.w("evaluate", *options)

    check_one_error(ran, 2, "expected")
