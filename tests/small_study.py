"""The study's table with recipes that train in seconds."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from pokeclf import study
from pokeclf.recipe import Further, Recipe
from pokeclf.study import StudyModel

SECOND = Further(2, ((1.0, 32),), 1e-3, 1e-4, 0.0, 1)
"""A second run of two epochs, for a recipe that shall have one."""


def small_study() -> tuple[StudyModel, ...]:
    """All models with recipes of three short epochs on small inputs."""
    return tuple(map(_small, study.STUDY))


def _small(model: StudyModel) -> StudyModel:
    recipe = model.recipes["tuned"]
    if isinstance(recipe, Recipe):
        recipe = replace(
            recipe, epochs=3, sizes=((0.4, 32), (0.6, 48)), eval_size=48, batch_size=8,
            views=min(recipe.views, 2), frozen_epochs=min(recipe.frozen_epochs, 1),
            further=None,
        )  # fmt: skip
    else:
        recipe = replace(recipe, settings=((3, 3), (5, 4)))
    return replace(model, recipes=MappingProxyType({"tuned": recipe, "study": recipe}))
