"""What names a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pokeclf import checkpoint, hub, study
from pokeclf.recipe import Further, Recipe
from pokeclf.split import SPLIT_FILE, read_split
from train.workshop import Workshop, stated


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
    further = LaterFurther(**vars(recipe.further))
    later = LaterRecipe(**{**recipe.__dict__, "further": further})
    assert stated(later) == stated(recipe)
    assert stated(recipe)["further"]["epochs"] == recipe.further.epochs
    warmer = LaterRecipe(**{**recipe.__dict__, "further": replace(further, warmth=1.0)})
    assert stated(warmer) != stated(recipe)


@pytest.mark.parametrize("model", study.STUDY, ids=lambda model: model.id)
def test_the_bundled_checkpoints_are_those_of_the_recipes(model):
    """However keys are written: what is bundled would be trained anew if they changed."""
    card = checkpoint.read_card(hub.BUNDLED / model.id)
    split = read_split(hub.BUNDLED / SPLIT_FILE)
    shop = Workshop(None, split, hub.BUNDLED, Path(), None, card.recipe, card.seed, None)
    assert shop.run_key(model) == card.settings["run"]
