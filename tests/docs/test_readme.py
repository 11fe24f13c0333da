"""The README's commands and its library example."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import PAGES, ROOT, blocks
from verifier import verify

MANAGERS = ("uv ", "pipx ")
"""Installers: tests/packaging makes what they would install."""

TRAINS = ("tuneledger train", "tuneledger models")
"""Left out here: the tutorial trains."""

RECORDS = """\
{"id": "r1", "text": "Ada keeps bees.", "url": "", "licence": "CC-BY-4.0", \
"subjects": ["ada@example.org"]}
"""


def run(command, folder, environment=None):
    """Run a shell command; stdout and stderr together."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def shell_lines(page):
    """Every line of the page's shell blocks."""
    return [
        line
        for block in blocks(page)
        if block.language == "sh"
        for line in block.text.splitlines()
    ]


def test_make_targets_exist():
    """Each `make TARGET` of a page, in text or block, is a target of the Makefile."""
    targets = set(
        re.findall(r"^([a-z.]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    used = set()
    for page in PAGES:
        text = page.read_text("utf-8")
        used |= set(re.findall(r"^make (?:[A-Z_]+=\S+ )?([a-z.]+)", text, re.MULTILINE))
        used |= set(re.findall(r"`make (?:[A-Z_]+=\S+ )?([a-z.]+)", text))

    assert used
    assert set() == used - targets


def test_the_commands_of_the_readme_run(tmp_path):
    """The five commands and the library example leave a ledger that verifies."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    (tmp_path / "records.jsonl").write_text(RECORDS)
    commands = [
        line
        for line in shell_lines("README.md")
        if not line.startswith(("make ", *TRAINS, *MANAGERS))
    ]
    done = run("\n".join(commands), tmp_path, environment)

    assert (0, 4) == (done.returncode, len(commands)), done.stdout
    assert "L1 authentic" in done.stdout

    example = next(b.text for b in blocks("README.md") if b.language == "python")
    (tmp_path / "example.py").write_text(example)
    done = run(f"{sys.executable} example.py", tmp_path, environment)
    root_key = (tmp_path / "acme.vkey").read_text().strip()
    report = verify(tmp_path / "acme/acme.ledger", root_keys=[root_key])

    assert 0 == done.returncode, done.stdout
    assert "L1" == report.verdict
    assert 2 == report.counts["type policy.adopted.v1"]
