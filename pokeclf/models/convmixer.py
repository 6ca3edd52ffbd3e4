"""ConvMixer (Trockman & Kolter 2022, "Patches Are All You Need?", section 2), as in the study."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pokeclf.models.network import ConvolutionalNetwork


class DepthwiseMix(nn.Module):
    """Mix positions: x + BN(ReLU(depthwise convolution of x)).

    The convolution leaves autocast: on a CPU its weight gradient is much slower in bfloat16 than
    in float32, and it holds about a tenth of a block's arithmetic.
    """

    def __init__(self, dim: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, kernel_size, groups=dim, padding="same")
        self.bn = nn.BatchNorm2d(dim)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            y = torch.relu(self.conv(x.float()))
        return x + self.bn(y).to(x.dtype)


class ConvMixer(ConvolutionalNetwork):
    """Patch embedding of 10 × 10 pixels, eight mixing blocks of 256 channels, global average.

    Only convolutions and a mean, so any input side that is a multiple of 10 will do.
    """

    def __init__(
        self, num_classes: int, dim: int = 256, depth: int = 8, patch: int = 10, kernel: int = 5
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, dim, patch, stride=patch), nn.ReLU(), nn.BatchNorm2d(dim)
        )
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(
                    DepthwiseMix(dim, kernel),
                    nn.Conv2d(dim, dim, 1),
                    nn.ReLU(),
                    nn.BatchNorm2d(dim),
                )
                for _ in range(depth)
            )
        )
        self.head = nn.Sequential(nn.Linear(dim, num_classes))

    def stages(self) -> list[nn.Module]:
        """The blocks, the first with the patch embedding; every map is N × 256 × S/10 × S/10."""
        return [nn.Sequential(self.stem, self.blocks[0]), *self.blocks[1:]]

    def pool(self, features: Tensor) -> Tensor:
        """Global average over positions."""
        return features.mean((2, 3))
