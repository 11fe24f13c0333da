"""The verifier as one file."""

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256

import pytest

from tests.packaging.conftest import ROOT
from tests.tamper.harness import told_ledger

TOOL = ROOT / "tests/tools/make_pyz.py"


@pytest.fixture(scope="module")
def pyz(tmp_path_factory):
    """The file as `make verifier.pyz` writes it."""
    path = tmp_path_factory.mktemp("pyz") / "verifier.pyz"
    subprocess.run([sys.executable, TOOL, path], check=True)
    return path


def test_another_copy_of_the_sources_makes_the_same_bytes(pyz, tmp_path):
    """Times, rights and order of the files in a checkout do not matter."""
    tools = tmp_path / "tests/tools"
    tools.mkdir(parents=True)
    shutil.copy(TOOL, tools)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    copied = sorted((ROOT / "verifier").rglob("*.py"), reverse=True)
    for source in copied:
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        os.utime(target, (1_000_000_000, 1_000_000_000))
    out = tmp_path / "again.pyz"

    subprocess.run([sys.executable, tools / "make_pyz.py", out], check=True)

    assert sha256(pyz.read_bytes()).digest() == sha256(out.read_bytes()).digest()


def test_it_holds_the_verifier_and_nothing_else_of_ours(pyz):
    """No writer, no test, no cache."""
    with zipfile.ZipFile(pyz) as file:
        names = set(file.namelist())

    assert {"__main__.py", "LICENSE"} == {n for n in names if "/" not in n}
    assert {"verifier"} == {n.split("/")[0] for n in names if "/" in n}


def test_it_verifies_from_another_folder(pyz, tmp_path):
    """Only the file is needed, wherever it lies."""
    ledger = told_ledger()
    path = ledger.write(tmp_path / "a.ledger")
    pins = [f"--root={key.vkey}" for key in ledger.roots]
    command = [sys.executable, "-I", pyz, path, *pins]

    ran = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True
    )

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "RESULT          L1 authentic" in ran.stdout


def test_without_cryptography(pyz, tmp_path):
    """What is missing is said in one line; it is no verdict on the ledger."""
    (tmp_path / "cryptography.py").write_text("raise ImportError")
    ran = subprocess.run(
        [sys.executable, pyz, "a.ledger"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert (2, "") == (ran.returncode, ran.stdout)
    assert ran.stderr == "error: the verifier needs cryptography: pip install it\n"
