"""Where did the model look? One call for every model and method."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain.attention import attention_rollout
from pokeclf.explain.cam import grad_cam
from pokeclf.explain.occlusion import occlusion
from pokeclf.explain.result import Explanation, to_heatmap
from pokeclf.models.trees import TreeNetwork
from pokeclf.models.vit import ViT

__all__ = ["METHODS", "Explanation", "Method", "default_method", "explain", "methods_of"]


@dataclass(frozen=True)
class Method:
    """A way to explain.

    Attributes
    ----------
    sentence : what the map shows, for people who have never heard of it.
    per_species : whether the map depends on the explained species.
    compute : (classifier, observation, class index) → map h × w, larger meaning more.
    """

    id: str
    name: str
    sentence: str
    per_species: bool
    compute: Callable[[Classifier, Observation, int], np.ndarray]


METHODS: dict[str, Method] = {
    method.id: method
    for method in (
        Method(
            "grad-cam",
            "Grad-CAM",
            "Bright places are those whose features raise the model's score for this species.",
            True,
            grad_cam,
        ),
        Method(
            "rollout",
            "Attention rollout",
            "Bright patches are those whose content the transformer passes on to its answer; "
            "the map is the same for every species.",
            False,
            attention_rollout,
        ),
        Method(
            "occlusion",
            "Occlusion",
            "Bright places are those that make the model less sure of this species "
            "when they are covered.",
            True,
            occlusion,
        ),
    )
}


def methods_of(classifier: Classifier) -> tuple[Method, ...]:
    """The methods that a model has, its default first."""
    if isinstance(classifier.network, TreeNetwork):
        names = ("occlusion",)
    elif isinstance(classifier.network, ViT):
        names = ("rollout", "grad-cam", "occlusion")
    else:
        names = ("grad-cam", "occlusion")
    return tuple(METHODS[name] for name in names)


def default_method(classifier: Classifier) -> Method:
    """The method that is used when none is named."""
    return methods_of(classifier)[0]


def explain(
    classifier: Classifier,
    observation: Observation,
    species: str | None = None,
    method: str | None = None,
) -> Explanation:
    """Explain one observation.

    Parameters
    ----------
    observation : made by the same classifier.
    species : slug; the best guess when None.
    method : id from :data:`METHODS`; the model's default when None.

    Raises
    ------
    PokeclfError
        For a species that the model does not know or a method that it does not have.
    """
    species = species or observation.best.species
    if species not in observation.classes:
        raise PokeclfError(f"The model {observation.model} does not know {species!r}.")
    available = {entry.id: entry for entry in methods_of(classifier)}
    if method is not None and method not in available:
        raise PokeclfError(
            f"Model {observation.model} has no method {method!r}; it has {', '.join(available)}."
        )
    chosen = available[method] if method else default_method(classifier)
    start = time.perf_counter()
    grid = chosen.compute(classifier, observation, observation.classes.index(species))
    return Explanation(
        heatmap=to_heatmap(grid, observation.crop.width),
        model=observation.model,
        method=chosen.id,
        species=species,
        layer=_layer(classifier, chosen),
        seconds=time.perf_counter() - start,
    )


def _layer(classifier: Classifier, method: Method) -> str:
    if method.id == "occlusion":
        return "input image"
    if method.id == "rollout":
        return "all attention layers"
    if isinstance(classifier.network, ViT):
        blocks, read = classifier.network.body.blocks, classifier.network.read_blocks
        return f"input of block {len(blocks) - read + 1} of {len(blocks)}"
    return "last feature map"
