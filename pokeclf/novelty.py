"""Does a picture show one of the classes at all?

A network names one of its classes whatever it is shown. Two things tell others apart: how strongly
the class that it names speaks (its logit, Vaze et al. 2022), and how far the features lie from
those of every class, and of that one (Mahalanobis distance, Lee et al. 2018, on features of length
1, Müller & Hein 2025). Together they make a familiarity: one for each kind of other pictures that
were at hand, as a toaster gives itself away by other signs than a Pokémon of a later generation
does. The least of them counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from pokeclf import sealed
from pokeclf.checkpoint import Card, CheckpointError
from pokeclf.files import write_atomically

FILE = "novelty.safetensors"


@dataclass(frozen=True)
class Distances:
    """Where the classes lie among the features of a network.

    Attributes
    ----------
    means : float32 classes × D, whitened.
    whitening : float32 D × D; features times this have the same spread in all directions.
    """

    means: Tensor
    whitening: Tensor

    def to_classes(self, features: Tensor) -> Tensor:
        """Squared Mahalanobis distance to every class: N × D → N × classes."""
        whitened = F.normalize(features.float()) @ self.whitening
        return torch.cdist(whitened, self.means).square()


@dataclass(frozen=True)
class Refusals:
    """How a detector does on pictures of something else that it was not fitted on.

    Attributes
    ----------
    pictures : number of them.
    refused : share that it refuses, at the threshold that was fitted.
    refused_at_95 : the same at the threshold where 95 % of the test images are accepted, by which
        detectors are commonly compared (1 − FPR@95).
    auroc : probability that it finds a test image more familiar than one of them, 0…1.
    """

    pictures: int
    refused: float
    refused_at_95: float
    auroc: float


@dataclass(frozen=True)
class Detector:
    """What was measured of one way to tell other pictures.

    Attributes
    ----------
    accepted : share of the test images that it takes for one of the classes.
    others : by the name of a group of pictures.
    """

    accepted: float
    others: Mapping[str, Refusals]


@dataclass(frozen=True)
class Novelty:
    """A fitted detector.

    Attributes
    ----------
    weights : for each kind of other pictures, of the three :func:`signs`, and a constant: their
        sum is how far a picture is from that kind. The least of these is the familiarity.
    detectors : what was measured of each that was compared, by its name; the last is this one.
    """

    distances: Distances
    weights: tuple[tuple[float, float, float, float], ...]
    detectors: Mapping[str, Detector]

    def familiarity(self, features: Tensor, logits: Tensor) -> Tensor:
        """How much pictures look like one of the classes: N; below 0 they don't.

        Parameters
        ----------
        features : N × D, what the last linear layer reads.
        logits : N × classes, what it makes of them, before temperature.
        """
        weights = torch.tensor(self.weights)
        told = signs(self.distances, features, logits) @ weights[:, :3].T + weights[:, 3]
        return told.amin(1)


def signs(distances: Distances, features: Tensor, logits: Tensor) -> Tensor:
    """Largest logit, and logarithms of the distances to the nearest class and to the one that it
    belongs to, of each picture: N × 3."""
    strongest = logits.float().max(1)
    away = distances.to_classes(features).clamp(min=1e-6).log()
    named = away.gather(1, strongest.indices[:, None])[:, 0]
    return torch.stack([strongest.values, away.amin(1), named], 1)


def write(folder: Path, card: Card, novelty: Novelty) -> None:
    """Store a detector beside a network's checkpoint; training it again takes it away."""
    tensors = {
        "means": novelty.distances.means.half(),
        "whitening": novelty.distances.whitening.half(),
    }
    said = {
        "belongs_to": card.weights_sha256,
        "weights": json.dumps(novelty.weights),
        "detectors": json.dumps({k: asdict(each) for k, each in novelty.detectors.items()}),
    }
    write_atomically(folder / FILE, sealed.pack(tensors, said))


def stored(distances: Distances) -> Distances:
    """Distances as precise as :func:`write` stores them."""
    return Distances(distances.means.half().float(), distances.whitening.half().float())


def discard_damaged(folder: Path, card: Card) -> None:
    """Take away a detector that cannot be read, as its network cannot be loaded beside it."""
    try:
        read(folder, card)
    except CheckpointError:
        (folder / FILE).unlink(missing_ok=True)


def read(folder: Path, card: Card) -> Novelty | None:
    """The detector of a network; None where none was fitted to these weights.

    Raises
    ------
    CheckpointError
        When the file is damaged or was changed.
    """
    try:
        packed, said = sealed.read(folder / FILE)
        tensors = {name: packed[name].float() for name in ("means", "whitening")}
        if said["belongs_to"] != card.weights_sha256:
            return None
        weights = tuple(tuple(map(float, row)) for row in json.loads(said["weights"]))
        detectors = {
            name: Detector(
                float(each["accepted"]),
                {group: Refusals(**row) for group, row in each["others"].items()},
            )
            for name, each in json.loads(said["detectors"]).items()
        }
        classes, width = tensors["means"].shape
        sound = {len(row) for row in weights} == {4} and classes == len(card.classes)
        if not sound or tensors["whitening"].shape != (width, width) or not detectors:
            raise ValueError(folder)
    except FileNotFoundError:
        return None
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointError(
            f"The novelty detector of checkpoint {card.model} is damaged; "
            "python -m train novelty writes it again."
        ) from None
    return Novelty(Distances(**tensors), weights, detectors)
