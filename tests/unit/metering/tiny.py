"""Small decoders written out, with all that the meter must tell apart."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

VOCABULARY = 32
CONFIG = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 64,
}
ROUTED = CONFIG | {
    "model_type": "mixtral",
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}


class Attention(nn.Module):
    """Grouped-query attention, as a fused kernel or as two products."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel
        self.q_proj = nn.Linear(16, 16, bias=False)
        self.k_proj = nn.Linear(16, 8, bias=False)
        self.v_proj = nn.Linear(16, 8, bias=False)
        self.o_proj = nn.Linear(16, 16, bias=False)

    def forward(self, x):
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, 4, 4).transpose(1, 2)
        k, v = (
            p(x).view(batch, length, 2, 4).transpose(1, 2).repeat_interleave(2, 1)
            for p in (self.k_proj, self.v_proj)
        )
        if self.kernel == "fused":
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            mask = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
            scores = (q @ k.transpose(2, 3) / 2).masked_fill(mask, -1e9)
            mixed = scores.softmax(-1) @ v
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, 16))


class Perceptron(nn.Module):
    """A gated perceptron."""

    def __init__(self):
        super().__init__()
        self.gate_proj = nn.Linear(16, 24, bias=False)
        self.up_proj = nn.Linear(16, 24, bias=False)
        self.down_proj = nn.Linear(24, 16, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Experts(nn.Module):
    """Four gated experts, of which each token meets the two that its router chooses."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(16, 4, bias=False)
        self.into = nn.Parameter(torch.randn(4, 16, 48) / 4)
        self.down = nn.Parameter(torch.randn(4, 24, 16) / 4)

    def forward(self, x):
        tokens = x.reshape(-1, 16)
        weights, chosen = self.gate(tokens).softmax(-1).topk(2)
        each = tokens.repeat_interleave(2, 0).unsqueeze(1)
        gate, up = (each @ self.into[chosen.flatten()]).chunk(2, -1)
        mixed = (functional.silu(gate) * up) @ self.down[chosen.flatten()]
        mixed = mixed.view(-1, 2, 16) * weights.unsqueeze(-1)
        return mixed.sum(1).view(x.shape)


class Block(nn.Module):
    """Attention and a perceptron, each on a normed branch."""

    def __init__(self, kernel, *, routed):
        super().__init__()
        self.attention_norm = nn.LayerNorm(16)
        self.attention = Attention(kernel)
        self.mlp_norm = nn.LayerNorm(16)
        self.mlp = Experts() if routed else Perceptron()

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class Tiny(nn.Module):
    """A decoder of two blocks."""

    def __init__(self, *, kernel="fused", routed=False, tied=False, mode="none"):
        super().__init__()
        self.mode = mode
        self.token = nn.Embedding(VOCABULARY, 16)
        self.blocks = nn.ModuleList(Block(kernel, routed=routed) for _ in range(2))
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, VOCABULARY, bias=False)
        self.input_gradients = False
        if tied:
            self.head.weight = self.token.weight

    def forward(self, input_ids, attention_mask=None, extra=None):
        x = self.token(input_ids)
        if self.input_gradients and torch.is_grad_enabled():
            x.requires_grad_(True)
        for block in self.blocks:
            if self.mode == "none" or not (self.training and torch.is_grad_enabled()):
                x = block(x)
            else:
                x = checkpoint(block, x, use_reentrant=self.mode == "reentrant")
        return self.head(self.norm(x))


class Adapted(nn.Module):
    """A frozen matrix and its low-rank update, which can be switched off."""

    is_on = True

    def __init__(self, frozen, rank):
        super().__init__()
        self.frozen = frozen
        self.down = nn.Linear(frozen.in_features, rank, bias=False)
        self.up = nn.Linear(rank, frozen.out_features, bias=False)

    def forward(self, x):
        if not self.is_on:
            return self.frozen(x)
        return self.frozen(x) + 2 * self.up(self.down(x))


def adapt(model, targets, rank=4):
    """Freeze the model and give the matrices of these names an adapter."""
    model.requires_grad_(False)
    for module in list(model.blocks.modules()):
        for name, child in list(module.named_children()):
            if name in targets and isinstance(child, nn.Linear):
                setattr(module, name, Adapted(child, rank))
    model.input_gradients = model.mode != "none"
    return model


def switch(model, *, is_on):
    """Switch all adapters on or off."""
    for module in model.modules():
        if isinstance(module, Adapted):
            module.is_on = is_on


def ids(batch, sequence):
    """Token ids of a shape."""
    return torch.arange(batch * sequence).view(batch, sequence) % VOCABULARY


def loss_of(logits):
    """A loss that every logit enters."""
    return logits.float().logsumexp(-1).sum()
