"""How a picture is read: as a whole, or by the part of a trading card that tells most."""

from __future__ import annotations

from collections.abc import Mapping
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


def telling(answers: Mapping[str, np.ndarray]) -> str:
    """Which view of a picture counts.

    Of a card's parts it is the one that is surest of what they say together, the class with the
    largest mean probability; the whole picture counts instead where the model is surer of that.
    On validation images this is right more often than the part that is surest of anything, which
    may be the only one that errs.

    Parameters
    ----------
    answers : probabilities of the classes, for each view by its name.
    """
    parts = {name: answer for name, answer in answers.items() if name != WHOLE}
    rivals = [WHOLE] if WHOLE in answers else []
    if parts:
        likeliest = np.mean(list(parts.values()), axis=0).argmax()
        rivals.append(max(parts, key=lambda name: parts[name][likeliest]))
    return max(rivals, key=lambda name: answers[name].max())


def read(classifier: Classifier, views: Mapping[str, Image.Image]) -> Reading:
    """Ask a model about all views of a picture; the one that counts is its reading."""
    seen = {name: classifier.observe(view) for name, view in views.items()}
    part = telling({name: each.probabilities for name, each in seen.items()})
    return Reading(part, seen[part])
