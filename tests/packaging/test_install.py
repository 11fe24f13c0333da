"""What each kind of install can do, and what it must not need."""

import json
import shutil

import pytest

from tests.packaging.conftest import ROOT

HEAVY = ("torch", "numpy", "safetensors", "httpx", "httpcore")
RECORD = {
    "id": "r1",
    "text": "Ada keeps bees.",
    "url": "",
    "licence": "CC-BY-4.0",
    "subjects": ["ada@example.org"],
}


@pytest.fixture(scope="module")
def installed(environment_with, base_names, wheel):
    """The wheel in an environment with the base dependencies only."""
    environment = environment_with(*base_names)
    environment.install(wheel)
    return environment


@pytest.fixture(scope="module")
def workspace(installed, tmp_path_factory):
    """A workspace that the base install made, and its root key."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "records.jsonl").write_text(json.dumps(RECORD) + "\n")
    made = installed.run("tuneledger", "init", "acme", cwd=folder)
    (folder / "acme.vkey").write_text(made.stdout)
    done = installed.run(
        "tuneledger", "ingest", "records.jsonl", "-w", "acme", cwd=folder
    )
    assert 0 == done.returncode, done.stderr
    return folder


@pytest.mark.parametrize("name", HEAVY)
def test_the_base_install_has_no_heavy_library(installed, name):
    """Neither a tensor nor a network library is there."""
    assert not installed.can_import(name)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("verify acme --root @acme.vkey", 0, id="verify"),
        pytest.param("verify acme", 7, id="verify-unpinned"),
        pytest.param("status -w acme --subjects", 0, id="status"),
        pytest.param("log -w acme", 0, id="log"),
        pytest.param("show 0.0 -w acme", 0, id="show"),
        pytest.param("train -w acme", 2, id="train-asks-for-its-extra"),
        pytest.param("scan -w acme http://localhost/", 2, id="scan-asks-for-its-extra"),
    ],
)
def test_the_base_install_runs(installed, workspace, command, code):
    """Reading commands work; those that need an extra say so in one line."""
    done = installed.run("tuneledger", *command.split(), cwd=workspace)

    assert code == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert "extra" in done.stderr
        assert 1 == done.stderr.count("\n")


def test_the_names_belong_to_this_distribution_alone(installed):
    """No other distribution of the base install has a top-level name of ours."""
    code = (
        "import importlib.metadata as m; found = m.packages_distributions();"
        "print(*[found[n] for n in ('cli', 'ledger', 'producers', 'verifier')])"
    )
    done = installed.run("python", "-c", code, cwd="/")

    assert " ".join(["['tuneledger']"] * 4) == done.stdout.strip()


def test_the_verifier_needs_cryptography_only(environment_with, workspace):
    """The copied folder verifies a ledger where nothing but cryptography is there."""
    environment = environment_with("cryptography")
    folder = environment.folder / "copied"
    shutil.copytree(
        ROOT / "verifier",
        folder / "verifier",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    ledger = workspace / "acme/acme.ledger"
    done = environment.run(
        "python",
        *("-m", "verifier", ledger, "--root", f"@{workspace / 'acme.vkey'}"),
        cwd=folder,
    )

    assert 0 == done.returncode, done.stderr
    assert "RESULT          L1 authentic" in done.stdout
    assert not any(map(environment.can_import, ("msgspec", "click", "ledger")))


def test_an_editable_install_works(
    environment_with, base_names, editable_wheel, workspace
):
    """The command of an editable install runs this tree."""
    environment = environment_with(*base_names)
    environment.install(editable_wheel)
    done = environment.run(
        "tuneledger", "verify", "acme", "--root", "@acme.vkey", cwd=workspace
    )
    where = environment.run("python", "-c", "import cli; print(cli.__file__)", cwd="/")

    assert 0 == done.returncode, done.stderr
    assert str(ROOT / "cli.py") == where.stdout.strip()
