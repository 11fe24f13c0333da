"""Closed forms: what a step costs, from the graph alone.

A multiply-accumulate is 2 FLOP. Matrix products only: elementwise operations, softmax,
norms, look-ups, dequantisation and the optimizer are left out, as is usual for model
FLOP (PaLM, appendix B, arXiv:2204.02311). Attention is counted over all S x S pairs,
padding as executed. Precision changes nothing: all operations count equally (Commission
guidelines C(2025) 5045 final, paragraph 125), so a 4-bit base costs what its full one
does.

Nothing here imports a tensor library or looks at a running model: it is derived from
the chain rule, for Y = X W: dX = dY W^T and dW = X^T dY.
"""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.errors import InputError
from producers.flops.cost import Cost, StepCost
from producers.flops.graph import (
    STREAM,
    Attention,
    Block,
    Decoder,
    Join,
    Node,
    Product,
)

ALL_LINEAR: Final = "all-linear"
"""The target that stands for every linear layer of the blocks, the head not."""

RANK_MAX: Final = 65_536

Checkpointing = Literal["none", "reentrant", "non-reentrant"]
AttentionKernel = Literal["fused", "eager"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank adapters on a frozen base: W x + s B A x.

    Source: Hu and others, LoRA, section 4.1 (arXiv:2106.09685).

    Attributes:
        rank: columns of B and rows of A, 1 .. 65 536.
        targets: names of the modules that get one in every block, or `all-linear`.
    """

    rank: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the model is trained.

    Attributes:
        lora: the adapters; None trains all weights.
        checkpointing: which activations are kept: all, or the input of each block,
            with one of the two implementations of `torch.utils.checkpoint`.
        attention: `fused` kernels compute the scores again in their backward pass.
        input_gradients: whether activations need a gradient from the embeddings on,
            though these are frozen: libraries ask for it when they checkpoint adapters.
    """

    lora: Lora | None = None
    checkpointing: Checkpointing = "none"
    attention: AttentionKernel = "fused"
    input_gradients: bool = False


def count(decoder: Decoder, training: Training) -> StepCost:
    """What a step costs, by phase.

    Raises:
        InputError: an adapter's target or rank does not fit the model, or re-entrant
            checkpointing would cut off all gradients.
    """
    lora = training.lora
    if lora is not None:
        _check(decoder, lora)
    is_flowing = lora is None or training.input_gradients
    if training.checkpointing == "reentrant" and not is_flowing:
        message = (
            "re-entrant checkpointing of adapters: expected input gradients, found none"
        )
        raise InputError(message)
    forward = backward = recompute = reference = Cost()
    for block in decoder.blocks:
        count_block = _Block(block, training, is_flowing=is_flowing)
        forward += count_block.forward()
        reference += _sum([node_cost(node) for node in block.nodes])
        backward += count_block.backward()
        recompute += count_block.recompute()
        is_flowing = count_block.hands_gradient_on
    head = node_cost(decoder.head)
    trained = head * (lora is None) + head * is_flowing
    return StepCost(
        forward=forward + head,
        backward=backward + trained,
        recompute=recompute,
        inference=forward + head,
        reference=reference + head,
    )


def node_cost(node: Node) -> Cost:
    """Forward FLOP of a node without adapters."""
    match node:
        case Product(size_in=size_in, size_out=size_out, times=times):
            return Cost(token=2 * size_in * size_out * times)
        case Attention(width=width):
            return Cost(pair=4 * width)
        case Join():
            return Cost()


def adapted(node: Node, lora: Lora | None) -> bool:
    """Whether a node has an adapter."""
    return (
        lora is not None
        and isinstance(node, Product)
        and node.adaptable
        and (lora.targets == (ALL_LINEAR,) or any(map(node.is_called, lora.targets)))
    )


class _Block:
    """One block under one way of training."""

    def __init__(self, block: Block, training: Training, *, is_flowing: bool) -> None:
        self._block = block
        self._lora = training.lora
        self._training = training
        # Which values need a gradient, in forward order.
        self._needs = {STREAM: is_flowing}
        for node in block.nodes:
            trained = isinstance(node, Product) and (
                self._lora is None or adapted(node, self._lora)
            )
            self._needs[node.name] = trained or self._reads_gradient(node)

    @property
    def hands_gradient_on(self) -> bool:
        """Whether the stream behind the block needs a gradient."""
        return self._needs[self._block.nodes[-1].name]

    def forward(self) -> Cost:
        """Base and adapters."""
        return _sum([node_cost(n) + sum(self._adapter(n), Cost()) for n in self._nodes])

    def backward(self) -> Cost:
        """Every gradient that is needed, and no other."""
        return _sum([self._node_backward(node) for node in self._nodes])

    def recompute(self) -> Cost:
        """The block again, and the scores of a fused kernel.

        A re-entrant checkpoint runs the block again as a whole. The other one stops
        when the last tensor that the backward pass needs is there. That is the input of
        the last product, since a product saves its factors and not its result.
        """
        again = Cost()
        if self._training.checkpointing != "none":
            again = self.forward()
            is_short = self._training.checkpointing == "non-reentrant"
            if is_short and not self._block.last_is_saved:
                last = [node for node in self._nodes if isinstance(node, Product)][-1]
                # An adapter's second matrix is multiplied after the frozen one.
                unneeded = self._adapter(last)[1]
                if not adapted(last, self._lora):
                    unneeded = node_cost(last)
                again += unneeded * -1
        if self._training.attention == "fused":
            for node in self._nodes:
                if isinstance(node, Attention) and self._needs[node.name]:
                    again += Cost(pair=2 * node.width)
        return again

    @property
    def _nodes(self) -> tuple[Node, ...]:
        return self._block.nodes

    def _reads_gradient(self, node: Node) -> bool:
        if isinstance(node, Attention):
            return any(self._needs[x] for x in (node.query, node.key, node.value))
        return any(self._needs[name] for name in node.reads)

    def _adapter(self, node: Node) -> tuple[Cost, Cost]:
        """Forward FLOP of an adapter's two matrices."""
        if self._lora is None or not adapted(node, self._lora):
            return Cost(), Cost()
        assert isinstance(node, Product)  # noqa: S101 - only a product is adapted
        rank = self._lora.rank
        return Cost(2 * node.size_in * rank), Cost(2 * node.size_out * rank)

    def _node_backward(self, node: Node) -> Cost:
        match node:
            case Product():
                is_flowing = self._reads_gradient(node)
                down, up = self._adapter(node)
                own = node_cost(node)
                weights = own * (self._lora is None)
                # dA, dB and the gradient between them always; the one in front of A if
                # it has somewhere to go.
                return weights + own * is_flowing + down + up * 2 + down * is_flowing
            case Attention():
                return self._attention_backward(node)
            case Join():
                return Cost()

    def _attention_backward(self, node: Attention) -> Cost:
        """Four products, dV = P^T dO, dP = dO V^T, dQ = dS K, dK = dS^T Q, or some."""
        needs = [self._needs[name] for name in (node.query, node.key, node.value)]
        if self._training.attention == "fused":
            products = 4 * any(needs)  # a fused kernel has no way to leave one out
        else:
            products = sum(needs) + (needs[0] or needs[1])
        return Cost(pair=2 * node.width * products)


def _sum(costs: list[Cost]) -> Cost:
    return sum(costs, Cost())


def _check(decoder: Decoder, lora: Lora) -> None:
    if not 1 <= lora.rank <= RANK_MAX:
        message = f"lora rank: expected 1 .. {RANK_MAX}, found {lora.rank}"
        raise InputError(message)
    products = [
        node
        for block in decoder.blocks
        for node in block.nodes
        if isinstance(node, Product)
    ]
    fixed = [node for node in products if not node.adaptable]
    if lora.targets == (ALL_LINEAR,) and not fixed:
        return
    unfit = [
        target
        for target in lora.targets
        if any(node.is_called(target) for node in fixed)
        or not any(node.is_called(target) for node in products)
    ]
    if unfit or not lora.targets:
        fitting = {node.name for node in products if node.adaptable}
        message = (
            f"lora targets of {decoder.model_type}: expected names of "
            f"{', '.join(sorted(fitting))}, found {', '.join(unfit)[:256] or 'none'}"
        )
        raise InputError(message)
