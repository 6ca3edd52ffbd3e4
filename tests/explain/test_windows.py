"""Parts of the feature map left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pokeclf import explain
from pokeclf.explain.windows import windows
from tests.explain.conftest import TREES


def test_there_is_a_window_around_every_place():
    found = windows(4, 5)
    assert found.shape == (20, 4, 5)
    for row in range(4):
        for column in range(5):
            expected = torch.zeros(4, 5)
            expected[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 1
            assert torch.equal(found[5 * row + column], expected)


@pytest.mark.parametrize("model", TREES)
def test_each_place_tells_what_its_window_says_alone_and_what_is_lost_without_it(
    store, image, model
):
    classifier = store.get(model)
    observation = classifier.observe(image)
    found = explain.explain(classifier, observation, "pikachu")
    assert found.method == "feature-occlusion"
    network, trunk = classifier.network, observation.trunk
    number = observation.classes.index("pikachu")

    def says(places):
        """Of the mean of some places alone, asked of all classes."""
        kept = torch.zeros_like(trunk)
        if places.any():
            kept[:, :, places] = trunk[:, :, places] * places.numel() / places.sum()
        features = network.pool(kept)
        if "forest" in model:
            return network.ensemble.probabilities(features)[0, number].item()
        leaves = network.ensemble.nodes.leaf_of(features)[0]
        own = network.ensemble.tree_class == number
        added = network.ensemble.leaf_values[leaves[own]].sum()
        return (network.ensemble.base[number] + added).item()

    everything = torch.ones(trunk.shape[2:], dtype=torch.bool)
    for place in np.ndindex(found.evidence.shape):
        row, column = place
        window = torch.zeros_like(everything)
        window[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = True
        gain = says(window) - says(~everything) + says(everything) - says(~window)
        assert found.evidence[place] == pytest.approx(max(gain, 0), abs=1e-5)


def test_trees_behind_layers_show_windows_first_and_others_shap(store):
    classifier = store.get(TREES[0])
    assert explain.default_method(classifier).id == "feature-occlusion"
    source = classifier.network.source
    deep = source.head
    source.head = deep[-1:]
    try:
        assert explain.default_method(classifier).id == "shap"
    finally:
        source.head = deep
