"""Shapley values against XGBoost's own and against their definition."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from xgboost import DMatrix, XGBClassifier

from pokeclf import explain
from pokeclf.explain.result import to_heatmap
from pokeclf.explain.shap import shap_values
from pokeclf.models.trees import Boosted, Forest
from tests.explain.conftest import TREES
from train.trees import packed


@pytest.fixture(scope="module")
def data():
    x, y = make_classification(
        500, 6, n_informative=5, n_redundant=0, n_classes=4, n_clusters_per_class=1, random_state=0
    )
    return x.astype(np.float32), y


def test_boosted_values_are_xgboosts_own(data):
    x, y = data
    booster = XGBClassifier(n_estimators=20, max_depth=5, n_jobs=1).fit(x, y)
    ours = Boosted(packed(booster))
    theirs = booster.get_booster().predict(DMatrix(x[:6]), pred_contribs=True)
    margins = booster.get_booster().predict(DMatrix(x[:6]), output_margin=True)
    for row, species in ((0, 0), (1, 3), (5, 2)):
        values, base = shap_values(ours, torch.from_numpy(x[row]), species)
        np.testing.assert_allclose(values.numpy(), theirs[row, species, :-1], atol=1e-4)
        assert base == pytest.approx(theirs[row, species, -1], abs=1e-4)
        assert base + float(values.sum()) == pytest.approx(margins[row, species], abs=1e-4)


def _expected(forest, known, row, species):
    """The forest's answer when only some features are known: others go both ways, weighted."""

    def below(tree, node):
        if tree.children_left[node] < 0:
            return tree.value[node, 0, species] / tree.value[node, 0].sum()
        left, right = tree.children_left[node], tree.children_right[node]
        feature = tree.feature[node]
        if feature in known:
            return below(tree, left if row[feature] <= tree.threshold[node] else right)
        weight = tree.weighted_n_node_samples
        both = weight[left] * below(tree, left) + weight[right] * below(tree, right)
        return both / weight[node]

    return np.mean([below(each.tree_, 0) for each in forest.estimators_])


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("depth", [3, 8])  # deeper than there are features: some repeat
def test_a_forests_values_are_shapleys(data, kind, depth):
    x, y = data
    forest = kind(5, max_depth=depth, random_state=0).fit(x, y)
    values, base = shap_values(Forest(packed(forest), 4), torch.from_numpy(x[3]), 2)
    expected = np.zeros(6)
    for feature in range(6):
        others = [each for each in range(6) if each != feature]
        for size in range(6):
            share = factorial(size) * factorial(5 - size) / factorial(6)
            for known in combinations(others, size):
                gain = _expected(forest, {*known, feature}, x[3], 2)
                expected[feature] += share * (gain - _expected(forest, set(known), x[3], 2))
    np.testing.assert_allclose(values.numpy(), expected, atol=1e-6)
    assert base == pytest.approx(_expected(forest, set(), x[3], 2), abs=1e-6)
    probability = forest.predict_proba(x[3:4])[0, 2]
    assert base + float(values.sum()) == pytest.approx(probability, abs=1e-4)


def test_trees_that_learned_nothing_have_nothing_to_say():
    x, y = np.zeros((30, 4), np.float32), np.repeat([0, 1, 2], 10)
    forest = RandomForestClassifier(3, random_state=0).fit(x, y)
    values, base = shap_values(Forest(packed(forest), 3), torch.zeros(4), 1)
    assert not values.any()
    assert base == pytest.approx(forest.predict_proba(x[:1])[0, 1], abs=1e-6)


@pytest.mark.parametrize("model", TREES)
def test_the_map_carries_the_values_back_to_their_places(store, image, model):
    classifier = store.get(model)
    observation = classifier.observe(image)
    found = explain.explain(classifier, observation, "pikachu", "shap")
    network, trunk = classifier.network, observation.trunk
    features = network.pool(trunk)[0]
    number = observation.classes.index("pikachu")
    values, _ = shap_values(network.ensemble, features, number)
    # How each place's activation moves each feature.
    with torch.enable_grad():
        grid = trunk.clone().requires_grad_(True)
        pooled = network.pool(grid)[0]
        total = torch.zeros(trunk.shape[2:])
        for feature in features.nonzero().flatten().tolist():
            (gradient,) = torch.autograd.grad(pooled[feature], grid, retain_graph=True)
            total += values[feature] / features[feature] * (gradient * trunk)[0].sum(0)
    expected = to_heatmap(total.clamp(min=0).numpy(), observation.crop.width)
    np.testing.assert_allclose(found.heatmap, expected, atol=1e-4)
