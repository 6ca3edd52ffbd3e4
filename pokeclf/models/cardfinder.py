"""A small network that finds trading cards in a picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 192
"""Side of the square input in pixels."""
CELLS = 12
"""Side of the grid of places where a card's centre may lie."""


class CardFinder(nn.Module):
    """For each cell of a grid: does a card's centre lie here, and where are its corners?

    Objects as points with regressed corners, after Zhou et al. 2019, "Objects as Points"; 1.3 M
    parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_halved(3, 16), *_halved(16, 32), Residual(32), *_halved(32, 64), Residual(64),
            *_halved(64, 96), Residual(96), Residual(96), Residual(96),
        )  # fmt: skip
        self.context = nn.Sequential(*_halved(96, 128), Residual(128), nn.Upsample(scale_factor=2))
        self.head = nn.Sequential(
            nn.Conv2d(96 + 128, 96, 3, padding=1, bias=False), nn.BatchNorm2d(96), nn.ReLU(),
            nn.Conv2d(96, 9, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Look at pictures.

        Parameters
        ----------
        x : N × 3 × SIDE × SIDE, RGB in about -2…2: (pixels / 255 - 0.5) / 0.25.

        Returns
        -------
        centres : N × CELLS × CELLS, logits.
        corners : N × 8 × CELLS × CELLS: x and y of the four corners from the cell's middle, in
            sides of the input; top left, top right, bottom right, bottom left as a card is read.
        """
        features = self.body(x)
        found = self.head(torch.cat([features, self.context(features)], 1))
        return found[:, 0], found[:, 1:]


class Residual(nn.Module):
    """Two 3 × 3 convolutions beside an identity (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """N × C × h × w → the same shape."""
        return torch.relu(x + self.way(x))


def _halved(inputs: int, outputs: int) -> list[nn.Module]:
    """Half the resolution and other channels."""
    return [
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
