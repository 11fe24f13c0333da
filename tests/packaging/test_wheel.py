"""The wheel holds what runs, and nothing else."""

import zipfile

import pytest

from tests.packaging.conftest import ROOT

PACKAGES = ("ledger", "producers", "verifier")


@pytest.fixture(scope="module")
def names(wheel):
    """Every file in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_top_level_is_the_three_packages_and_the_command(names):
    """No tests, no documents, no tools at the top level."""
    top = {name.split("/")[0] for name in names}

    assert {*PACKAGES, "cli.py"} == {
        name for name in top if not name.endswith(".dist-info")
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_in_the_wheel(names, package):
    """Modules, py.typed and data files of a package are all there."""
    files = {
        str(file.relative_to(ROOT))
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert f"{package}/py.typed" in files
    assert files == {name for name in names if name.startswith(f"{package}/")}


def test_rules_and_tables_are_data_files(names):
    """The TOML files that the code reads are in the wheel."""
    assert {
        "ledger/rules/eu_gpai_2025_11_19.toml",
        "producers/ingest/licences.toml",
        "producers/optout/vocabulary/basket.toml",
    } <= names


def test_the_licence_is_in_the_wheel(names):
    """Whoever gets the wheel gets the licence."""
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
