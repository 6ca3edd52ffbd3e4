"""Covering parts of the image."""

from __future__ import annotations

import pytest
import torch

from pokeclf import explain
from pokeclf.explain.masking import random_masks


@pytest.fixture(autouse=True)
def any_network(monkeypatch, request):
    """The corner has no ``head``; which methods it has is not asked here."""
    if "corner" in request.fixturenames:
        methods = tuple(explain.METHODS[name] for name in ("occlusion", "rise"))
        monkeypatch.setattr(explain, "methods_of", lambda classifier: methods)


def test_occlusion_finds_the_only_place_that_counts(corner, corner_seen):
    heatmap = explain.explain(corner, corner_seen, "abra", "occlusion").heatmap
    assert heatmap[-10:, -10:].min() > 0.9
    assert heatmap[:70, :70].max() < 1e-3


def test_rise_finds_the_only_place_that_counts(corner, corner_seen):
    heatmap = explain.explain(corner, corner_seen, "abra", "rise").heatmap
    assert heatmap[-20:, -20:].mean() > 0.8
    assert heatmap[-20:, -20:].mean() > 2 * heatmap[:80, :80].mean()


def test_masks_show_half_and_move_about():
    masks = random_masks(200, 100)
    assert masks.shape == (200, 1, 100, 100)
    assert 0.45 < masks.mean() < 0.55
    assert masks.mean(0).std() < 0.06  # no place is preferred
    assert torch.equal(masks, random_masks(200, 100))


def test_slow_methods_tell_progress_and_can_be_cancelled(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    told = []
    explain.explain(classifier, observation, method="rise", progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len(told) > 5

    def cancel(share):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain.explain(classifier, observation, method="occlusion", progress=cancel)
