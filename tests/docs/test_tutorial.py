"""Both tutorials, run from their first line to their last."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, missing_lines, steps

PAGE = "docs/tutorial.md"
PAGES = [PAGE, "docs/auditing.md"]
MARK = "@@ end of step"
SECONDS_MAX = 1200
"""What a tutorial may take: its commands train, and a busy machine has other work."""

DOCUMENTS = [
    "verify",
    "verify-bundle",
    "status",
    "shards",
    "summary",
    "erase",
    "log",
    "show",
]

pytestmark = pytest.mark.timeout(SECONDS_MAX + 60)


@pytest.fixture(scope="module", params=PAGES)
def told(request, tmp_path_factory):
    """Page, the folder that it leaves, and what each step printed.

    All steps share one shell, as they would for a reader.
    """
    if "openssl" in (ROOT / request.param).read_text("utf-8"):
        _need_openssl()
    folder = tmp_path_factory.mktemp("tutorial")
    script = "set -euo pipefail\n"
    script += "".join(f"{step}\necho '{MARK}'\n" for step, _ in steps(request.param))
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TUNELEDGER_")
    }
    environment["PATH"] = bin_folder + os.pathsep + environment["PATH"]
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    return request.param, folder, done.returncode, done.stdout.split(f"{MARK}\n")


def _need_openssl():
    """Skip where there is no program to make time stamps with."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")


def test_every_command_of_the_tutorial_runs(told):
    """The script ends well, and each step was reached."""
    page, _, code, printed = told

    assert (0, len(list(steps(page)))) == (code, len(printed) - 1), printed[-1]


def test_the_tutorial_prints_what_it_shows(told):
    """Each shown line is printed, in that order."""
    page, _, _, printed = told
    missing = [
        (line, output)
        for (_, shown), output in zip(steps(page), printed, strict=False)
        for line in missing_lines(shown, output)
    ]

    assert [] == missing


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_of_a_document_is_described(told, name):
    """The tutorial has each top-level field of a JSON document, and its schema."""
    page, folder, _, _ = told
    if page != PAGE:
        pytest.skip("documents are described on the first page")
    document = json.loads((folder / f"{name}.json").read_text())
    text = (ROOT / PAGE).read_text("utf-8")

    assert f"`{document['schema']}`" in text
    assert [] == [field for field in document if f"`{field}`" not in text]
