"""What the Identify tab finds out about one picture, without any user interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from pokeclf.checkpoint import Card, CheckpointError
from pokeclf.classifier import Guess, Observation
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.explain import Explanation, Method, Options, explain, layers_of, methods_of, trust
from pokeclf.explain.compare import head_count
from pokeclf.explain.overlay import Paint
from pokeclf.explain.trust import Trust

NONE_TRAINED = "No model is trained yet, so nothing can be recognised."


@dataclass(frozen=True)
class Answer:
    """One picture, one model, and the explanation of one species.

    It is kept for each visitor, so it holds no tensors: at most 800 kB.

    Attributes
    ----------
    path : the uploaded file.
    size : width and height of the decoded picture.
    methods : the explanation methods of the model, its default first.
    layers : places that the chosen method can look at.
    heads : number of attention heads in a block, 0 for networks without attention.
    options : what a specialist chose for the explanation.
    crop : the square image that the model saw.
    probability : of the explained species, 0…1.
    familiar : whether the picture may show one of the classes, as far as is known.
    usual : whether the map was made with the settings that the method has by itself.
    examined : what is known of the methods' maps from many images; empty if they were not
        examined.
    seconds : time for the classification.
    paint : how the map on the page is drawn; None before it is.
    """

    path: str
    size: tuple[int, int]
    card: Card
    methods: tuple[Method, ...]
    layers: tuple[str, ...]
    heads: int
    options: Options
    guesses: tuple[Guess, ...]
    crop: Image.Image
    explanation: Explanation
    probability: float
    familiar: bool
    usual: bool
    examined: tuple[Trust, ...]
    seconds: float
    paint: Paint | None = None

    @property
    def method(self) -> Method:
        """The method of the explanation."""
        return next(method for method in self.methods if method.id == self.explanation.method)

    @property
    def trust(self) -> Trust | None:
        """What is known of maps like this one: by its method, with the usual settings."""
        known = (row for row in self.examined if row.method == self.method.id)
        return next(known, None) if self.usual else None

    @property
    def question(self) -> tuple:
        """What this answers: picture, model, species, method and options."""
        return (
            self.path,
            self.card.model,
            self.explanation.species,
            self.method.id,
            self.options,
        )

    def fits(
        self, path: str, model: str, count: int, species: str, method: str, options: Options
    ) -> bool:
        """Whether this answers just that question; what is left open fits anything."""
        options = replace(
            options,
            layer=options.layer or self.options.layer,
            against=options.against or self.options.against,
        )
        asked = (path, model, species, method, options)
        return self.question == asked and len(self.guesses) == count


def answer(
    observations: Observations,
    path: str,
    model: str | None,
    count: int = 5,
    species: str | None = None,
    method: str | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
    progress: Callable[[float], None] = lambda share: None,
) -> Answer:
    """Classify a picture and explain one of the guesses.

    Parameters
    ----------
    count : number of guesses.
    species : slug; the best guess when it is None or not among the guesses.
    method : id; the model's default when it is None or the model does not have it.
    options : a layer, head or species that does not fit is replaced by the method's default.
    progress : told the share of a slow method that is done; it may raise to cancel.

    Raises
    ------
    PokeclfError
        For a picture or a model that cannot be used.
    """
    if not model:
        raise PokeclfError(NONE_TRAINED)
    seen = observations.get(path, model)
    classifier, observation = seen.classifier, seen.observation
    guesses = observation.top(count)
    if species not in [guess.species for guess in guesses]:
        species = observation.best.species
    methods = methods_of(classifier)
    chosen = next((each for each in methods if each.id == method), methods[0])
    layers = layers_of(classifier, chosen)
    heads = head_count(classifier)
    options = fitting(options, layers, heads, species)
    explanation = explain(classifier, observation, species, chosen.id, options, progress)
    shown = replace(
        options,
        layer=explanation.layer if "layer" in chosen.takes else None,
        against=explanation.against,
    )
    return Answer(
        path=path,
        size=seen.size,
        card=classifier.card,
        methods=methods,
        layers=layers,
        heads=heads,
        options=shown,
        guesses=guesses,
        crop=observation.crop,
        explanation=explanation,
        probability=float(observation.probabilities[observation.classes.index(species)]),
        familiar=observation.familiar,
        usual=_are_usual(shown, chosen, layers, species, observation),
        examined=examined(observations.store.root / model, classifier.card, methods),
        seconds=observation.seconds,
    )


def guesses_with(observation: Observation, species: str | None, usual: int, most: int) -> int:
    """How many guesses have to be shown for a species to be among them, within bounds."""
    guesses = [guess.species for guess in observation.top(most)]
    return max(usual, guesses.index(species) + 1) if species in guesses else usual


def fitting(options: Options, layers: tuple[str, ...], heads: int, species: str) -> Options:
    """What is left over from another model, method or species falls back to the default."""
    return replace(
        options,
        layer=options.layer if options.layer in layers else None,
        against=options.against if options.against != species else None,
        head=options.head if options.head is not None and options.head < heads else None,
    )


def _are_usual(
    shown: Options,
    method: Method,
    layers: tuple[str, ...],
    species: str,
    observation: Observation,
) -> bool:
    """Whether the settings that a method reads are those that it has when nobody chooses any."""
    next_likeliest = next(g.species for g in observation.top(2) if g.species != species)
    usual = Options(layer=layers[-1], against=next_likeliest)
    return all(getattr(shown, name) == getattr(usual, name) for name in method.takes)


def examined(checkpoint: Path, card: Card, methods: tuple[Method, ...]) -> tuple[Trust, ...]:
    """What is known of the methods; a picture is explained even when that cannot be read."""
    try:
        known = trust.read(checkpoint, card.weights_sha256)
    except CheckpointError:
        return ()
    return tuple(known[method.id] for method in methods if method.id in known)
