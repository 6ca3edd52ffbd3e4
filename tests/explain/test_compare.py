"""Maps beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pokeclf import explain
from pokeclf.explain.compare import (
    across_heads,
    across_layers,
    brightest,
    difference,
    head_count,
    overlap,
    shared_scale,
)
from pokeclf.explain.result import to_heatmap


def _explanation(evidence, **further):
    heatmap = to_heatmap(evidence, 8)
    made = explain.Explanation(heatmap, evidence, "convmixer", "grad-cam", "abra", "last", 0.0)
    return replace(made, **further)


WEAK = np.array([[0.0, 1.0], [1.0, 1.0]], np.float32)
STRONG = np.array([[4.0, 0.0], [0.0, 0.0]], np.float32)


def test_maps_of_one_method_keep_their_unit():
    first, second = shared_scale((_explanation(WEAK), _explanation(STRONG)), 8)
    assert first.max() == pytest.approx(0.25)
    assert second.max() == 1
    assert min(first.min(), second.min()) == 0


def test_maps_without_a_common_unit_are_compared_by_shares():
    thousand = _explanation(1000 * WEAK, method="eigen-cam")
    first, second = shared_scale((_explanation(WEAK), thousand), 8)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_difference_has_a_sign_and_reaches_its_end():
    first, second = shared_scale((_explanation(WEAK), _explanation(STRONG)), 8)
    found = difference(first, second)
    assert found[0, 0] == pytest.approx(-1)
    assert found[7, 7] == pytest.approx(0.25)
    assert np.abs(difference(first, first + 1e-7)).max() < 1e-6  # noise is not stretched
    assert not difference(first, first).any()


def test_overlap_by_hand():
    first = np.zeros((10, 10), np.float32)
    second = first.copy()
    first[:2], second[1:3] = 1, 1
    assert overlap(first, first).share == 1
    assert overlap(first, second).share == 0.5
    assert overlap(first, 1 - first - second).share == 0


def test_places_without_heat_are_never_bright():
    nothing = np.zeros((10, 10), np.float32)
    spot, other = nothing.copy(), nothing.copy()
    spot[9, 8:], other[5, :2] = 1, 1
    assert brightest(spot).sum() == 2
    for pair in ((spot, other), (nothing, nothing), (nothing, spot)):
        assert overlap(*pair).share == 0
    assert overlap(spot, spot).share == 1
    assert overlap(spot, spot).chance == spot.astype(bool).mean()
    assert overlap(spot, nothing).chance == 0


def test_every_layer_and_every_head_gets_a_map(store, image):
    classifier = store.get("vit_frozen")
    seen = classifier.observe(image)
    told = []
    found = across_layers(
        classifier, seen, "eevee", "attention", explain.Options(head=1), told.append
    )
    assert [each.layer for each in found] == [f"block {n} of 12" for n in range(1, 13)]
    assert told[-1] == 1
    options = explain.Options(layer="block 3 of 12")
    heads = across_heads(classifier, seen, "eevee", "attention", options)
    assert len(heads) == head_count(classifier) == 3
    merged = explain.explain(classifier, seen, "eevee", "attention", options)
    np.testing.assert_allclose(
        np.mean([each.evidence for each in heads], 0), merged.evidence, atol=1e-6
    )
    assert head_count(store.get("convmixer")) == 0
