"""Recipes that are cut short, or given smaller pictures."""

from __future__ import annotations

from dataclasses import replace

from pokeclf import study
from tests.small_study import SECOND

THIRD = replace(SECOND, epochs=4, lr=1e-5, cutmix=1.0)


def test_fewer_epochs_are_those_of_all_runs():
    recipe = replace(study.find("convmixer").recipes["tuned"], epochs=3)
    recipe = replace(recipe, further=replace(SECOND, further=THIRD))
    made = {asked: recipe.within(asked) for asked in (2, 3, 4, 5, 7, 20)}
    assert [[run.epochs for run in each.runs] for each in made.values()] == [
        [2], [3], [3, 1], [3, 2], [3, 2, 2], [3, 2, 4],
    ]  # fmt: skip


def test_another_side_is_that_of_every_run_and_of_serving():
    recipe = study.find("convmixer").recipes["tuned"]
    recipe = replace(recipe, further=replace(SECOND, further=THIRD)).at(48)
    assert recipe.eval_size == 48
    assert [run.sizes for run in recipe.runs] == [((1.0, 48),)] * 3
    assert [run.epochs for run in recipe.within(recipe.epochs + 1).runs][1:] == [1]
    assert recipe.at(64).runs[2].cutmix == THIRD.cutmix


def test_a_further_run_changes_what_it_states_and_keeps_the_rest():
    recipe = replace(study.find("convmixer").recipes["tuned"], crop=0.7, lr=0.5, cutmix=0.5)
    first, second, third = replace(recipe, further=replace(SECOND, further=THIRD)).runs
    assert first == recipe
    assert {each.crop for each in (second, third)} == {0.7}
    assert [each.lr for each in (first, second, third)] == [0.5, SECOND.lr, THIRD.lr]
    assert [each.cutmix for each in (first, second, third)] == [0.5, 0.5, 1.0]
