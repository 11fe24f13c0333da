"""Merkle proofs and roots of transparency-dev/merkle."""

import json
from base64 import b64decode
from dataclasses import dataclass

import pytest

from ledger.format import tree as ledger_tree
from verifier.format import tree


@dataclass
class VerifierTree:
    """The verifier's side."""

    def accepts_inclusion(self, **proof) -> bool:
        try:
            tree.check_inclusion(**proof)
        except tree.ProofError:
            return False
        return True

    def accepts_consistency(self, **proof) -> bool:
        try:
            tree.check_consistency(**proof)
        except tree.ProofError:
            return False
        return True

    def root(self, items: list[bytes]) -> bytes:
        return tree.root_of(items)


@dataclass
class WriterTree:
    """The writer's side."""

    def accepts_inclusion(self, *, index, size, leaf, proof, root) -> bool:
        found = ledger_tree.root_from_inclusion(
            index=index, size=size, leaf=leaf, path=proof
        )
        return found is not None and found == root

    def accepts_consistency(
        self, *, size_old, root_old, size_new, root_new, proof
    ) -> bool:
        found = ledger_tree.roots_from_consistency(
            old_size=size_old, new_size=size_new, old_root=root_old, proof=proof
        )
        return found == (root_old, root_new)

    def root(self, items: list[bytes]) -> bytes:
        return ledger_tree.root_hash([ledger_tree.leaf_hash(item) for item in items])


IMPLEMENTATIONS = [VerifierTree(), WriterTree()]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda side: type(side).__name__)
def side(request):
    return request.param


@pytest.mark.cases("merkle-inclusion.json")
def test_inclusion(case, side):
    """A proof is accepted exactly when the case says so."""
    accepted = side.accepts_inclusion(
        index=case["leafIdx"],
        size=case["treeSize"],
        leaf=b64decode(case["leafHash"] or ""),
        proof=[b64decode(item) for item in case["proof"] or []],
        root=b64decode(case["root"] or ""),
    )

    assert (not case["wantErr"]) == accepted


@pytest.mark.cases("merkle-consistency.json")
def test_consistency(case, side):
    """A proof is accepted exactly when the case says so."""
    accepted = side.accepts_consistency(
        size_old=case["size1"],
        root_old=b64decode(case["root1"] or ""),
        size_new=case["size2"],
        root_new=b64decode(case["root2"] or ""),
        proof=[b64decode(item) for item in case["proof"] or []],
    )

    assert (not case["wantErr"]) == accepted


@pytest.mark.parametrize("size", range(9))
def test_roots(cases_dir, side, size):
    """The root over the first inputs is the published one."""
    case = json.loads((cases_dir / "rfc6962-roots.json").read_text("utf-8"))
    items = [bytes.fromhex(item) for item in case["leaf_inputs_hex"][:size]]

    assert case["root_hash_by_tree_size_hex"][size] == side.root(items).hex()
