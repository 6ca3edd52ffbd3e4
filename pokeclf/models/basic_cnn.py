"""The study's first network: three convolutions and two dense layers."""

from __future__ import annotations

from typing import Self

from torch import nn

from pokeclf.models.grid import GridNetwork


class BasicCNN(GridNetwork):
    """3 × (Conv3×3 → ReLU → MaxPool) with 32, 64 and 128 filters, then 256 dense units.

    Nearly all of its 29.6 M parameters sit in the first dense layer, which reads every cell of
    the last feature map at the study's 240 px: 30 × 30.

    Parameters
    ----------
    grid : side of the map that the dense layer reads.
    """

    def __init__(self, num_classes: int, grid: int = 30) -> None:
        body: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            body += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        head = [
            nn.Linear(128 * grid**2, 256),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(256, num_classes),
        ]
        super().__init__(body, head, grid)

    def coarse(self, grid: int) -> Self:
        """An untrained network whose dense layer reads 128 × grid × grid numbers."""
        return type(self)(self.head[-1].out_features, grid)

    def stages(self) -> list[nn.Module]:
        """Convolution, ReLU and pooling, three times; the last map is N × 128 × S/8 × S/8."""
        return [self.body[start : start + 3] for start in range(0, len(self.body), 3)]
