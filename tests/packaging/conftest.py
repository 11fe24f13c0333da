"""Wheels of this tree, and environments that see only some distributions.

Nothing is downloaded: what an environment may import is copied from the running one,
file by file, as each distribution lists them.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: where it is.
    """

    folder: Path

    @property
    def python(self):
        return self.folder / "bin/python"

    @property
    def site_packages(self):
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, *command, cwd):
        """Run a command of this environment, with nothing of ours on the path."""
        unwanted = ("PYTHON", "TUNELEDGER_", "VIRTUAL_ENV")
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(unwanted)
        }
        return subprocess.run(
            [str(self.folder / "bin" / command[0]), *map(str, command[1:])],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def can_import(self, name):
        """Whether a module is there, by its own account."""
        return 0 == self.run("python", "-c", f"import {name}", cwd="/").returncode

    def install(self, wheel):
        """Install a wheel without what it depends on."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python)]
        subprocess.run(
            [*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
            check=True,
        )


def closure(names):
    """The distributions that `names` need, themselves included, without extras."""
    found, wanted = set(), list(names)
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return found


def copy_distribution(name, site_packages):
    """Copy the files that a distribution lists, those outside of it left out."""
    for file in metadata.files(name) or []:
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        target = site_packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.locate(), target)


@pytest.fixture(scope="session")
def environment_with(tmp_path_factory):
    """Make an environment that holds some distributions and what they need."""

    def make(*names):
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
        )
        environment = Environment(folder)
        for name in closure(names):
            copy_distribution(name, environment.site_packages)
        return environment

    return make


@pytest.fixture(scope="session")
def base_names():
    """The distributions of the base install, as pyproject.toml asks for them."""
    lines = [Requirement(line) for line in metadata.requires("tuneledger") or []]
    return [line.name for line in lines if line.marker is None]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(
        [sys.executable, "-m", *build, str(ROOT)], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def editable_wheel(tmp_path_factory):
    """The wheel that an editable install of this tree installs."""
    folder = tmp_path_factory.mktemp("editable")
    code = "import sys, hatchling.build as b; print(b.build_editable(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return folder / done.stdout.split()[-1]
