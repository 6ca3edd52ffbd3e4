"""Recipes that are cut short."""

from __future__ import annotations

from dataclasses import replace

from pokeclf import study
from tests.small_study import SECOND


def test_fewer_epochs_are_those_of_both_runs():
    recipe = replace(study.find("convmixer").recipes["tuned"], epochs=3, further=SECOND)
    made = {asked: recipe.within(asked) for asked in (2, 3, 4, 9)}
    assert [each.epochs for each in made.values()] == [2, 3, 3, 3]
    assert [each.further and each.further.epochs for each in made.values()] == [None, None, 1, 2]
