"""ResNet-18 (He et al. 2016) in timm's layout, whose weights are named as torchvision's."""

from __future__ import annotations

import timm
from torch import Tensor, nn

from pokeclf.models.network import Network


class ResNet18(Network):
    """ResNet-18 as ``body`` under the given head, which reads 512 pooled features."""

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        self.body = timm.create_model("resnet18", pretrained=False, num_classes=0)
        self.head = head

    def forward_features(self, x: Tensor) -> Tensor:
        """N × 3 × S × S → N × 512 × S/32 × S/32."""
        return self.body.forward_features(x)

    def pool(self, features: Tensor) -> Tensor:
        """Global average over positions."""
        return features.mean((2, 3))
