"""The study's first network: three convolutions and two dense layers."""

from __future__ import annotations

from torch import Tensor, nn

from pokeclf.models.network import Network


class BasicCNN(Network):
    """3 × (Conv3×3 → ReLU → MaxPool) with 32, 64 and 128 filters, then 256 dense units.

    Nearly all of its 29.6 M parameters sit in the first dense layer, which reads every cell of
    the last feature map; the input side is therefore fixed and must be a multiple of 8.
    """

    def __init__(self, num_classes: int, input_size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(128 * (input_size // 8) ** 2, 256),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(256, num_classes),
        )

    def forward_features(self, x: Tensor) -> Tensor:
        """N × 3 × S × S → N × 128 × S/8 × S/8."""
        return self.body(x)

    def pool(self, features: Tensor) -> Tensor:
        """Flatten in channel-major order."""
        return features.flatten(1)
