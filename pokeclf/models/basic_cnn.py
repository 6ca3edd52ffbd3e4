"""The study's first network: three convolutions and two dense layers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from pokeclf.models.network import ConvolutionalNetwork


class BasicCNN(ConvolutionalNetwork):
    """3 × (Conv3×3 → ReLU → MaxPool) with 32, 64 and 128 filters, then 256 dense units.

    Nearly all of its 29.6 M parameters sit in the first dense layer, which reads every cell of
    the last feature map at the study's 240 px: 30 × 30. The map of other inputs is brought to
    that grid by adaptive average pooling, so that training can begin with small images.

    Parameters
    ----------
    grid : side of the map that the dense layer reads.
    """

    def __init__(self, num_classes: int, grid: int = 30) -> None:
        super().__init__()
        self.grid = grid
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(128 * grid**2, 256),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(256, num_classes),
        )

    def stages(self) -> list[nn.Module]:
        """Convolution, ReLU and pooling, three times; the last map is N × 128 × S/8 × S/8."""
        return [self.body[start : start + 3] for start in range(0, len(self.body), 3)]

    def pool(self, features: Tensor) -> Tensor:
        """The map on the fixed grid, flattened in channel-major order: N × 128 · grid²."""
        return F.adaptive_avg_pool2d(features, self.grid).flatten(1)
