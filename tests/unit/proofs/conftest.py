"""Proofs of one workspace, made once; tests tamper with copies of their bytes."""

import pytest

from tests.unit.proofs.material import new_material


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    """A workspace with anchors. Not to be changed."""
    return new_material(tmp_path_factory.mktemp("proofs"))


@pytest.fixture(scope="session")
def receipt(material):
    """A receipt of one event of five, with a cosignature and a time stamp."""
    return material.receipt()
