"""Where did the model look? One call for every model and method."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain.methods import METHODS, Method, default_method, layers_of, methods_of
from pokeclf.explain.request import Options, Request
from pokeclf.explain.result import Explanation, to_heatmap

__all__ = [
    "HEADS",
    "METHODS",
    "Explanation",
    "Method",
    "Options",
    "default_method",
    "explain",
    "layers_of",
    "method_of",
    "methods_of",
]

HEADS = ("mean", "max", "min")


def explain(
    classifier: Classifier,
    observation: Observation,
    species: str | None = None,
    method: str | None = None,
    options: Options = Options(),  # noqa: B008 - frozen
    progress: Callable[[float], None] = lambda share: None,
) -> Explanation:
    """Explain one observation.

    Parameters
    ----------
    observation : made by the same classifier.
    species : slug; the best guess when None.
    method : id from :data:`METHODS`; the model's default when None.
    options : choices of a specialist; those that the method does not take are ignored.
    progress : told the share that is done, 0…1, by slow methods; it may raise to cancel them.

    Raises
    ------
    PokeclfError
        For a species that the model does not know, or a method, layer or head that it does not
        have.
    """
    species = species or observation.best.species
    number = _class_number(observation, species)
    chosen = method_of(classifier, method)
    layers = layers_of(classifier, chosen)
    layer = _layer(layers, options.layer) if "layer" in chosen.takes else len(layers) - 1
    against = _against(observation, species, options) if "against" in chosen.takes else None
    _check_attention(classifier, chosen, options)
    start = time.perf_counter()
    request = Request(
        classifier=classifier,
        observation=observation,
        species=number,
        against=number if against is None else _class_number(observation, against),
        layer=layer,
        options=options,
        progress=progress,
    )
    evidence = np.asarray(chosen.compute(request), np.float32)
    return Explanation(
        heatmap=to_heatmap(evidence, observation.crop.width),
        evidence=evidence,
        model=observation.model,
        method=chosen.id,
        species=species,
        against=against,
        layer=layers[layer],
        settings=_settings(chosen, options),
        seconds=time.perf_counter() - start,
    )


def method_of(classifier: Classifier, name: str | None) -> Method:
    """The model's method of that id, its default when None.

    Raises
    ------
    PokeclfError
        When the model does not have it; the message names those that it has.
    """
    available = {entry.id: entry for entry in methods_of(classifier)}
    if name is None:
        return default_method(classifier)
    if name not in available:
        raise PokeclfError(
            f"Model {classifier.card.model} has no method {name!r}; it has {', '.join(available)}."
        )
    return available[name]


def _class_number(observation: Observation, species: str) -> int:
    if species not in observation.classes:
        raise PokeclfError(f"The model {observation.model} does not know {species!r}.")
    return observation.classes.index(species)


def _layer(layers: Sequence[str], name: str | None) -> int:
    if name is None:
        return len(layers) - 1
    if name not in layers:
        raise PokeclfError(f"There is no layer {name!r}; there are {', '.join(layers)}.")
    return layers.index(name)


def _against(observation: Observation, species: str, options: Options) -> str:
    """The species that is compared with: the next likeliest unless one is named."""
    if options.against == species:
        raise PokeclfError("A species cannot be compared with itself.")
    others = (guess.species for guess in observation.top(2) if guess.species != species)
    return options.against or next(others)


def _settings(method: Method, options: Options) -> tuple[str, ...]:
    """In words, what is chosen of the attention."""
    said = []
    if "head" in method.takes and options.head is not None:
        said.append(f"head {options.head + 1}")
    elif "heads" in method.takes:
        said.append(f"heads merged by {options.heads}")
    if "discard" in method.takes and options.discard:
        said.append(f"weakest {100 * options.discard:.0f} % of the attention left out")
    return tuple(said)


def _check_attention(classifier: Classifier, method: Method, options: Options) -> None:
    if "heads" in method.takes and options.heads not in HEADS:
        raise PokeclfError(f"Heads are merged by {', '.join(HEADS)}, not by {options.heads!r}.")
    if "discard" in method.takes and not 0 <= options.discard <= 0.95:
        raise PokeclfError("The share of attention that is discarded is within 0 and 0.95.")
    if "head" in method.takes and options.head is not None:
        heads = classifier.network.body.blocks[0].attn.num_heads
        if not 0 <= options.head < heads:
            raise PokeclfError(f"The model has the heads 0 to {heads - 1}.")
