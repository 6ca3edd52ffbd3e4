"""Sparse forests against scikit-learn's own answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from pokeclf.models.trees import Boosted, Forest, pack_forest


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
    ours = Forest(pack_forest(tree.tree_ for tree in forest.estimators_), 13, 12)
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
    ours = Forest(pack_forest(tree.tree_ for tree in forest.estimators_), 9, 12)
    found = ours.probabilities(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(found, forest.predict_proba(rows), atol=1e-6)


def test_a_forest_of_single_leaves():
    x = np.zeros((30, 4), np.float32)
    y = np.repeat([0, 1, 2], 10)
    forest = RandomForestClassifier(3, random_state=0).fit(x, y)
    ours = Forest(pack_forest(tree.tree_ for tree in forest.estimators_), 3, 3)
    np.testing.assert_allclose(
        ours.probabilities(torch.from_numpy(x)).numpy(), forest.predict_proba(x), atol=1e-6
    )


def test_incomplete_arrays_are_refused(data):
    x, y = data
    forest = ExtraTreesClassifier(5, random_state=0).fit(x, y)
    arrays = pack_forest(tree.tree_ for tree in forest.estimators_)
    with pytest.raises(ValueError, match="complete trees"):
        Forest({**arrays, "feature": arrays["feature"][:-1]}, 5, 12)
    with pytest.raises(ValueError, match="complete trees"):
        Forest(arrays, 4, 12)
    with pytest.raises(ValueError, match="leaves"):
        Forest({**arrays, "leaf_sizes": arrays["leaf_sizes"][:-1]}, 5, 12)


def test_a_booster_answers_as_it_was_trained(data):
    from xgboost import XGBClassifier

    x, y = data
    trained = XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1).fit(x, y)
    ours = Boosted(bytes(trained.get_booster().save_raw("ubj")))
    found = ours.probabilities(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, trained.predict_proba(x), atol=1e-6)
