"""Pictures that were classified lately: another map of one costs no second pass."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from pokeclf.classifier import Classifier, ModelStore, Observation
from pokeclf.dashboard import limits, uploads
from pokeclf.errors import PokeclfError
from pokeclf.imaging import canonical, decode
from pokeclf.models.network import ConvolutionalNetwork

KEPT = 64
"""Observations that are kept, at most 3 MB each."""
DECODED = 4
"""Decoded pictures that are kept, at most a few MB each."""


@dataclass(frozen=True)
class Seen:
    """A picture as one model saw it.

    Attributes
    ----------
    size : width and height of the decoded picture.
    """

    classifier: Classifier
    observation: Observation
    size: tuple[int, int]


class Observations:
    """Classifies uploaded files and remembers the last few; safe to use from many threads."""

    def __init__(self, store: ModelStore, kept: int = KEPT) -> None:
        self.store = store
        self.kept = kept
        # Once for all models that look at a picture.
        self.decode = lru_cache(DECODED)(decode)
        self._canonical = lru_cache(DECODED)(self._shrunk)
        self._lock = threading.Lock()
        # No classifiers: they would stay in memory after the store has dropped them.
        self._seen: OrderedDict[tuple[str, str], tuple[str, Observation, tuple[int, int]]]
        self._seen = OrderedDict()

    def get(self, path: str, model: str) -> Seen:
        """A picture as a model sees it.

        Parameters
        ----------
        path : of an uploaded file; its name contains its hash, so it never changes.

        Raises
        ------
        PokeclfError
            For a picture or a model that cannot be used.
        """
        limits.check()
        check_presence(path)
        uploads.mark_used(path)
        classifier = self.store.get(model)
        weights = f"{classifier.card.weights_sha256} {classifier.card.features_sha256}"
        with self._lock:
            then, *known = self._seen.get((path, model), ("",))
            if then == weights:
                self._seen.move_to_end((path, model))
                return Seen(classifier, *known)
        seen = self._observe(classifier, path)
        with self._lock:
            self._seen[path, model] = (weights, seen.observation, seen.size)
            while len(self._seen) > self.kept:
                self._seen.popitem(last=False)
        return seen

    def _observe(self, classifier: Classifier, path: str) -> Seen:
        """Through the network that trees read, if these are trees: it is then run once for all."""
        card = classifier.card
        if card.features_from is not None:
            source = self.get(path, card.features_from)
            if _shares_trunk(classifier, source.classifier):
                observation = classifier.observe_from(source.observation)
                return Seen(classifier, observation, source.size)
        image, size = self._canonical(path)
        return Seen(classifier, classifier.observe(image), size)

    def _shrunk(self, path: str) -> tuple[Image.Image, tuple[int, int]]:
        """What every model's view is made of, and the size of the whole picture."""
        image = self.decode(path)
        return canonical(image), image.size


def _shares_trunk(trees: Classifier, source: Classifier) -> bool:
    return (
        isinstance(source.network, ConvolutionalNetwork)
        and trees.network.source is source.network
        and trees.card.preprocessing == source.card.preprocessing
    )


def check_presence(path: str) -> None:
    """Raise PokeclfError for an upload that is gone: they are deleted when nobody uses them."""
    if not Path(path).is_file():
        raise PokeclfError("The picture is no longer on the server; please choose it again.")
