"""What is said of the tree ensembles is what the stored results say."""

from __future__ import annotations

import pytest

from pokeclf import hub, study, treefindings
from pokeclf.library import Library
from tests.test_findings import cells


@pytest.fixture(scope="module")
def shelf():
    return Library(hub.BUNDLED).shelf()


def test_the_studys_table_of_trees_has_both_experiments(shelf):
    rows = cells(treefindings.experiments_on_trees(shelf.tuned))[1:]
    assert len(rows) == 9
    assert rows[0][:3] == ["XGBoost", "100 trees, depth 10", "41 %"]
    assert rows[-1][0] == "Extra Trees"
    assert rows[-1][4] == "66 %"
    tried = shelf.tuned["extra_trees_exp1"].card.candidates[-1]
    assert rows[-1][3] == f"{100 * tried['test_accuracy']:.1f} %"
    missing = cells(treefindings.experiments_on_trees({}))[1]
    assert missing == ["XGBoost", "100 trees, depth 10", "41 %", "–", "57 %", "–"]


def test_all_settings_of_the_trees_stand_in_a_table(shelf):
    rows = cells(treefindings.tree_settings(shelf.tuned))[1:]
    trees = [each for each in shelf.tuned if study.find(each).is_tree]
    assert len(rows) == 3 * len(trees)
    assert sum("chosen" in row[-1] for row in rows) == len(trees)
