"""Sparse forests against scikit-learn's own answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from xgboost import XGBClassifier

from pokeclf.models.nodes import Nodes
from pokeclf.models.trees import Boosted, Forest
from train.trees import packed


@pytest.fixture(scope="module")
def data():
    x, y = make_classification(
        600, 24, n_informative=12, n_classes=12, n_clusters_per_class=1, random_state=0
    )
    return x.astype(np.float32), y


@pytest.mark.parametrize("kind", [ExtraTreesClassifier, RandomForestClassifier])
@pytest.mark.parametrize("options", [{"max_depth": 3}, {"max_depth": 24}, {"min_samples_leaf": 4}])
def test_probabilities_are_scikit_learns(data, kind, options):
    x, y = data
    forest = kind(13, random_state=0, **options).fit(x[:400], y[:400])
    ours = Forest(packed(forest), 12)
    expected = forest.predict_proba(x)
    found = ours.probabilities(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    one = ours.probabilities(torch.from_numpy(x[:1])).numpy()
    np.testing.assert_allclose(one, expected[:1], atol=1e-6)


def test_values_on_a_threshold_go_left(data):
    x, y = data
    x = np.round(x)  # many values equal each other and lie close to thresholds
    forest = ExtraTreesClassifier(9, random_state=0).fit(x, y)
    thresholds = np.concatenate([tree.tree_.threshold for tree in forest.estimators_])
    rows = np.repeat(x[:1], len(thresholds), 0)
    rows[np.arange(len(rows)), np.arange(len(rows)) % 24] = thresholds.astype(np.float32)
    ours = Forest(packed(forest), 12)
    found = ours.probabilities(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(found, forest.predict_proba(rows), atol=1e-6)


def test_a_forest_of_single_leaves():
    x = np.zeros((30, 4), np.float32)
    y = np.repeat([0, 1, 2], 10)
    forest = RandomForestClassifier(3, random_state=0).fit(x, y)
    ours = Forest(packed(forest), 3)
    np.testing.assert_allclose(
        ours.probabilities(torch.from_numpy(x)).numpy(), forest.predict_proba(x), atol=1e-6
    )


def test_incomplete_arrays_are_refused(data):
    x, y = data
    forest = ExtraTreesClassifier(5, random_state=0).fit(x, y)
    arrays = packed(forest)
    with pytest.raises(ValueError, match="complete trees"):
        Forest({**arrays, "feature": arrays["feature"][:-1]}, 12)
    with pytest.raises(ValueError, match="complete trees"):
        Forest({**arrays, "trees": torch.tensor(4)}, 12)
    circle = torch.tensor([-1, 5, -1], dtype=torch.int16)  # an inner node that is its own child
    with pytest.raises(ValueError, match="complete trees"):
        Nodes(circle, torch.zeros(1), 1)
    with pytest.raises(ValueError, match="leaves"):
        Forest({**arrays, "leaf_sizes": arrays["leaf_sizes"][:-1]}, 12)
    with pytest.raises(ValueError, match="thresholds"):
        Forest({**arrays, "threshold": arrays["threshold"][:-1]}, 12)


def test_a_leaf_of_many_images_keeps_its_shares():
    """More than a byte can count."""
    x, y = np.zeros((900, 2), np.float32), np.repeat([0, 1], [300, 600])
    forest = ExtraTreesClassifier(2, random_state=0).fit(x, y)
    ours = Forest(packed(forest), 2)
    found = ours.probabilities(torch.zeros(1, 2)).numpy()
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3]], atol=1e-6)


@pytest.mark.parametrize("rounds", [5, 60])  # after 60 many trees are single leaves
def test_a_booster_answers_as_it_was_trained(data, rounds):
    x, y = data
    x = np.round(x, 1)  # values lie on thresholds
    options = {"max_depth": 3, "gamma": 1.0, "n_jobs": 1}
    trained = XGBClassifier(n_estimators=rounds, **options).fit(x[:300], y[:300])
    ours = Boosted(packed(trained))
    found = ours.probabilities(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, trained.predict_proba(x), atol=1e-5)
    if rounds == 60:
        assert ours.nodes.trees < 12 * rounds


def test_what_is_explained_of_a_class(data):
    """A forest's probability, and a booster's margin, for which its own trees are enough."""
    x, y = data
    rows = torch.from_numpy(x[:40])
    forest = RandomForestClassifier(5, random_state=0).fit(x, y)
    found = Forest(packed(forest), 12).scores(rows, 7)
    np.testing.assert_allclose(found, forest.predict_proba(x[:40])[:, 7], atol=1e-6)
    booster = XGBClassifier(n_estimators=6, max_depth=4).fit(x, y)
    margins = booster.predict(x[:40], output_margin=True)
    np.testing.assert_allclose(Boosted(packed(booster)).scores(rows, 7), margins[:, 7], atol=1e-4)


def test_a_booster_that_learned_nothing():
    x, y = np.zeros((30, 4), np.float32), np.repeat([0, 1, 2], [5, 10, 15])
    trained = XGBClassifier(n_estimators=3, n_jobs=1).fit(x, y)
    ours = Boosted(packed(trained))
    found = ours.probabilities(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, trained.predict_proba(x), atol=1e-6)


def test_incomplete_boosters_are_refused(data):
    x, y = data
    trained = XGBClassifier(n_estimators=2, max_depth=3, n_jobs=1).fit(x, y)
    arrays = packed(trained)
    with pytest.raises(ValueError, match="leaves"):
        Boosted({**arrays, "leaf_values": arrays["leaf_values"][:-1]})
    with pytest.raises(ValueError, match="classes"):
        Boosted({**arrays, "base": arrays["base"][:-1]})
    with pytest.raises(ValueError, match="thresholds"):
        Boosted({**arrays, "threshold": arrays["threshold"][:-1]})


def test_what_explanations_keep_is_known_beforehand(data):
    x, y = data
    nodes = Forest(packed(ExtraTreesClassifier(5, random_state=0).fit(x, y)), 12).nodes
    kept = (
        nodes.parent,
        nodes.leaf_tree,
        nodes.summed_up(torch.ones(nodes.leaves)),
    )
    assert sum(each.nbytes for each in kept) == nodes.explanation_bytes
    assert float(kept[-1][nodes.root].sum()) == nodes.leaves  # the roots see all leaves
