"""How a picture is read: as a whole, or by the part of a trading card that tells most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pokeclf import tradingcards
from pokeclf.checkpoint import NotTrainedError
from pokeclf.classifier import Classifier, Observation
from pokeclf.tradingcards import WHOLE, Finder


@dataclass(frozen=True)
class Reading:
    """A picture as a model read it.

    Attributes
    ----------
    part : what of the picture counted, one of :data:`~pokeclf.tradingcards.PARTS` or WHOLE.
    observation : of that part.
    """

    part: str
    observation: Observation


def finder_in(root: Path) -> Finder | None:
    """The finder of trading cards in a folder of checkpoints; None where none was trained.

    Raises
    ------
    CheckpointError
        When it is damaged.
    """
    try:
        return tradingcards.load(root)
    except NotTrainedError:
        return None


def views(picture: Image.Image, finder: Finder | None) -> dict[str, Image.Image]:
    """What of an RGB picture a model is asked about, by name.

    The parts of the largest trading card, and the whole picture while it may be none; without a
    finder, or a card, the whole picture alone.
    """
    cards = finder.find(picture) if finder else ()
    if not cards:
        return {WHOLE: picture}
    parts = {**tradingcards.views(picture, cards[0].corners), WHOLE: picture}
    return {part: parts[part] for part in cards[0].counting}


def telling(answers: Sequence[np.ndarray]) -> int:
    """Which of several views of a picture counts: the one of which the model is surest.

    Parameters
    ----------
    answers : probabilities of the classes, for each view.
    """
    return int(np.argmax([answer.max() for answer in answers]))


def read(classifier: Classifier, views: Mapping[str, Image.Image]) -> Reading:
    """Ask a model about all views of a picture; the one that counts is its reading."""
    seen = [(part, classifier.observe(view)) for part, view in views.items()]
    return Reading(*seen[telling([observation.probabilities for _, observation in seen])])
