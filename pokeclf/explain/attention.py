"""Where a transformer's class token attends: raw, through all layers, and for one species."""

from __future__ import annotations

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
    block need a pass of their own through the transformer, the only method here that does.

    Returns
    -------
    float32 h × w, at least 0.
    """
    network = request.classifier.network
    body = network.body
    with torch.enable_grad():
        tokens = network.embed(request.observation.inputs)
        matrices, read = [], []
        for block in body.blocks:
            attention, values = _attention(block.attn, block.norm1(tokens))
            if block is body.blocks[-1]:  # Nobody reads what becomes of its patches.
                attention, tokens = attention[:, :, :1], tokens[:, :1]
            if not attention.requires_grad:
                attention.requires_grad_(True)
            matrices.append(attention)
            tokens = _after(block, tokens, attention, values)
            read.append(body.norm(tokens[:, :1]))
        features = torch.cat(read[-network.read_blocks :], 2)
        logit = network.forward_head(features)[0, request.species]
        gradients = torch.autograd.grad(logit, matrices)
    relevance = torch.eye(matrices[-1].shape[-1])
    reaching = []
    for attention, gradient in zip(matrices, gradients, strict=True):
        weighted = (gradient * attention.detach())[0].clamp(min=0).mean(0)
        relevance = relevance[: len(weighted)] + weighted @ relevance
        reaching.append(relevance[0, 1:])
    return _on_grid(request, torch.stack(reaching[-network.read_blocks :]).mean(0))


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
