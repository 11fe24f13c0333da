# ruff: noqa: N806 - tensor names end in their shape, in capitals
"""DP-SGD: what one row can change of the weights is bounded, and drowned in noise.

In each step every row is drawn by a chance of its own, its gradient is clipped to a
norm C, and normal noise of standard deviation sigma C is added to their sum, which is
then divided by the number of rows that are expected. What the optimizer makes of that
needs no row any more.

Rows go through the model one by one. So a gradient is exactly that of one row, whatever
the model is made of; nothing is hooked into it, and what its passes cost is counted as
in any other training.

Source: Abadi and others 2016, algorithm 1 (arXiv:1607.00133).
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from producers.training.draws import RATE_ONE_PPB, Draws
from producers.training.errors import TrainingError
from producers.training.gradients import Lot, forget
from producers.training.language import LanguageModel
from producers.training.packing import Rows
from producers.training.settings import Privacy

_PPM = 10**6


def private_gradients(
    model: LanguageModel,
    weights: Sequence[nn.Parameter],
    rows: Rows,
    *,
    batch: int,
    steps: int,
    privacy: Privacy,
    draws: Draws,
) -> Iterator[Lot]:
    """The noisy mean of clipped gradients of rows that chance chose.

    Args:
        model: what is trained.
        weights: those of it that training changes.
        rows: what it is trained on.
        batch: rows that are expected in a step.
        steps: how many steps there are.
        privacy: how far a gradient is clipped, and how much noise hides it.
        draws: where the choice and the noise come from.

    Raises:
        TrainingError: a gradient is no longer finite.
    """
    count = len(rows.input_NS)
    rate_ppb = sample_rate_ppb(count, batch=batch)
    clip_norm = privacy.clip_norm_ppm / _PPM
    deviation = privacy.noise_multiplier_ppm / _PPM * clip_norm
    for _ in range(steps):
        drawn, seeds = draws.chosen(count, rate_ppb), draws.seeds(count)
        # In 64 bits, or rounding could make a row's part longer than its norm.
        sums = [torch.zeros_like(one, dtype=torch.float64) for one in weights]
        nats = []
        # A step that goes through no model could not be metered. Where no row was
        # drawn, one goes through that adds nothing.
        for row in drawn or [0]:
            # Dropout must not depend on which other rows were drawn.
            torch.manual_seed(seeds[row])
            nats.append(_row_gradient(model, weights, rows, row))
            if drawn:
                _add_clipped(sums, weights, clip_norm)
        for weight, total in zip(weights, sums, strict=True):
            noise = draws.normal(total.numel()).view_as(total)
            noisy = total + deviation * noise
            weight.grad = (noisy / min(batch, count)).to(weight.dtype)
        yield Lot(
            rows=len(nats),
            sequence=rows.input_NS.shape[1],
            nats=math.fsum(nats) / len(nats),
            sample_rate_ppb=rate_ppb,
        )


def sample_rate_ppb(rows: int, *, batch: int) -> int:
    """The chance of a row to be drawn, 10^-9, rounded up: 1 .. 10^9.

    Args:
        rows: how many there are, at least 1.
        batch: how many are expected in a step, at least 1.
    """
    return min(RATE_ONE_PPB, -(-batch * RATE_ONE_PPB // rows))


def _row_gradient(
    model: LanguageModel, weights: Sequence[nn.Parameter], rows: Rows, row: int
) -> float:
    """Leave the gradient of one row on `weights`, and return its loss."""
    input_BS = rows.input_NS[row : row + 1].long()
    target_BS = rows.target_NS[row : row + 1].long()
    loss = model.loss(input_BS, target_BS)
    forget(weights)
    loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    return loss.item()


def _add_clipped(
    sums: Sequence[Tensor], weights: Sequence[nn.Parameter], clip_norm: float
) -> None:
    """Add a row's gradient over all weights, no longer than `clip_norm`."""
    # A weight that the row did not reach has none.
    found = [
        (total, weight.grad)
        for total, weight in zip(sums, weights, strict=True)
        if weight.grad is not None
    ]
    norm = math.hypot(
        *(torch.linalg.vector_norm(g, dtype=torch.float64).item() for _, g in found)
    )
    if not math.isfinite(norm):
        message = f"gradient of a row: expected a finite norm, found {norm}"
        raise TrainingError(message)
    factor = min(1.0, clip_norm / norm) if norm else 1.0
    for total, gradient in found:
        total.add_(gradient.double(), alpha=factor)
