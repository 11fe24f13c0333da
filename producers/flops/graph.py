"""A decoder as the matrix products that it executes, in forward order.

A block is a small graph. Its nodes read the residual stream or one another, so that
what needs a gradient follows from the graph and not from a rule of thumb.
"""

from dataclasses import dataclass
from typing import Final

STREAM: Final = "stream"
"""What a node reads that reads the input of its block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A weight matrix that multiplies every token.

    Attributes:
        name: unique in its block; its last part is the module's name.
        reads: the nodes whose values it multiplies.
        size_in: elements of its input.
        size_out: elements of its output.
        times: rows that it multiplies for each token: 1, or k where a router sends
            each token to k experts.
        copies: matrices of which a token meets `times`; 1, or the number of experts.
        adaptable: whether it is a linear layer that an adapter can wrap.
    """

    name: str
    reads: tuple[str, ...]
    size_in: int
    size_out: int
    times: int = 1
    copies: int = 1
    adaptable: bool = True

    def is_called(self, target: str) -> bool:
        """Whether an adapter's target means this module: a suffix at a full stop."""
        return f".{self.name}".endswith(f".{target}")

    @property
    def weights(self) -> int:
        """Elements of all its matrices."""
        return self.copies * self.size_in * self.size_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Scores and mix of all heads: Q K^T and P V, over all S x S pairs.

    Attributes:
        name: name of its value.
        query: the node that makes the queries; one node may make all three.
        key: the node that makes the keys.
        value: the node that makes the values.
        width: heads times elements of a head. Key heads that several query heads share
            change nothing: each query head multiplies with its own or a shared one.
    """

    name: str
    query: str
    key: str
    value: str
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A value without a matrix product: a sum, a gate, a weighting.

    Attributes:
        name: name of the value.
        reads: the nodes that it depends on.
    """

    name: str
    reads: tuple[str, ...]


Node = Product | Attention | Join


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One transformer block; its last node is the stream that it hands on.

    Attributes:
        nodes: in forward order.
        last_is_saved: whether something behind the last product saves that product's
            result for the backward pass (a norm, a dropout, a weighting), so that a
            recomputation cannot stop in front of it.
    """

    nodes: tuple[Node, ...]
    last_is_saved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoder:
    """A causal language model.

    Attributes:
        model_type: the family, as the configuration names it.
        blocks: in forward order.
        head: the output head, tied or not.
        embedding_weights: elements of the embeddings, the head's own left out if tied.
        context: positions that the configuration declares.
        notes: what was assumed, one sentence each.
    """

    model_type: str
    blocks: tuple[Block, ...]
    head: Product
    embedding_weights: int
    context: int
    notes: tuple[str, ...] = ()

    @property
    def weights(self) -> int:
        """Elements of all matrices and embeddings; a tied head counts once.

        Norms and biases are left out: they are in no matrix product.
        """
        inside = sum(
            node.weights
            for block in self.blocks
            for node in block.nodes
            if isinstance(node, Product)
        )
        return inside + self.embedding_weights

    @property
    def weights_active(self) -> int:
        """The same with the experts that one token meets only."""
        idle = sum(
            (node.copies - node.times) * node.size_in * node.size_out
            for block in self.blocks
            for node in block.nodes
            if isinstance(node, Product)
        )
        return self.weights - idle
