"""Where a transformer's class token attends, through all layers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from pokeclf.classifier import Classifier, Observation


@torch.no_grad()
def attention_rollout(classifier: Classifier, observation: Observation, species: int) -> np.ndarray:
    """Attention rollout (Abnar & Zuidema 2020, section 3), heads averaged.

    Attention matrices of all layers, each with the residual connection added as an identity and
    rows scaled to sum to 1, are multiplied; the class token's row tells how much of each patch
    reaches it. Where the head reads the class token after several blocks, the map is the mean
    over them. It is the same whatever ``species`` is.

    Returns
    -------
    float32 h × w, at least 0.
    """
    network = classifier.network
    tokens = network.embed(observation.inputs)
    flow = torch.eye(tokens.shape[1])
    reaching = []
    for block in network.body.blocks:
        attention = attention_matrix(block.attn, block.norm1(tokens))[0].mean(0)
        mixed = attention + torch.eye(len(attention))
        flow = mixed / mixed.sum(-1, keepdim=True) @ flow
        reaching.append(flow[0, 1:])
        tokens = block(tokens)
    side = round((len(flow) - 1) ** 0.5)
    read = torch.stack(reaching[-network.read_blocks :]).mean(0)
    return read.view(side, side).numpy()


def attention_matrix(attention: nn.Module, tokens: Tensor) -> Tensor:
    """Softmax of q·kᵀ of a timm attention module: N × heads × tokens × tokens.

    Computed here because the fused kernel, which the model keeps, never forms the matrix.
    """
    batch, count, _ = tokens.shape
    qkv = attention.qkv(tokens).view(batch, count, 3, attention.num_heads, attention.head_dim)
    q, k, _ = qkv.permute(2, 0, 3, 1, 4)
    q, k = attention.q_norm(q), attention.k_norm(k)
    return (q * attention.scale @ k.transpose(-2, -1)).softmax(-1)
