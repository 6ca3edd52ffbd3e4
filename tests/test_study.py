"""The table of the fifteen models, and that each can be built as it says."""

from __future__ import annotations

import pytest
import torch

from pokeclf import models, study
from pokeclf.errors import PokeclfError
from pokeclf.recipe import Recipe, TreeRecipe
from pokeclf.study import STUDY

NEURAL = [model for model in STUDY if not model.is_tree]


def test_fifteen_models_in_three_stages():
    assert len(STUDY) == len({model.id for model in STUDY}) == 15
    counts = {stage: sum(model.stage == stage for model in STUDY) for stage in study.STAGES}
    assert counts == {study.SCRATCH: 5, study.EXPERIMENT_1: 5, study.EXPERIMENT_2: 5}


@pytest.mark.parametrize("model", NEURAL, ids=lambda model: model.id)
def test_the_studys_parameter_count(model):
    with torch.device("meta"):  # counts 129 M parameters without holding them
        network = models.build(model.architecture, 151, model.study_backbone)
    assert models.parameter_count(network) == pytest.approx(model.study_parameters, rel=0.01)


@pytest.mark.parametrize("model", STUDY, ids=lambda model: model.id)
def test_every_model_has_both_recipes(model):
    kind = TreeRecipe if model.is_tree else Recipe
    assert set(model.recipes) == {"tuned", "study"}
    assert all(isinstance(recipe, kind) for recipe in model.recipes.values())


@pytest.mark.parametrize("model", NEURAL, ids=lambda model: model.id)
def test_the_recipes_are_consistent(model):
    for recipe in model.recipes.values():
        assert sum(share for share, _ in recipe.sizes) == pytest.approx(1)
    assert model.recipes["study"].lr == 1e-3
    assert model.recipes["study"].eval_size == 240
    assert model.recipes["study"].crop == 1


def test_trees_read_the_features_of_a_network_of_their_stage():
    for model in STUDY:
        if model.is_tree:
            source = study.find(model.features_from)
            assert source.stage == model.stage
            assert not source.is_tree
            assert model.recipes["tuned"].settings == ((100, 10), (200, 16), (300, 24))


def test_an_unknown_model_is_answered_with_the_known_ones():
    with pytest.raises(PokeclfError, match=r"no model 'resnet'.*convmixer"):
        study.find("resnet")
