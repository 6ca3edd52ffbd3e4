"""How models are trained: the settings of one run as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

UNIT = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Further:
    """How a network goes on in another run, from the best weights of those before.

    Attributes are those of :class:`Recipe`; what is None or not among them is as in the run before.
    """

    epochs: int
    sizes: tuple[tuple[float, int], ...]
    lr: float
    body_lr: float
    cards: float
    card_times: int
    cutmix: float | None = None
    drop_path: float | None = None
    kept: float | None = None
    further: Further | None = None


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
    drop_path : in training, the blocks of a transformer are left out for so many of the images,
        the first for none and those after it for more and more ("stochastic depth", Huang et al.
        2016, section 3); the last block, of which the class token alone is read, never is.
    cards : share of the training images that are shown as parts of photographed trading cards.
    card_times : where there is such a share, how often an epoch has each trading card.
    views : augmented copies of each image whose features a frozen model's head learns from.
    grid : side of the map that a :class:`~pokeclf.models.grid.GridNetwork` learns on; None means
        the one that it is served with.
    patience : epochs without a better validation accuracy before training stops early.
    kept : share of a run's best weights in those that are kept; the rest is of those that it began
        from, a mean that holds up better on unlike images (Wortsman et al. 2022, *Robust
        fine-tuning of zero-shot models*, section 3).
    further : another run of a whole network, from the best weights of this one; None means there
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
    drop_path: float = 0.0
    crop: float = 1.0
    cards: float = 0.0
    card_times: int = 1
    frozen_epochs: int = 0
    views: int = 1
    patience: int = 25
    layer_decay: float = 1.0
    grid: int | None = None
    normalisation: tuple[tuple[float, float, float], tuple[float, float, float]] = IMAGENET
    kept: float = 1.0
    further: Further | None = None

    @property
    def runs(self) -> tuple[Recipe, ...]:
        """The recipe of each run as a whole: this one's, and those of its further runs."""
        own = replace(self, further=None)
        if self.further is None:
            return (own,)
        changed = {each.name: getattr(self.further, each.name) for each in fields(self.further)}
        stated = {name: value for name, value in changed.items() if value is not None}
        return (own, *replace(self, **{"further": None, **stated}).runs)

    def within(self, epochs: int) -> Recipe:
        """The same with so many epochs at most, those of all runs together."""
        return _within(self, epochs)

    def at(self, side: int) -> Recipe:
        """The same on pictures of that side in pixels, from its first run to serving."""
        return _at(replace(self, eval_size=side), side)


Run = TypeVar("Run", Recipe, Further)


def _within(run: Run, epochs: int) -> Run:
    left = epochs - run.epochs
    if left <= 0:
        return replace(run, epochs=epochs, further=None)
    if run.further is None:
        return run
    return replace(run, further=_within(run.further, left))


def _at(run: Run, side: int) -> Run:
    further = _at(run.further, side) if run.further else None
    return replace(run, sizes=((1.0, side),), further=further)


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
