"""One loaded model that answers, and a store that keeps many of them in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pokeclf import checkpoint, heaps, models, novelty, study
from pokeclf.checkpoint import Card, CheckpointError, NotTrainedError
from pokeclf.models.network import Network
from pokeclf.models.trees import Ensemble, Nodes, TreeNetwork, ensemble
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
        _check_source(card, origin.card)
        network: Network = TreeNetwork(origin.network, _load_trees(folder, card))
        detector = origin.novelty
    else:
        network = _load_network(folder, card)
        detector = novelty.read(folder, card)
    network.requires_grad_(False).eval()
    return Classifier(card, network, detector)


def _check_source(card: Card, source: Card) -> None:
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


@dataclass(frozen=True)
class Status:
    """Whether a model of the study can answer.

    Attributes
    ----------
    card : None when the model cannot answer; ``problem`` is then a sentence that says why.
    state : ``"trained"``, ``"not trained"`` or ``"damaged"``.
    """

    model: study.StudyModel
    card: Card | None
    state: str
    problem: str | None


class ModelStore:
    """Classifiers by id, loaded when first asked for and dropped when memory is needed.

    Safe to use from many threads; models are loaded one at a time, and once however many ask.

    Parameters
    ----------
    root : folder of checkpoints.
    max_bytes : bound on the weights kept in memory; the least recently used go first. A single
        model may exceed it and is then the only one kept; with trees counts the network that they
        read. Beyond it come what is being loaded, and models that were dropped while they answer.
    """

    def __init__(self, root: Path, max_bytes: int = 1500 * 2**20) -> None:
        self.root = root
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        # Loading takes twice a model's memory and more, so several at once might take a lot.
        self._loading = threading.RLock()
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()

    def status(self, model_id: str) -> Status:
        """Whether a model can answer, by its card and files, without loading its weights."""
        entry = study.find(model_id)
        try:
            card = checkpoint.read_card(self.root / model_id)
            checkpoint.check_files(self.root / model_id, card)
            if entry.features_from is not None:
                source = checkpoint.read_card(self.root / entry.features_from)
                checkpoint.check_files(self.root / entry.features_from, source)
                _check_source(card, source)
            return Status(entry, card, "trained", None)
        except CheckpointError as error:
            state = "not trained" if isinstance(error, NotTrainedError) else "damaged"
            return Status(entry, None, state, str(error))

    def statuses(self) -> tuple[Status, ...]:
        """The state of all models of the study, in its order."""
        return tuple(self.status(model.id) for model in study.STUDY)

    def get(self, model_id: str) -> Classifier:
        """The classifier of that id.

        Raises
        ------
        PokeclfError
            When there is no such model, or its checkpoint cannot be used.
        """
        study.find(model_id)
        written = self._written(model_id)
        with self._lock:
            if (classifier := self._in_memory(model_id, written)) is not None:
                return classifier
        with self._loading:
            with self._lock:
                if (classifier := self._in_memory(model_id, written)) is not None:
                    return classifier
            classifier = load(self.root, model_id, self.get)
            with self._lock:
                self._loaded[model_id] = _Loaded(classifier, sizes_of(classifier), written)
                self._loaded.move_to_end(model_id)
                self._make_room()
            heaps.give_back()
            return classifier

    def _written(self, model_id: str) -> int:
        """When a checkpoint was written, so that a retrained one is loaded again."""
        try:
            return (self.root / model_id / checkpoint.CARD).stat().st_mtime_ns
        except OSError:
            return 0

    def _in_memory(self, model_id: str, written: int) -> Classifier | None:
        loaded = self._loaded.get(model_id)
        if loaded is None or loaded.written != written:
            return None
        for used in (loaded.classifier.card.features_from, model_id):
            if used in self._loaded:
                self._loaded.move_to_end(used)
        return loaded.classifier

    def _make_room(self) -> None:
        while len(self._loaded) > 1 and self.loaded_bytes > self.max_bytes:
            gone, _ = self._loaded.popitem(last=False)
            # Trees hold on to the network that they read, so they go with it.
            for name, loaded in list(self._loaded.items()):
                if loaded.classifier.card.features_from == gone and len(self._loaded) > 1:
                    del self._loaded[name]

    @property
    def loaded_bytes(self) -> int:
        """Bytes of the weights in memory; a network that several trees read counts once."""
        sizes: dict[int, int] = {}
        for loaded in self._loaded.values():
            sizes |= loaded.sizes
        return sum(sizes.values())


@dataclass(frozen=True)
class _Loaded:
    """A classifier in memory.

    Attributes
    ----------
    sizes : see :func:`sizes_of`.
    written : when its checkpoint was.
    """

    classifier: Classifier
    sizes: dict[int, int]
    written: int


def sizes_of(classifier: Classifier) -> dict[int, int]:
    """Bytes of each part of a classifier, by the part's :func:`id`: trees also hold a network."""
    network = classifier.network
    trees = isinstance(network, TreeNetwork)
    parts = (network.source, network.ensemble) if trees else (network,)
    return {id(part): _bytes(part) for part in parts}


def _bytes(part: nn.Module) -> int:
    tensors = [*part.parameters(), *part.buffers()]
    kept = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    return kept + sum(each.explanation_bytes for each in part.modules() if isinstance(each, Nodes))
