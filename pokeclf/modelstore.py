"""Classifiers by id, kept in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from pokeclf import checkpoint, heaps, study
from pokeclf.checkpoint import Card, CheckpointError, NotTrainedError
from pokeclf.classifier import Classifier, check_source, load
from pokeclf.models.nodes import Nodes
from pokeclf.models.trees import TreeNetwork


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
                check_source(card, source)
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
