"""What an explanation method is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pokeclf.classifier import Classifier, Observation


@dataclass(frozen=True)
class Options:
    """Choices of a specialist; None leaves each to the method.

    Attributes
    ----------
    layer : name of the place that is looked at, one of :func:`pokeclf.explain.layers_of`.
    against : slug of the species that Finer-CAM compares with; the next likeliest when None.
    heads : how attention heads are merged: ``"mean"``, ``"max"`` or ``"min"``.
    discard : share of the weakest attention weights that rollout drops in each layer, 0…0.95.
    head : number of the attention head that is shown, from 0; all, merged, when None.
    """

    layer: str | None = None
    against: str | None = None
    heads: str = "mean"
    discard: float = 0.0
    head: int | None = None


@dataclass(frozen=True)
class Request:
    """One map to be computed.

    Attributes
    ----------
    species : index of the explained class.
    against : index of the class that it is compared with, by the methods that compare.
    layer : number of the place in the network's ``layers``, or of a transformer's block.
    progress : told the share that is done, 0…1, by slow methods; it may raise to cancel them.
    """

    classifier: Classifier
    observation: Observation
    species: int
    against: int
    layer: int
    options: Options
    progress: Callable[[float], None] = field(default=lambda share: None)
