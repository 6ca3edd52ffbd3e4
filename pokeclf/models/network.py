"""What every neural network here has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A body that makes features and a head that reads them (timm's convention).

    Explanations, feature extraction and serving call the two halves one after the other, so the
    shared model never needs a hook. ``head`` is an ``nn.Sequential`` whose last module is the
    linear layer to the logits.

    The way through the network may also be cut at an earlier place, a *layer*:
    ``forward_from(forward_to(x, layer), layer)`` gives the logits for each of :attr:`layers`.
    """

    head: nn.Sequential

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """Names of the places where the network can be cut, in order, the last one the deepest.

        Every position of the maps there still reaches the logits.
        """

    @abstractmethod
    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """Maps at all of :attr:`layers` in order, each made from the one before.

        N × 3 × S × S → N × C × h × w each, or N × tokens × C.
        """

    def forward_to(self, x: Tensor, layer: int) -> Tensor:
        """The map at a place, by its number in :attr:`layers`."""
        return next(islice(self.maps(x), layer, None))

    @abstractmethod
    def forward_from(self, features: Tensor, layer: int) -> Tensor:
        """Logits, N × classes, from the map at a place."""

    def finish(self, trunk: Tensor) -> Tensor:
        """The feature map that the head reads, from the map at the deepest place."""
        return trunk

    def forward_features(self, x: Tensor) -> Tensor:
        """Feature map of a batch: N × 3 × S × S float → N × C × h × w, or N × tokens × C."""
        return self.finish(self.forward_trunk(x))

    def adapt(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights as they are stored, in the shapes of this network."""
        return dict(weights)

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Answer with weights as they are stored, which are not copied.

        Raises
        ------
        KeyError, RuntimeError
            When they do not fit this network.
        """
        self.load_state_dict(self.adapt(weights), assign=True)

    def forward_trunk(self, x: Tensor) -> Tensor:
        """The map at the deepest place."""
        return self.forward_to(x, len(self.layers) - 1)

    def forward_tail(self, trunk: Tensor) -> Tensor:
        """Logits from :meth:`forward_trunk`'s result."""
        return self.forward_from(trunk, len(self.layers) - 1)

    @abstractmethod
    def pool(self, features: Tensor) -> Tensor:
        """One vector per image from the feature map: N × D."""

    @property
    def linear(self) -> nn.Module:
        """The last layer, from N × D features to N × classes logits."""
        return self.head[-1]

    def classify(self, features: Tensor) -> Tensor:
        """Logits, N × classes, from what the last layer reads, N × D."""
        return self.linear(features)

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits, N × classes; or, with ``pre_logits``, what the last linear layer reads."""
        pooled = self.pool(features)
        return self.head[:-1](pooled) if pre_logits else self.head(pooled)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, N × classes."""
        return self.forward_head(self.forward_features(x))


class ConvolutionalNetwork(Network):
    """A network whose body is a chain of stages; it can be cut after each of them."""

    @abstractmethod
    def stages(self) -> Sequence[Callable[[Tensor], Tensor]]:
        """The body's parts in order."""

    @property
    def layers(self) -> tuple[str, ...]:
        """After each stage."""
        count = len(self.stages())
        return tuple(f"stage {number} of {count}" for number in range(1, count + 1))

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """N × 3 × S × S → N × C × h × w after each stage."""
        for stage in self.stages():
            x = stage(x)
            yield x

    def forward_from(self, features: Tensor, layer: int) -> Tensor:
        """Logits, N × classes, from the map after a stage."""
        for stage in self.stages()[layer + 1 :]:
            features = stage(features)
        return self.forward_head(features)


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
