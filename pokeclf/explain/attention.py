"""Where a transformer's class token attends: raw, through all layers, and for one species."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pokeclf.explain.request import Request


def raw_attention(request: Request) -> np.ndarray:
    """Attention of the class token to each patch in one block, of one head or all merged.

    Returns
    -------
    float32 h × w, 0…1: the weights of Vaswani et al. 2017, equation 1.
    """
    matrices = _matrices(request, up_to=request.layer + 1)
    attention = matrices[request.layer]
    head = request.options.head
    merged = attention[head] if head is not None else _merge(attention, request.options.heads)
    return _on_grid(request, merged[0, 1:])


def attention_rollout(request: Request) -> np.ndarray:
    """Attention rollout (Abnar & Zuidema 2020, section 3).

    Attention matrices of all layers, each with the residual connection added as an identity and
    rows scaled to sum to 1, are multiplied; the class token's row tells how much of each patch
    reaches it. Heads are merged and the weakest weights dropped as the options say. Where the
    head reads the class token after several blocks, the map is the mean over them. It is the same
    for every species.

    Returns
    -------
    float32 h × w, at least 0.
    """
    options = request.options
    flow, reaching = None, []
    for attention in _matrices(request):
        merged = _discard(_merge(attention, options.heads), options.discard)
        mixed = merged + torch.eye(len(merged))
        mixed = mixed / mixed.sum(-1, keepdim=True)
        flow = mixed if flow is None else mixed @ flow
        reaching.append(flow[0, 1:])
    return _on_grid(
        request, torch.stack(reaching[-request.classifier.network.read_blocks :]).mean(0)
    )


def class_attention(request: Request) -> np.ndarray:
    """Gradient-weighted attention (Chefer, Gur & Wolf 2021, "Generic Attention-model
    Explainability", equations 5 and 6).

    In every block the attention is multiplied by the gradient of the species' logit, negative
    products are dropped and heads averaged; relevance starts as the identity and each block adds
    its part. Where the head reads several blocks, the map is the mean over them. Gradients of every
    block need most of a pass of their own through the transformer, the only method here that does.

    Returns
    -------
    float32 h × w, at least 0.
    """
    network = request.classifier.network
    steps = _steps(request)
    with torch.enable_grad():
        read = [step.end[:, :1].detach().requires_grad_() for step in steps[-network.read_blocks :]]
        features = torch.cat([network.body.norm(token) for token in read], 2)
        logit = network.forward_head(features)[0, request.species]
    gradients = _gradients(steps, torch.autograd.grad(logit, read))
    relevance = torch.eye(steps[-1].attention.shape[-1])
    reaching = []
    for step, gradient in zip(steps, gradients, strict=True):
        weighted = (gradient * step.attention.detach())[0].clamp(min=0).mean(0)
        relevance = relevance[: len(weighted)] + weighted @ relevance
        reaching.append(relevance[0, 1:])
    return _on_grid(request, torch.stack(reaching[-network.read_blocks :]).mean(0))


@dataclass(frozen=True)
class _Step:
    """One block with the graph of its parts, beginning at ``tokens``.

    What goes into it and comes out is known since the picture was classified, or from the block
    before, so that the last matrix of its perceptron, a third of its work, is left out.

    Attributes
    ----------
    tokens : what goes in, N × tokens × C.
    attention : N × heads × tokens × tokens; of the last block, the class token's row alone.
    middle : after the attention, with the residual connection.
    hidden : what the last matrix of the perceptron reads.
    """

    block: nn.Module
    tokens: Tensor
    attention: Tensor
    middle: Tensor
    hidden: Tensor

    @property
    def end(self) -> Tensor:
        """What comes out of the block."""
        return self.middle + self.block.ls2(self.block.mlp.fc2(self.hidden))


def _steps(request: Request) -> list[_Step]:
    """All blocks in their order."""
    blocks, known = request.classifier.network.body.blocks, request.observation.maps
    steps: list[_Step] = []
    for number, block in enumerate(blocks):
        if number < len(known):
            tokens = known[number].detach()
        else:
            with torch.no_grad():
                tokens = steps[-1].end
        steps.append(_step(block, tokens, first=not steps, last=block is blocks[-1]))
    return steps


@torch.enable_grad()
def _step(block: nn.Module, tokens: Tensor, first: bool, last: bool) -> _Step:
    tokens = tokens.detach().requires_grad_(not first)  # Nothing lies before the first block.
    attention, values = _attention(block.attn, block.norm1(tokens))
    if first:
        attention.requires_grad_()
    if last:  # Nobody reads what becomes of its patches.
        attention = attention[:, :, :1]
    through = tokens[:, :1] if last else tokens
    middle = through + block.ls1(_attend(block.attn, attention, values))
    mlp = block.mlp
    hidden = mlp.norm(mlp.act(mlp.fc1(block.norm2(middle))))
    return _Step(block, tokens, attention, middle, hidden)


def _gradients(steps: Sequence[_Step], at_ends: Sequence[Tensor]) -> list[Tensor]:
    """Of a number that depends on the class tokens after the last blocks, by every attention.

    Parameters
    ----------
    at_ends : its gradients by these class tokens, N × 1 × C each.
    """
    found: list[Tensor] = []
    flowing = torch.zeros_like(steps[-1].middle)
    reading = list(at_ends)
    for step in reversed(steps):
        if reading:
            flowing[:, :1] += reading.pop()
        # A layer scale is a diagonal matrix, which is its own transpose.
        by_hidden = step.block.ls2(flowing) @ step.block.mlp.fc2.weight
        wanted = [step.attention] + [step.tokens] * step.tokens.requires_grad
        gradient, *flowing_on = torch.autograd.grad(
            [step.middle, step.hidden], wanted, [flowing, by_hidden]
        )
        found.append(gradient)
        flowing = flowing_on[0] if flowing_on else flowing
    return found[::-1]


@torch.no_grad()
def _matrices(request: Request, up_to: int | None = None) -> list[Tensor]:
    """Attention of the first blocks: heads × tokens × tokens each.

    What goes into most blocks was kept when the picture was classified.
    """
    blocks = request.classifier.network.body.blocks[:up_to]
    inputs, matrices = list(request.observation.maps), []
    for number, block in enumerate(blocks):
        attention, values = _attention(block.attn, block.norm1(inputs[number]))
        matrices.append(attention[0])
        if number + 1 == len(inputs) < len(blocks):
            inputs.append(_after(block, inputs[number], attention, values))
    return matrices


def _attention(attention: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax of q·kᵀ of a timm attention module, N × heads × tokens × tokens, and the values that
    it weighs, N × heads × tokens × channels of a head.

    Computed here because the fused kernel, which the model keeps, never forms the matrix.
    """
    batch, count, _ = tokens.shape
    qkv = attention.qkv(tokens).view(batch, count, 3, attention.num_heads, attention.head_dim)
    q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    q, k = attention.q_norm(q), attention.k_norm(k)
    return (q * attention.scale @ k.transpose(-2, -1)).softmax(-1), v


def _after(block: nn.Module, tokens: Tensor, matrix: Tensor, values: Tensor) -> Tensor:
    """What a timm block makes of its tokens, given its attention."""
    tokens = tokens + block.ls1(_attend(block.attn, matrix, values))
    return tokens + block.ls2(block.mlp(block.norm2(tokens)))


def _attend(attention: nn.Module, matrix: Tensor, values: Tensor) -> Tensor:
    """What a timm attention module returns, given its matrix and values."""
    mixed = (matrix @ values).transpose(1, 2).flatten(2)
    return attention.proj(attention.norm(mixed))


def _merge(attention: Tensor, how: str) -> Tensor:
    """heads × tokens × tokens → tokens × tokens."""
    return {"mean": attention.mean, "max": attention.amax, "min": attention.amin}[how](0)


def _discard(attention: Tensor, share: float) -> Tensor:
    """Drop the weakest weights of a matrix, never the class token's to itself."""
    count = int(attention.numel() * share)
    if count == 0:
        return attention
    weakest = attention.flatten().topk(count, largest=False).indices
    kept = attention.flatten().index_fill(0, weakest, 0.0).view_as(attention)
    kept[0, 0] = attention[0, 0]
    return kept


def _on_grid(request: Request, patches: Tensor) -> np.ndarray:
    """Values of the patches where these lie in the picture."""
    grid = request.classifier.network.patch_grid(request.observation.inputs)
    return patches.view(grid).numpy()
