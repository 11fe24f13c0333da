"""A log of numbered leaves that signs whatever head it is asked for."""

from base64 import b64encode
from dataclasses import dataclass, field

from ledger.format import tree
from ledger.keys.files import SigningKey
from ledger.witness.request import write_request
from tests.unit.ledger.workshop import key

NOW_S = 1_790_000_000


@dataclass
class ToyLog:
    """One history of a log: `branch` differs from size `common` on.

    Attributes:
        origin: its name.
        branch: what the leaves after the common ones hold.
        common: how many leaves are the same in every branch.
    """

    origin: str = "example.org/toy"
    branch: str = "a"
    common: int = 0
    signer: SigningKey = field(init=False)

    def __post_init__(self):
        self.signer = key(self.origin)

    def leaves(self, size):
        """Leaf hashes; the common ones are the same in every branch."""
        names = ["" if place < self.common else self.branch for place in range(size)]
        return [
            tree.leaf_hash(f"{name} {place}".encode())
            for place, name in enumerate(names)
        ]

    def root(self, size):
        """The root at that size."""
        return tree.root_hash(self.leaves(size))

    def text(self, size, *, root=None, extra=""):
        """The checkpoint's text."""
        encoded = b64encode(self.root(size) if root is None else root).decode()
        return f"{self.origin}\n{size}\n{encoded}\n{extra}".encode()

    def note(self, size, **changes):
        """The signed checkpoint."""
        return self.signer.sign_note(self.text(size, **changes))

    def proof(self, old_size, size):
        """The consistency proof, empty where none is needed."""
        if old_size in (0, size):
            return []
        return tree.prove_consistency(old_size, self.leaves(size))

    def request(self, old_size, size, *, proof=None, **changes):
        """The body of an add-checkpoint request."""
        hashes = self.proof(old_size, size) if proof is None else proof
        return write_request(old_size, hashes, self.note(size, **changes))
