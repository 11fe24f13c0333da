"""The options of `tuneledger verify` and `python -m verifier`, and what they print."""

import json
import sys

import pytest

import cli
from tests.unit.levels.office import Office, grow, small_ledger
from verifier.__main__ import main


@pytest.fixture(params=["tuneledger", "python -m verifier"])
def run(request, capsys):
    """Run either command line: exit code and standard output."""

    def by_click(*arguments):
        code = cli.invoke(["verify", *map(str, arguments)])
        return code, capsys.readouterr().out

    def by_argparse(*arguments):
        try:
            code = main([*map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().out

    return by_click if request.param == "tuneledger" else by_argparse


@pytest.fixture
def witnessed(office):
    """A ledger and policy whose anchors are of now, with L2 waived."""
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]').cosign(0, 1)
    office.write()
    office.policy_file()
    return office


def test_policy(run, witnessed):
    """`--policy` reaches the policy's own level."""
    folder = witnessed.folder
    code, out = run(folder / "acme.ledger", "--policy", folder / "trust.toml")

    assert 0 == code
    assert "RESULT          L3 witnessed (without timed)   exit 0" in out
    assert "POLICY " in out


def test_level_below_the_policy(run, witnessed):
    """`--level` overrides the policy's level."""
    witnessed.anchors.cosignatures.clear()
    path, folder = witnessed.write(), witnessed.folder
    code, out = run(path, "--policy", folder / "trust.toml", "--level", "1")

    assert (0, True) == (code, "NOTED           LV808" in out)


def test_level_without_a_policy(run, witnessed):
    """A level that nothing was given for is exit 7, and the next step is printed."""
    root = witnessed.ledger.roots[0].vkey
    code, out = run(witnessed.folder / "acme.ledger", "--root", root, "--level", "3")

    assert 7 == code
    assert "RESULT          L1 authentic   exit 7" in out
    assert "with [timestamps]" in out
    assert "with [witnesses]" in out


@pytest.mark.parametrize("level", ["-1", "5", "x"])
def test_level_out_of_range(run, witnessed, level):
    """Levels are 0 to 4."""
    assert 2 == run(witnessed.folder / "acme.ledger", f"--level={level}")[0]


def test_json(run, witnessed):
    """The document names the policy by SHA-256, the anchors and who gave them."""
    folder = witnessed.folder
    policy = folder / "trust.toml"
    _, out = run(folder / "acme.ledger", "--policy", policy, "--json")
    document = json.loads(out)

    assert ("L3", str(policy), 64) == (
        document["verdict"],
        document["policy"]["path"],
        len(document["policy"]["sha256"]),
    )
    assert ["w0.example.net", "w1.example.net"] == [
        anchor["who"] for anchor in document["anchors"]
    ]
    assert {"timed"} == set(document["waived"])


def test_pin_and_fork(run, tmp_path):
    """`--pin` remembers, then notices a fork and writes the proof to `--fork-out`."""
    office = Office(tmp_path)
    options = ("--root", office.ledger.roots[0].vkey, "--pin", tmp_path / "pins")
    first, _ = run(office.write(), *options)
    other = Office(tmp_path, grow(small_ledger(2), 2, seed="x"))
    proof = tmp_path / "fork.json"
    second, out = run(other.write(), *options, "--fork-out", proof)

    assert (0, 1, True) == (first, second, proof.exists())
    assert "FIRST BAD       checkpoint 3   LV822 VER-5" in out


@pytest.mark.parametrize("broken", ["policy", "pin"])
def test_mistakes_of_the_reader(run, witnessed, broken):
    """A malformed policy or pin store is exit 2."""
    folder = witnessed.folder
    (folder / "bad").write_text("x")
    code, _ = run(folder / "acme.ledger", f"--{broken}", folder / "bad", "--level=0")

    assert 2 == code


@pytest.mark.parametrize("jobs", ["0", "65", "x"])
def test_jobs_out_of_range(run, witnessed, jobs):
    """One to 64 processes."""
    assert 2 == run(witnessed.folder / "acme.ledger", f"--jobs={jobs}")[0]


def test_full_and_jobs_change_no_verdict(run, witnessed):
    """How the file is read does not change what is said of it."""
    path = witnessed.folder / "acme.ledger"
    root = ("--root", witnessed.ledger.roots[0].vkey)

    assert run(path, *root) == run(path, *root, "--full", "--jobs", "2")


def test_interpreter_without_the_package(witnessed, monkeypatch):
    """Without rfc3161-client a policy that asks for no time stamps works as ever."""
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    policy = witnessed.folder / "trust.toml"

    assert 0 == main([str(witnessed.folder / "acme.ledger"), "--policy", str(policy)])
