"""A good bundle, made once; tests tamper with copies."""

import shutil
from types import SimpleNamespace

import pytest

from tests.unit.bundle.samples import Workspace, run_submissions


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """A workspace with a good run, and its bundle. Not to be changed."""
    base = tmp_path_factory.mktemp("good")
    workspace = Workspace(base / "acme")
    workspace.append(run_submissions())
    workspace.bundle(base / "bundle")
    return SimpleNamespace(workspace=workspace, bundle=base / "bundle")


@pytest.fixture
def bundle(good, tmp_path):
    """A copy of the good bundle, to tamper with."""
    return shutil.copytree(good.bundle, tmp_path / "bundle")


@pytest.fixture
def root_keys(good):
    """What the auditor pins."""
    return [good.workspace.root_key]


@pytest.fixture
def ci_key(good):
    """The stolen ci key."""
    return good.workspace.ci_key
