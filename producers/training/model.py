# ruff: noqa: N806 - tensor names end in their shape, in capitals
"""A small byte-level GPT with explicit attention, and its low-rank adapters.

Attention is written as two matrix products and not as a fused kernel: it is
deterministic, and what it costs can be counted.

Shape suffixes of tensor names:
    B  sequences in the batch
    S  positions in a sequence
    D  width of the residual stream
    H  heads
    E  width of one head, D / H
    V  vocabulary
"""

import math
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from ledger.errors import InputError
from producers.training.settings import VOCABULARY, Architecture, Lora, Settings

_INIT_STD: Final = 0.02  # Radford and others 2019, GPT-2, as in its released code


class Attention(nn.Module):
    """Causal multi-head self-attention."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.heads = architecture.heads
        self.qkv = _linear(architecture.width, 3 * architecture.width)
        self.out = _linear(architecture.width, architecture.width)
        size = (architecture.context, architecture.context)
        future_SS = torch.ones(size, dtype=torch.bool).triu(1)
        self.register_buffer("future_SS", future_SS, persistent=False)

    def forward(self, x_BSD: Tensor) -> Tensor:  # noqa: N803
        """Mix each position with those before it."""
        B, S, D = x_BSD.shape
        qkv_3BHSE = (
            self.qkv(x_BSD).view(B, S, 3, self.heads, D // self.heads)
        ).permute(2, 0, 3, 1, 4)
        q_BHSE, k_BHSE, v_BHSE = qkv_3BHSE.unbind(0)
        # Scaling the queries is S / E times cheaper than scaling the scores.
        q_BHSE = q_BHSE / math.sqrt(D // self.heads)
        score_BHSS = q_BHSE @ k_BHSE.transpose(-2, -1)
        future_SS = self.get_buffer("future_SS")[:S, :S]
        weight_BHSS = score_BHSS.masked_fill(future_SS, -math.inf).softmax(-1)
        mixed_BHSE = weight_BHSS @ v_BHSE
        mixed_BSD = mixed_BHSE.transpose(1, 2).reshape(B, S, D)
        result_BSD: Tensor = self.out(mixed_BSD)
        return result_BSD


class Block(nn.Module):
    """Attention and a two-layer perceptron, each on a normed residual branch."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.attention_norm = nn.LayerNorm(width, bias=False)
        self.attention = Attention(architecture)
        self.mlp_norm = nn.LayerNorm(width, bias=False)
        self.up = _linear(width, 4 * width)
        self.down = _linear(4 * width, width)

    def forward(self, x_BSD: Tensor) -> Tensor:  # noqa: N803
        """Add both branches to the stream."""
        x_BSD = x_BSD + self.attention(self.attention_norm(x_BSD))
        hidden = functional.relu(self.up(self.mlp_norm(x_BSD)))
        result_BSD: Tensor = x_BSD + self.down(hidden)
        return result_BSD


class ByteGpt(nn.Module):
    """The language model; the embedding is also the output head."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, architecture.width)
        self.position = nn.Embedding(architecture.context, architecture.width)
        self.blocks = nn.ModuleList(
            Block(architecture) for _ in range(architecture.layers)
        )
        self.norm = nn.LayerNorm(architecture.width, bias=False)
        self.gradient_checkpointing = False

    def forward(self, token_BS: Tensor) -> Tensor:  # noqa: N803
        """Logits of the next token at every position, (B, S, V)."""
        positions_S = torch.arange(token_BS.shape[1], device=token_BS.device)
        x_BSD = self.token(token_BS) + self.position(positions_S)
        for block in self.blocks:
            x_BSD = self._through(block, x_BSD)
        return functional.linear(self.norm(x_BSD), self.token.weight)

    def _through(self, block: nn.Module, x_BSD: Tensor) -> Tensor:  # noqa: N803
        """A block's output, whose inside is kept, or computed again when needed."""
        if self.gradient_checkpointing and torch.is_grad_enabled():
            # No block draws from chance, so there is no state of it to put back.
            again: Tensor = checkpoint(
                block, x_BSD, use_reentrant=False, preserve_rng_state=False
            )
            return again
        result: Tensor = block(x_BSD)
        return result


