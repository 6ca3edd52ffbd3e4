"""Vision transformers (Dosovitskiy et al. 2021) from timm, for any input size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pokeclf.models.network import Network

WIDTHS: Mapping[str, int] = MappingProxyType(
    {"vit_tiny_patch16_224": 192, "vit_base_patch16_224": 768}
)
"""Channels of each transformer, so that a head can be built before it."""

READ_BLOCKS: Mapping[str, int] = MappingProxyType(
    {"vit_tiny_patch16_224": 7, "vit_base_patch16_224": 1}
)
"""From how many of the last blocks a deep head on the frozen transformer reads the class token.

Several blocks are read together, as Caron et al. 2021 (DINO) do for linear probes: the last block
of a transformer that keeps its ImageNet weights speaks of ImageNet's classes, the earlier ones of
shapes and colours. The study's ViT-B/16 reads its last block alone; the tiny one has a quarter
of its channels and was better with more blocks on the validation images.
"""


class ViT(Network):
    """A timm vision transformer as ``body``; the head reads the class token.

    Position embeddings are stored for 224 px and interpolated to the grid of other inputs, whose
    side must be a multiple of 16.

    Parameters
    ----------
    backbone : a key of :data:`WIDTHS`.
    read_blocks : the head reads the class tokens after so many of the last blocks, each
        normalised, one after the other.
    """

    def __init__(self, backbone: str, head: nn.Sequential, read_blocks: int = 1) -> None:
        super().__init__()
        self.body = timm.create_model(
            backbone, pretrained=False, num_classes=0, dynamic_img_size=True
        )
        self.head = head
        self.read_blocks = read_blocks

    def embed(self, x: Tensor) -> Tensor:
        """Patches, class token and positions: N × 3 × S × S → N × (1 + (S/16)²) × C."""
        body = self.body
        return body.norm_pre(body.patch_drop(body._pos_embed(body.patch_embed(x))))

    def patch_grid(self, x: Tensor) -> tuple[int, int]:
        """Rows and columns of the patches of N × 3 × H × W, whose tokens follow row by row."""
        return self.body.patch_embed.dynamic_feat_size(x.shape[-2:])

    @property
    def layers(self) -> tuple[str, ...]:
        """Before each block down to the first that is read: after it, patches lose influence."""
        blocks = len(self.body.blocks)
        return tuple(
            f"input of block {number} of {blocks}"
            for number in range(1, blocks - self.read_blocks + 2)
        )

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """Tokens before each block, the class token first: N × 3 × S × S → N × tokens × C."""
        tokens = self.embed(x)
        yield tokens
        for block in self.body.blocks[: len(self.layers) - 1]:
            tokens = block(tokens)
            yield tokens

    def forward_from(self, features: Tensor, layer: int) -> Tensor:
        """Logits, N × classes, from the tokens before a block."""
        first_read = len(self.body.blocks) - self.read_blocks
        return self.forward_head(self._read(self.body.blocks[layer:first_read](features)))

    def finish(self, trunk: Tensor) -> Tensor:
        """The class token alone, N × tokens × C → N × 1 × (blocks read · C)."""
        return self._read(trunk)

    def pool(self, features: Tensor) -> Tensor:
        """The class token."""
        return features[:, 0]

    def _read(self, tokens: Tensor) -> Tensor:
        *blocks, last = self.body.blocks[-self.read_blocks :]
        read = []
        for block in blocks:
            tokens = block(tokens)
            read.append(self.body.norm(tokens[:, :1]))
        read.append(self.body.norm(_class_token_after(last, tokens)))
        return torch.cat(read, 2)


def _class_token_after(block: nn.Module, tokens: Tensor) -> Tensor:
    """What a timm block makes of the class token: N × tokens × C → N × 1 × C.

    After the last block nobody reads the other tokens, so their queries and their way through the
    perceptron, most of the block's work, are left out.
    """
    attention, normed = block.attn, block.norm1(tokens)
    q_weight, kv_weight = attention.qkv.weight.split([tokens.shape[2], 2 * tokens.shape[2]])
    q_bias, kv_bias = attention.qkv.bias.split([tokens.shape[2], 2 * tokens.shape[2]])
    q = _heads(F.linear(normed[:, :1], q_weight, q_bias), attention)
    k, v = (_heads(each, attention) for each in F.linear(normed, kv_weight, kv_bias).chunk(2, 2))
    mixed = F.scaled_dot_product_attention(attention.q_norm(q), attention.k_norm(k), v)
    token = tokens[:, :1] + block.ls1(
        attention.proj(attention.norm(mixed.transpose(1, 2).flatten(2)))
    )
    return token + block.ls2(block.mlp(block.norm2(token)))


def _heads(projected: Tensor, attention: nn.Module) -> Tensor:
    """N × tokens × C → N × heads × tokens × channels of a head."""
    return projected.unflatten(2, (attention.num_heads, attention.head_dim)).transpose(1, 2)
