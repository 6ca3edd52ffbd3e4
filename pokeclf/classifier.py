"""One loaded model that answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pokeclf import checkpoint, models, novelty, study
from pokeclf.checkpoint import Card, CheckpointError
from pokeclf.models.network import Network
from pokeclf.models.trees import Ensemble, TreeNetwork, ensemble
from pokeclf.novelty import Novelty


@dataclass(frozen=True)
class Guess:
    """A species and its probability, 0…1."""

    species: str
    probability: float


@dataclass(frozen=True)
class Observation:
    """What a model made of one image; most explanations start from it without a second pass.

    Attributes
    ----------
    crop : the square image that the model saw.
    inputs : 1 × 3 × S × S, the normalised crop.
    maps : the network's :meth:`~pokeclf.models.network.Network.maps`.
    probabilities : float32, per class, in the order of the card's classes.
    familiarity : how much the image looks like one of the classes; below 0 it does not. None
        where no detector was fitted.
    seconds : time from image to probabilities.
    """

    model: str
    classes: tuple[str, ...]
    crop: Image.Image
    inputs: Tensor
    maps: tuple[Tensor, ...]
    probabilities: np.ndarray
    seconds: float
    familiarity: float | None = None

    @property
    def familiar(self) -> bool:
        """Whether the image may show one of the classes, as far as is known."""
        return self.familiarity is None or self.familiarity >= 0

    @property
    def trunk(self) -> Tensor:
        """The map at the network's deepest place."""
        return self.maps[-1]

    def top(self, count: int) -> tuple[Guess, ...]:
        """The likeliest species, best first."""
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return tuple(Guess(self.classes[i], float(self.probabilities[i])) for i in best)

    @cached_property
    def best(self) -> Guess:
        """The likeliest species."""
        return self.top(1)[0]


@dataclass(frozen=True)
class Classifier:
    """A trained model in memory. It never changes, so threads may share it."""

    card: Card
    network: Network
    novelty: Novelty | None = None

    def probabilities(self, logits: Tensor) -> Tensor:
        """Calibrated probabilities from logits, N × classes."""
        return (logits.float() / self.card.temperature).softmax(1)

    @torch.inference_mode()
    def logits(self, inputs: Tensor) -> Tensor:
        """Logits of a batch of preprocessed images: N × 3 × S × S → N × classes."""
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        return self.network.forward_tail(self.network.forward_trunk(inputs))

    def features(self, inputs: Tensor) -> Tensor:
        """What the last layer reads of preprocessed images: N × 3 × S × S → float32 N × D."""
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        return self._read(self.network.forward_trunk(inputs))

    def _read(self, trunk: Tensor) -> Tensor:
        return self.network.forward_head(self.network.finish(trunk), pre_logits=True)

    def familiarity(self, features: Tensor) -> Tensor | None:
        """How much images look like one of the classes, from :meth:`features`: N × D → N.

        Below 0 they don't; None where no detector was fitted.
        """
        if self.novelty is None:
            return None
        return self.novelty.familiarity(features, self.network.linear(features))

    @torch.inference_mode()
    def answers(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Answers to a batch of preprocessed images: N × 3 × S × S.

        Returns
        -------
        probabilities : N × classes.
        familiar : bool N, whether each may show one of the classes, as far as is known.
        """
        features = self.features(inputs)
        probabilities = self.probabilities(self.network.classify(features))
        familiarity = self.familiarity(features)
        if familiarity is None:
            return probabilities, torch.ones(len(inputs), dtype=torch.bool)
        return probabilities, familiarity >= 0

    def _answer(self, trunk: Tensor) -> tuple[np.ndarray, float | None]:
        """Probabilities and familiarity of one image, from the map at the deepest place."""
        features = self._read(trunk)
        probabilities = self.probabilities(self.network.classify(features))[0].numpy()
        familiarity = self.familiarity(features)
        return probabilities, None if familiarity is None else float(familiarity)

    def observe(self, image: Image.Image) -> Observation:
        """Classify one decoded image, keeping what explanations need."""
        start = time.perf_counter()
        crop = self.card.preprocessing.crop(image)
        inputs = self.card.preprocessing.tensor_of_crop(crop)[None]
        with torch.no_grad():
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            maps = tuple(self.network.maps(inputs))
            probabilities, familiarity = self._answer(maps[-1])
        return Observation(
            self.card.model,
            self.card.classes,
            crop,
            inputs,
            maps,
            probabilities,
            time.perf_counter() - start,
            familiarity,
        )

    def observe_from(self, source: Observation) -> Observation:
        """Classify an image that the model has seen whose features this one reads.

        Parameters
        ----------
        source : made with the same preprocessing by the network that these trees read; its pass
            through that network, whose trunk is also this one's, is not made again.
        """
        start = time.perf_counter()
        with torch.no_grad():
            probabilities, familiarity = self._answer(source.trunk)
        return replace(
            source,
            model=self.card.model,
            maps=source.maps[-1:],
            probabilities=probabilities,
            familiarity=familiarity,
            seconds=source.seconds + time.perf_counter() - start,
        )


def load(root: Path, model_id: str, source: Callable[[str], Classifier]) -> Classifier:
    """Load a checkpoint, verifying every hash.

    Parameters
    ----------
    root : folder of checkpoints.
    source : gives the classifier of another model, for trees that read its features.

    Raises
    ------
    CheckpointError
        With one sentence, when anything is missing, damaged or does not fit.
    """
    folder = root / model_id
    card = checkpoint.read_card(folder)
    if card.features_from != study.find(model_id).features_from:
        raise CheckpointError(f"The card of checkpoint {model_id} is damaged or foreign.")
    if card.features_from is not None:
        origin = source(card.features_from)
        check_source(card, origin.card)
        network: Network = TreeNetwork(origin.network, _load_trees(folder, card))
        detector = origin.novelty
    else:
        network = _load_network(folder, card)
        detector = novelty.read(folder, card)
    network.requires_grad_(False).eval()
    return Classifier(card, network, detector)


def check_source(card: Card, source: Card) -> None:
    """Raise CheckpointError unless trees fit the network whose features they read."""
    if source.weights_sha256 != card.features_sha256:
        raise CheckpointError(
            f"Checkpoint {card.model} was trained on other weights of {source.model}; "
            f"train {card.model} again."
        )


def _load_network(folder: Path, card: Card) -> Network:
    tensors = checkpoint.read_weights(folder, card)
    try:
        with torch.device("meta"):
            network = models.build(card.architecture, len(card.classes), card.backbone)
        full = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
        network.take(full)
    except (KeyError, RuntimeError):
        raise CheckpointError(
            f"The weights of checkpoint {card.model} do not fit its architecture."
        ) from None
    return network.to(memory_format=torch.channels_last)


def _load_trees(folder: Path, card: Card) -> Ensemble:
    try:
        arrays = checkpoint.read_weights(folder, card)
        return ensemble(card.architecture, arrays, len(card.classes))
    except (KeyError, ValueError, RuntimeError, IndexError) as error:
        raise CheckpointError(f"The trees of checkpoint {card.model} cannot be read.") from error
