"""Model FLOP of one training step, exact to the integer.

A multiply-accumulate is 2 FLOP. Matrix products only: elementwise operations, softmax,
norms, embedding look-ups and the optimizer are left out, as is usual for model FLOP
(PaLM, appendix B, arXiv:2204.02311). Attention is counted over all S x S pairs, as it
is executed; the causal mask does not halve it. Padding counts as executed. Nothing is
computed twice to save memory, so recomputation is zero.

No tensor library is needed: anybody who holds the recipe can repeat the arithmetic.
"""

from dataclasses import dataclass

from ledger.errors import InputError
from producers.training.recipe import VOCABULARY, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFlop:
    """FLOP of one step by phase.

    Attributes:
        forward: the forward pass.
        backward: gradients of trainable weights, and of the activations on the way.
    """

    forward: int
    backward: int


def step_flop(settings: Settings, *, batch: int, sequence: int) -> StepFlop:
    """FLOP of one optimizer step on a batch of (`batch`, `sequence`) tokens.

    Every matrix product of n x m x p costs 2 n m p, forward. Backward costs the same
    once for the gradient of each factor that needs one. With adapters the frozen
    matrices need no weight gradient, and nothing in front of the first adapter needs
    an activation gradient.

    Args:
        settings: the architecture, and which weights are trained.
        batch: sequences in the batch, at least 1.
        sequence: positions in each, padding included, 1 .. context.

    Returns:
        Exact counts (not FLOP/s).

    Raises:
        InputError: the shape is out of range.

    Source: Kaplan and others, section 2.1 (arXiv:2001.08361) for the forward terms;
    the chain rule for Y = X W, dX = dY W^T and dW = X^T dY, for the backward ones.
    """
    architecture, lora = settings.architecture, settings.lora
    if batch < 1 or not 1 <= sequence <= architecture.context:
        message = (
            f"batch shape: expected at least 1 x 1 .. {architecture.context}, "
            f"found {batch} x {sequence}"
        )
        raise InputError(message)
    tokens = batch * sequence
    # Q K^T and P V cost the same; all heads together are as wide as the model.
    product = 2 * tokens * sequence * architecture.width
    forward = backward = 0
    # Whether a gradient must flow back through the activation at this point. In full
    # training it must from the start, down to the embeddings.
    flows = lora is None
    for _ in range(architecture.layers):
        for name, size_in, size_out in architecture.matrices():
            cost = 2 * tokens * size_in * size_out
            forward += cost
            backward += cost * (lora is None) + cost * flows
            if lora is not None and name in lora.targets:
                down = 2 * tokens * size_in * lora.rank
                up = 2 * tokens * lora.rank * size_out
                forward += down + up
                # dA, dB and the gradient between them always; the one before A if it
                # has somewhere to flow.
                backward += down + 2 * up + down * flows
                flows = True
            if name == "qkv":
                forward += 2 * product
                backward += 4 * product * flows
    head = 2 * tokens * architecture.width * VOCABULARY
    return StepFlop(
        forward=forward + head,
        backward=backward + head * (lora is None) + head * flows,
    )
