"""What names a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from pokeclf import study
from pokeclf.recipe import Further, Recipe
from train.workshop import stated


@dataclass(frozen=True)
class LaterFurther(Further):
    """As it may be one day."""

    warmth: float = 0.5


@dataclass(frozen=True)
class LaterRecipe(Recipe):
    """As it may be one day."""

    tail: int = 3


def test_a_new_field_does_not_make_what_was_trained_before_stale():
    recipe = study.find("vit_finetuned").recipes["tuned"]
    further = LaterFurther(**asdict(recipe.further))
    later = LaterRecipe(**{**recipe.__dict__, "further": further})
    assert stated(later) == stated(recipe)
    assert stated(recipe)["further"]["epochs"] == recipe.further.epochs
    warmer = LaterRecipe(**{**recipe.__dict__, "further": replace(further, warmth=1.0)})
    assert stated(warmer) != stated(recipe)
