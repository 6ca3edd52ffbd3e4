"""ResNet-18 (He et al. 2016) in timm's layout, whose weights are named as torchvision's."""

from __future__ import annotations

import timm
from torch import Tensor, nn

from pokeclf.models.network import ConvolutionalNetwork


class ResNet18(ConvolutionalNetwork):
    """ResNet-18 as ``body`` under the given head, which reads 512 pooled features."""

    def __init__(self, head: nn.Sequential) -> None:
        super().__init__()
        self.body = timm.create_model("resnet18", pretrained=False, num_classes=0)
        self.head = head

    def stages(self) -> list[nn.Module]:
        """The four groups of residual blocks, the first with the stem; N × 512 × S/32 × S/32."""
        body = self.body
        stem = nn.Sequential(body.conv1, body.bn1, body.act1, body.maxpool, body.layer1)
        return [stem, body.layer2, body.layer3, body.layer4]

    def pool(self, features: Tensor) -> Tensor:
        """Global average over positions."""
        return features.mean((2, 3))