class LoraLinear(nn.Module):
    """A frozen matrix and its trainable low-rank update, B A x scaled.

    Source: Hu and others, LoRA, section 4.1 (arXiv:2106.09685): A random, B zero, so
    that a new adapter changes nothing.
    """

    def __init__(self, frozen: nn.Linear, lora: Lora) -> None:
        super().__init__()
        self.frozen = frozen
        self.lora_a = nn.Parameter(torch.zeros(lora.rank, frozen.in_features))
        self.lora_b = nn.Parameter(torch.zeros(frozen.out_features, lora.rank))
        self.scale = lora.alpha / lora.rank

    def forward(self, x: Tensor) -> Tensor:
        """The frozen product plus the scaled update."""
        # Between A and B the activation is at its narrowest, so scaling is cheapest.
        narrow = self.scale * functional.linear(x, self.lora_a)
        result: Tensor = self.frozen(x) + functional.linear(narrow, self.lora_b)
        return result


def make_base(architecture: Architecture, *, seed: int) -> ByteGpt:
    """A new model whose weights follow from `seed` (0 .. 2^64 - 1) alone."""
    model = ByteGpt(architecture)
    generator = torch.Generator().manual_seed(seed)
    # Branch outputs add up over the layers; their scale keeps the sum's variance flat.
    branch_std = _INIT_STD / math.sqrt(2 * architecture.layers)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2:
                is_branch = name.endswith(("out.weight", "down.weight"))
                std = branch_std if is_branch else _INIT_STD
                weight.normal_(0.0, std, generator=generator)
    return model


def load_base(architecture: Architecture, tensors: dict[str, Tensor]) -> ByteGpt:
    """The model with given weights.

    Raises:
        InputError: names or shapes are not those of `architecture`.
    """
    model = ByteGpt(architecture)
    _load(model, tensors, expected=dict(model.named_parameters()))
    return model


def add_adapter(model: ByteGpt, settings: Settings, *, seed: int) -> None:
    """Freeze `model` and give its target matrices a new adapter drawn from `seed`.

    Raises:
        InputError: the settings have no adapter.
    """
    architecture = settings.architecture
    if settings.lora is None or not isinstance(architecture, Architecture):
        message = "adapter: expected settings of the byte-level GPT with lora"
        raise InputError(message)
    model.requires_grad_(requires_grad=False)
    generator = torch.Generator().manual_seed(seed)
    for block in cast("list[Block]", model.blocks):
        for name, size_in, _ in architecture.matrices():
            if name not in settings.lora.targets:
                continue
            owner = block.attention if name in {"qkv", "out"} else block
            adapted = LoraLinear(getattr(owner, name), settings.lora)
            bound = 1 / math.sqrt(size_in)
            with torch.no_grad():
                adapted.lora_a.uniform_(-bound, bound, generator=generator)
            setattr(owner, name, adapted)


def load_adapter(model: ByteGpt, tensors: dict[str, Tensor]) -> None:
    """Put given weights into the adapter of `model`.

    Raises:
        InputError: names or shapes are not those of the adapter.
    """
    _load(model, tensors, expected=trainable(model))


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that training changes: the adapter if there is one, else all."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _load(
    model: nn.Module, tensors: dict[str, Tensor], expected: dict[str, nn.Parameter]
) -> None:
    found_shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if found_shapes != {name: p.shape for name, p in expected.items()}:
        message = (
            f"weights do not fit the architecture: expected {len(expected)} tensors "
            f"of its names and shapes, found {len(tensors)}"
        )
        raise InputError(message)
    model.load_state_dict(tensors, strict=False)


def _linear(size_in: int, size_out: int) -> nn.Linear:
    return nn.Linear(size_in, size_out, bias=False)
