"""What the Identify tab finds out about one picture, without any user interface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pokeclf.checkpoint import Card
from pokeclf.classifier import Guess, ModelStore
from pokeclf.errors import PokeclfError
from pokeclf.explain import Explanation, Method, explain, methods_of
from pokeclf.imaging import decode


@dataclass(frozen=True)
class Answer:
    """One picture, one model, and the explanation of one species.

    It is kept for each visitor, so it holds no tensors: some 400 kB.

    Attributes
    ----------
    path : the uploaded file.
    size : width and height of the decoded picture.
    methods : the explanation methods of the model, its default first.
    crop : the square image that the model saw.
    probability : of the explained species, 0…1.
    seconds : time for the classification.
    """

    path: str
    size: tuple[int, int]
    card: Card
    methods: tuple[Method, ...]
    guesses: tuple[Guess, ...]
    crop: Image.Image
    explanation: Explanation
    probability: float
    seconds: float

    @property
    def method(self) -> Method:
        """The method of the explanation."""
        return next(method for method in self.methods if method.id == self.explanation.method)

    def fits(self, path: str, model: str, count: int, species: str, method: str) -> bool:
        """Whether this answers just that question."""
        mine = (
            self.path,
            self.card.model,
            len(self.guesses),
            self.explanation.species,
            self.method.id,
        )
        return mine == (path, model, count, species, method)


def answer(
    store: ModelStore,
    path: str,
    model: str | None,
    count: int = 5,
    species: str | None = None,
    method: str | None = None,
) -> Answer:
    """Classify a picture and explain one of the guesses.

    Parameters
    ----------
    count : number of guesses.
    species : slug; the best guess when it is None or not among the guesses.
    method : id; the model's default when it is None or the model does not have it.

    Raises
    ------
    PokeclfError
        For a picture or a model that cannot be used.
    """
    image = read(path)
    if not model:
        raise PokeclfError("No model is trained yet, so nothing can be recognised.")
    classifier = store.get(model)
    observation = classifier.observe(image)
    guesses = observation.top(count)
    if species not in [guess.species for guess in guesses]:
        species = observation.best.species
    methods = methods_of(classifier)
    if method not in [each.id for each in methods]:
        method = methods[0].id
    return Answer(
        path=path,
        size=image.size,
        card=classifier.card,
        methods=methods,
        guesses=guesses,
        crop=observation.crop,
        explanation=explain(classifier, observation, species, method),
        probability=float(observation.probabilities[observation.classes.index(species)]),
        seconds=observation.seconds,
    )


def read(path: str) -> Image.Image:
    """Decode an uploaded file; uploads are deleted after a day, even while a page is open."""
    if not Path(path).is_file():
        raise PokeclfError("The picture is no longer on the server; please choose it again.")
    return decode(path)
