"""What the Compare tab finds out about one picture, without any user interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pokeclf import study
from pokeclf.checkpoint import Card, CheckpointError
from pokeclf.classifier import Guess
from pokeclf.dashboard.address import SAME
from pokeclf.dashboard.seen import Observations, Seen
from pokeclf.explain import Explanation, Method, default_method, explain
from pokeclf.explain.compare import Overlap, brightest, difference, overlap, shared_scale
from pokeclf.explain.overlay import Paint, difference_overlay, overlay
from pokeclf.explain.result import to_heatmap
from pokeclf.markup import NBSP
from pokeclf.species import of

Pictures = list[tuple[Image.Image, str]]
Guesses = tuple[Guess, ...]
GUESSES = 3
"""Of each model."""
SIDE = 224
"""Side of the pictures, in pixels."""


@dataclass(frozen=True)
class Seat:
    """One model at the table: its guesses, and its map as a few numbers.

    Attributes
    ----------
    card : what stood with the weights that answered.
    familiar : whether the picture may show one of the classes, as far as the model can tell.
    species : slug of the class that the map is for.
    evidence : float32 h × w, at least 0, in the method's own unit.
    """

    card: Card
    guesses: Guesses
    familiar: bool
    method: Method
    species: str
    layer: str
    evidence: np.ndarray

    @property
    def model(self) -> str:
        """The model's id."""
        return self.card.model

    @property
    def name(self) -> str:
        """The model's name."""
        return study.find(self.model).name


@dataclass(frozen=True)
class Comparison:
    """One picture and all models' answers to it.

    It is kept for each visitor, so it holds no pictures: a few kilobytes a model.

    Attributes
    ----------
    path : the uploaded file.
    maps : what the maps are for, one of :data:`~pokeclf.dashboard.address.MAPS`.
    top : id of the model whose best guess chose the species; None when most models did.
    asked : ids of all models that were asked, also of those that could not answer.
    """

    path: str
    maps: str
    top: str | None
    asked: tuple[str, ...]
    seats: tuple[Seat, ...]

    def seat(self, model: str | None) -> Seat | None:
        """That model's, None when it is not at the table."""
        return next((each for each in self.seats if each.model == model), None)

    @property
    def guesses(self) -> Mapping[str, Guesses]:
        """By model."""
        return {seat.model: seat.guesses for seat in self.seats}

    @property
    def one_species(self) -> bool:
        """Whether all maps are for the same species."""
        return len({seat.species for seat in self.seats}) == 1


def answers(
    observations: Observations, path: str, models: Iterable[str]
) -> Iterator[tuple[str, Guesses | CheckpointError]]:
    """Each model's guesses; of one that cannot answer, why, as the others can all the same.

    Raises
    ------
    PokeclfError
        For a picture that cannot be used, or when there is no such model.
    """
    for model in models:
        try:
            yield model, observations.get(path, model).observation.top(GUESSES)
        except CheckpointError as error:
            yield model, error


def first_guesses(guesses: Mapping[str, Guesses]) -> list[tuple[str, int]]:
    """Slugs of the species that models see, with how many see each, the most frequent first."""
    return Counter(row[0].species for row in guesses.values()).most_common()


def seen_by_most(guesses: Mapping[str, Guesses]) -> str:
    """The species that most models see: its slug."""
    return first_guesses(guesses)[0][0]


def seat(seen: Seen, guesses: Guesses, species: str | None) -> Seat:
    """A model's map by its own default method; for its best guess when no species is named."""
    found = explain(seen.classifier, seen.observation, species)
    method = default_method(seen.classifier)
    familiar = seen.observation.familiar
    return Seat(
        seen.classifier.card, guesses, familiar, method, found.species, found.layer, found.evidence
    )


def pictures(observations: Observations, found: Comparison) -> Pictures:
    """Every model's map over what it saw, with captions; first where most of them look.

    Raises
    ------
    PokeclfError
        When the picture or a model is no longer there.
    """
    crops = [crop_of(observations, found, seat) for seat in found.seats]
    shared = shared_scale(found.seats, SIDE)
    alone = [to_heatmap(seat.evidence, SIDE) for seat in found.seats]
    drawn: Pictures = []
    together = found.one_species and len(found.seats) > 1
    if together:
        marked = np.mean([brightest(each) for each in shared], 0, dtype=np.float32)
        drawn.append((overlay(crops[0], marked), "All together: where most of them look"))
    for place, (seat, crop) in enumerate(zip(found.seats, crops, strict=True)):
        # A root, or maps that spread over much of the picture would all be dark beside narrow ones.
        heatmap = np.sqrt(shared[place]) if found.maps == SAME else alone[place]
        caption = f"{seat.name}, {seat.method.name}, {seat.layer}: {of(seat.species).name}"
        if not brightest(alone[place]).any():
            caption += "; it marks nothing"
        elif together and place and brightest(alone[0]).any():
            caption += f"; overlap {100 * overlap(shared[0], shared[place]).share:.0f}{NBSP}%"
        drawn.append((overlay(crop, heatmap), caption))
    return drawn


def differences(
    observations: Observations, found: Comparison, pair: tuple[Seat, Seat]
) -> tuple[Overlap, Pictures]:
    """The overlap of two models' maps, and both on one scale with their difference."""
    crops = [crop_of(observations, found, seat) for seat in pair]
    one = pair[0].species == pair[1].species
    names = [seat.name if one else f"{seat.name}: {of(seat.species).name}" for seat in pair]
    return beside(pair, crops, names)


def beside(
    pair: Sequence[Explanation | Seat],
    crops: Sequence[Image.Image],
    names: Sequence[str],
    paint: Paint = Paint(),  # noqa: B008 - frozen
) -> tuple[Overlap, Pictures]:
    """The overlap of two maps, and both on one scale with their difference, with captions."""
    maps = shared_scale(pair, crops[0].width)
    drawn = [
        (overlay(crop, heatmap, paint), name)
        for crop, heatmap, name in zip(crops, maps, names, strict=True)
    ]
    between = difference_overlay(crops[0], difference(*maps), paint)
    drawn.append((between, f"Orange: {names[0]}; purple: {names[1]}"))
    return overlap(*maps), drawn


def crop_of(observations: Observations, found: Comparison, seat: Seat) -> Image.Image:
    """What a model saw, SIDE × SIDE pixels."""
    crop = observations.get(found.path, seat.model).observation.crop
    return crop.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
