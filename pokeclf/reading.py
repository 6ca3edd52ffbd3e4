"""How a picture is read: as a whole, or by the part of a trading card that tells most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from pokeclf import tradingcards
from pokeclf.checkpoint import NotTrainedError
from pokeclf.classifier import Classifier, Observation
from pokeclf.tradingcards import WHOLE, Finder

View, Other = TypeVar("View"), TypeVar("Other")


@dataclass(frozen=True)
class Views(Generic[View]):
    """What of a picture a model is asked about.

    Attributes
    ----------
    of : pictures, or what was made of them, by what they show: PARTS of a card, and WHOLE.
    certain : that there is a card; the whole picture then counts only where it alone looks like
        one of the classes.
    """

    of: Mapping[str, View]
    certain: bool = False

    def map(self, made: Callable[[View], Other]) -> Views[Other]:
        """The same of what is made of each."""
        return Views({name: made(view) for name, view in self.of.items()}, self.certain)


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


def views(picture: Image.Image, finder: Finder | None) -> Views[Image.Image]:
    """What of an RGB picture a model is asked about.

    The parts of the largest trading card and the whole picture; without a finder, or a card, the
    whole picture alone.
    """
    cards = finder.find(picture) if finder else ()
    if not cards:
        return Views({WHOLE: picture})
    parts = tradingcards.views(picture, cards[0].corners)
    return Views({**parts, WHOLE: picture}, cards[0].certain)


def telling(answers: Mapping[str, np.ndarray], familiar: Collection[str], certain: bool) -> str:
    """Which view of a picture counts.

    Of a card's parts it is the one that is surest of what they say together, the class with the
    largest mean probability. While it is not certain that there is a card, the whole picture counts
    instead where the model is surer of that.

    Where what would count does not look like one of the classes, a part that does and says the same
    counts instead; failing that, certain or not, the whole picture if it does: a window or a frame
    was then taken for a card.

    On validation images this is right more often than the part that is surest of anything, which
    may be the only one that errs, and than the whole picture of each.

    Parameters
    ----------
    answers : probabilities of the classes, for each view by its name.
    familiar : the views that look like one of the classes, as far as the model can tell.
    certain : see :class:`Views`.
    """
    parts = {name: answer for name, answer in answers.items() if name != WHOLE}
    rivals = [WHOLE] if WHOLE in answers and not certain else []
    if parts:
        likeliest = np.mean(list(parts.values()), axis=0).argmax()
        rivals.append(max(parts, key=lambda name: parts[name][likeliest]))
    best = max(rivals, key=lambda name: answers[name].max())
    if best in familiar:
        return best
    said = answers[best].argmax()
    agreeing = [name for name in parts if name in familiar and parts[name].argmax() == said]
    if agreeing:
        return max(agreeing, key=lambda name: parts[name].max())
    return WHOLE if WHOLE in familiar else best


def read(classifier: Classifier, views: Views[Image.Image]) -> Reading:
    """Ask a model about all views of a picture; the one that counts is its reading."""
    seen = {name: classifier.observe(view) for name, view in views.of.items()}
    part = counting(seen, views.certain)
    return Reading(part, seen[part])


def counting(seen: Mapping[str, Observation], certain: bool) -> str:
    """:func:`telling` of what a model made of the views of a picture."""
    probabilities = {name: each.probabilities for name, each in seen.items()}
    return telling(probabilities, {name for name in seen if seen[name].familiar}, certain)
