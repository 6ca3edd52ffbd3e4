"""What every neural network here has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A body that makes features and a head that reads them (timm's convention).

    Explanations, feature extraction and serving call the two halves one after the other, so the
    shared model never needs a hook. ``head`` is an ``nn.Sequential`` whose last module is the
    linear layer to the logits.
    """

    head: nn.Sequential

    @abstractmethod
    def forward_features(self, x: Tensor) -> Tensor:
        """Feature map of a batch: N × 3 × S × S float → N × C × h × w, or N × tokens × C."""

    def forward_trunk(self, x: Tensor) -> Tensor:
        """The deepest map whose every position still reaches the logits; explained by gradients.

        For convolutions that is the feature map itself.
        """
        return self.forward_features(x)

    def forward_tail(self, trunk: Tensor) -> Tensor:
        """Logits from :meth:`forward_trunk`'s result."""
        return self.forward_head(trunk)

    @abstractmethod
    def pool(self, features: Tensor) -> Tensor:
        """One vector per image from the feature map: N × D."""

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits, N × classes; or, with ``pre_logits``, what the last linear layer reads."""
        pooled = self.pool(features)
        return self.head[:-1](pooled) if pre_logits else self.head(pooled)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, N × classes."""
        return self.forward_head(self.forward_features(x))


def deep_head(in_features: int, num_classes: int) -> nn.Sequential:
    """The study's head for frozen backbones; the trees of experiment 2 read its second ReLU."""
    return nn.Sequential(
        nn.Linear(in_features, 512),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(256, num_classes),
    )
