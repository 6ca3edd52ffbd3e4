"""How models are trained: the settings of one run as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Further:
    """How a network goes on in a second run, from the best weights of its first.

    Attributes are those of :class:`Recipe`, which holds in all else.
    """

    epochs: int
    sizes: tuple[tuple[float, int], ...]
    lr: float
    body_lr: float
    cards: float
    card_times: int


@dataclass(frozen=True)
class Recipe:
    """How a neural network is trained.

    Attributes
    ----------
    sizes : (share of the epochs, input side in pixels) pairs in order; small sizes first are the
        cheapest accuracy there is ("progressive resizing").
    eval_size : input side at evaluation and when serving, unless the last of ``sizes`` turns
        out to be better on the validation images.
    lr, body_lr : peak learning rates of the head and of the layers below it.
    layer_decay : each layer of the body learns so many times as fast as the one above it.
    frozen_epochs : for so many epochs only the last layer learns (the study's staged unfreezing).
    clip : largest norm of the gradients of a step; None means any.
    mixup, cutmix : how evenly images are mixed in training, the parameter of a symmetric beta
        distribution; 0 means not at all.
    crop : smallest share of the image's area that a random crop keeps; 1 means no augmentation.
    cards : share of the training images that are shown as parts of photographed trading cards.
    card_times : where there is such a share, how often an epoch has each trading card.
    views : augmented copies of each image whose features a frozen model's head learns from.
    grid : side of the map that a :class:`~pokeclf.models.grid.GridNetwork` learns on; None means
        the one that it is served with.
    patience : epochs without a better validation accuracy before training stops early.
    further : a second run of a whole network, from the best weights of this one; None means there
        is none.
    """

    epochs: int
    eval_size: int
    sizes: tuple[tuple[float, int], ...]
    lr: float
    body_lr: float
    batch_size: int = 64
    optimizer: str = "adamw"
    schedule: str = "one-cycle"
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    clip: float | None = 5.0
    mixup: float = 0.0
    cutmix: float = 0.0
    crop: float = 1.0
    cards: float = 0.0
    card_times: int = 1
    frozen_epochs: int = 0
    views: int = 1
    patience: int = 25
    layer_decay: float = 1.0
    grid: int | None = None
    normalisation: tuple[tuple[float, float, float], tuple[float, float, float]] = IMAGENET
    further: Further | None = None

    @property
    def last(self) -> Recipe:
        """The recipe of the last run: this one, or the second's as a whole."""
        if self.further is None:
            return self
        changed = {each.name: getattr(self.further, each.name) for each in fields(self.further)}
        return replace(self, **changed, further=None)

    def within(self, epochs: int) -> Recipe:
        """The same with so many epochs at most, those of both runs together."""
        left = epochs - self.epochs
        if left <= 0:
            return replace(self, epochs=epochs, further=None)
        if self.further is None:
            return self
        return replace(self, further=replace(self.further, epochs=min(left, self.further.epochs)))


@dataclass(frozen=True)
class TreeRecipe:
    """How a tree ensemble is trained: the settings that are tried; validation chooses one.

    Attributes
    ----------
    settings : (n_estimators, max_depth) pairs, as the study tabulates them.
    options : further arguments of the estimator.
    """

    settings: tuple[tuple[int, int], ...]
    options: Mapping[str, float | int | str] = field(default_factory=dict)
