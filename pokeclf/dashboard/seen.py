"""Pictures that were classified lately: another map of one costs no second pass."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from PIL import Image

from pokeclf import reading
from pokeclf.checkpoint import NotTrainedError
from pokeclf.classifier import Classifier, Observation
from pokeclf.dashboard import limits, uploads
from pokeclf.errors import PokeclfError
from pokeclf.imaging import canonical, decode
from pokeclf.models.network import ConvolutionalNetwork
from pokeclf.modelstore import ModelStore
from pokeclf.tradingcards import NONE_TRAINED, WHOLE, Finder

KEPT = 64
"""Observations that are kept, at most 3 MB each."""
DECODED = 4
"""Decoded pictures that are kept, at most a few MB each."""


@dataclass(frozen=True)
class Seen:
    """A picture, or a part of it, as one model saw it.

    Attributes
    ----------
    size : width and height of what was looked at, before the model's own crop.
    part : what of the picture counted; None where no trading cards were looked for.
    """

    classifier: Classifier
    observation: Observation
    size: tuple[int, int]
    part: str | None = None


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
        classifier = self._asked(path, model)
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

    def read(self, path: str, model: str, cards: bool) -> Seen:
        """A picture as a program wants it read: as a whole, or by what of it counts.

        Parameters
        ----------
        cards : whether to look for trading cards; what is read of one is not remembered.

        Raises
        ------
        PokeclfError
            As :meth:`get` and :meth:`finder_if`.
        """
        finder = self.finder_if(cards)
        if finder is None:
            return self.get(path, model)
        classifier = self._asked(path, model)
        views = reading.views(self.decode(path), finder)
        if set(views.of) == {WHOLE}:
            return replace(self.get(path, model), part=WHOLE)
        found = reading.read(classifier, views)
        return Seen(classifier, found.observation, views.of[found.part].size, found.part)

    @cached_property
    def finder(self) -> Finder | None:
        """What finds trading cards; None where it was not trained."""
        return reading.finder_in(self.store.root)

    def finder_if(self, cards: bool) -> Finder | None:
        """The finder for a program that wants trading cards looked for; None for one that doesn't.

        Raises
        ------
        PokeclfError
            When there is none, or ``cards`` is neither true nor false.
        """
        if not isinstance(cards, bool):
            raise PokeclfError("cards takes true or false.")
        if cards and self.finder is None:
            raise NotTrainedError(NONE_TRAINED)
        return self.finder if cards else None

    def _asked(self, path: str, model: str) -> Classifier:
        """The model for a picture that is there, which stays there for another hour."""
        limits.check()
        check_presence(path)
        uploads.mark_used(path)
        return self.store.get(model)

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
