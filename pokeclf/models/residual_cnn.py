"""The study's "Custom CNN Modern": four residual stages and three dense layers."""

from __future__ import annotations

from typing import Self

from torch import Tensor, nn
from torch.nn import functional as F

from pokeclf.models.grid import GridNetwork


class ResidualBlock(nn.Module):
    """Two Conv3×3 + BatchNorm, ReLU, and a shortcut (He et al. 2016, section 3.2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResidualCNN(GridNetwork):
    """Four stages of 64, 128, 256 and 512 channels, MaxPool after each, then 1024 → 512 dense.

    Two residual blocks a stage give the study's 129 M parameters, 118 M of them in the first
    dense layer, which reads every cell of the last feature map at the study's 240 px: 15 × 15.

    Parameters
    ----------
    grid : side of the map that the dense layer reads.
    """

    def __init__(self, num_classes: int, grid: int = 15) -> None:
        body: list[nn.Module] = []
        for inputs, outputs in ((3, 64), (64, 128), (128, 256), (256, 512)):
            body += [
                ResidualBlock(inputs, outputs),
                ResidualBlock(outputs, outputs),
                nn.MaxPool2d(2),
            ]
        head = [
            nn.Linear(512 * grid**2, 1024),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(1024, 512),
            nn.ReLU(),
            nn.Dropout(0.4),
            nn.Linear(512, num_classes),
        ]
        super().__init__(body, head, grid)

    def coarse(self, grid: int) -> Self:
        """An untrained network whose dense layer reads 512 × grid × grid numbers."""
        return type(self)(self.head[-1].out_features, grid)

    def stages(self) -> list[nn.Module]:
        """Two blocks and pooling, four times; the last map is N × 512 × S/16 × S/16."""
        return [self.body[start : start + 3] for start in range(0, len(self.body), 3)]
