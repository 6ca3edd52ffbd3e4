"""Vision transformers (Dosovitskiy et al. 2021) from timm, for any input size."""

from __future__ import annotations

import timm
from torch import Tensor, nn

from pokeclf.models.network import Network


class ViT(Network):
    """A timm vision transformer as ``body``; the head reads the class token.

    Position embeddings are stored for 224 px and interpolated to the grid of other inputs, whose
    side must be a multiple of 16.
    """

    def __init__(self, backbone: str, head: nn.Sequential) -> None:
        super().__init__()
        self.body = timm.create_model(
            backbone, pretrained=False, num_classes=0, dynamic_img_size=True
        )
        self.head = head

    def embed(self, x: Tensor) -> Tensor:
        """Patches, class token and positions: N × 3 × S × S → N × (1 + (S/16)²) × C."""
        body = self.body
        return body.norm_pre(body.patch_drop(body._pos_embed(body.patch_embed(x))))

    def forward_features(self, x: Tensor) -> Tensor:
        """N × 3 × S × S → N × (1 + (S/16)²) × C, the class token first."""
        return self._finish(self.forward_trunk(x))

    def forward_trunk(self, x: Tensor) -> Tensor:
        """The last block's input: after it only the class token reaches the logits."""
        return self.body.blocks[:-1](self.embed(x))

    def forward_tail(self, trunk: Tensor) -> Tensor:
        """Logits from the last block's input."""
        return self.forward_head(self._finish(trunk))

    def _finish(self, trunk: Tensor) -> Tensor:
        return self.body.norm(self.body.blocks[-1](trunk))

    def pool(self, features: Tensor) -> Tensor:
        """The class token."""
        return features[:, 0]


def width(backbone: str) -> int:
    """Number of channels of a timm vision transformer, without building it."""
    return {"vit_tiny_patch16_224": 192, "vit_base_patch16_224": 768}[backbone]
