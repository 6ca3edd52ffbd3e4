"""Maps against references written here, and with many threads at once."""

from __future__ import annotations

import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from pokeclf import explain
from pokeclf.errors import PokeclfError
from pokeclf.explain.cam import Tail
from pokeclf.explain.request import Request
from pokeclf.explain.result import to_heatmap
from tests.explain.conftest import MODELS, TREES


def _request(classifier, observation, species):
    layer = len(classifier.network.layers) - 1
    return Request(classifier, observation, species, species, layer, explain.Options())


@pytest.mark.parametrize("model", [*MODELS, *TREES])
def test_every_method_of_every_model_gives_a_clear_object(store, image, model):
    classifier = store.get(model)
    observation = classifier.observe(image)
    for method in explain.methods_of(classifier):
        result = explain.explain(classifier, observation, "eevee", method.id)
        assert result.heatmap.shape == (160, 160)
        assert result.heatmap.dtype == np.float32
        assert 0 <= result.heatmap.min() <= result.heatmap.max() <= 1
        assert (result.model, result.method, result.species) == (model, method.id, "eevee")


def test_explaining_changes_nothing_about_a_model(store, image):
    classifier = store.get("resnet18_frozen")
    observation = classifier.observe(image)
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    with pytest.raises(RuntimeError):  # fails half-way, after the hooks are set
        explain.METHODS["grad-cam"].compute(_request(classifier, observation, 10_000))
    explain.explain(classifier, observation, "pikachu", "grad-cam")
    for name, value in classifier.network.state_dict().items():
        assert torch.equal(value, before[name])
    for module in classifier.network.modules():
        assert not module.training
        assert not module._forward_hooks
    assert all(p.grad is None for p in classifier.network.parameters())
    assert observation.trunk.grad is None
    assert not observation.trunk.requires_grad


def test_many_threads_give_the_maps_that_one_gives(store, image):
    jobs = [
        (model, species, method.id)
        for model in (*MODELS, "random_forest_exp2")
        for method in explain.methods_of(store.get(model))
        if not method.slow
        for species in ("pikachu", "mew", "onix", "abra")
    ]

    def one(job):
        model, species, method = job
        classifier = store.get(model)
        return explain.explain(classifier, classifier.observe(image), species, method).heatmap

    def one_or_failure(number):
        if number % 5:
            return one(jobs[number % len(jobs)])
        classifier = store.get("resnet18_frozen")
        observation = classifier.observe(image)
        with pytest.raises(RuntimeError):  # half-way, after the hooks are set
            explain.METHODS["grad-cam"].compute(_request(classifier, observation, 10_000))
        return None

    alone = [one(job) for job in jobs]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(one_or_failure, range(3 * len(jobs))))
    for number, heatmap in enumerate(together):
        if heatmap is not None:
            np.testing.assert_array_equal(heatmap, alone[number % len(jobs)])


def _resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_a_thousand_explanations_leave_nothing_behind(store, image):
    jobs = (
        ("convmixer", "grad-cam"), ("convmixer", "finer-cam"), ("convmixer", "eigen-cam"),
        ("vit_frozen", "class-attention"), ("random_forest_exp2", "shap"),
    )  # fmt: skip
    seen = {model: store.get(model).observe(image) for model, _ in jobs}

    def explain_all(times):
        for _ in range(times):
            for model, method in jobs:
                explain.explain(store.get(model), seen[model], "pikachu", method)

    explain_all(20)
    before = _resident_mb()
    explain_all(200)
    assert _resident_mb() - before < 25


def test_what_a_model_does_not_have_is_said(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    with pytest.raises(PokeclfError, match="has no method 'rollout'; it has grad-cam, cam, "):
        explain.explain(classifier, observation, method="rollout")
    with pytest.raises(PokeclfError, match="does not know 'agumon'"):
        explain.explain(classifier, observation, "agumon")
    with pytest.raises(PokeclfError, match="no layer 'stage 9'; there are stage 1 of 8, "):
        explain.explain(classifier, observation, options=explain.Options(layer="stage 9"))
    for wrong, sentence in (
        ("abra", "compared with itself"), ("agumon", "does not know 'agumon'"),
    ):  # fmt: skip
        options = explain.Options(against=wrong)
        with pytest.raises(PokeclfError, match=sentence):
            explain.explain(classifier, observation, "abra", "finer-cam", options)
    transformer = store.get("vit_frozen")
    observation = transformer.observe(image)
    for method, options, sentence in (
        ("rollout", explain.Options(heads="sum"), "mean, max, min, not by 'sum'"),
        ("rollout", explain.Options(discard=1.0), "within 0 and 0.95"),
        ("attention", explain.Options(head=3), "heads 0 to 2"),
        ("attention", explain.Options(layer="block 13 of 12"), "no layer"),
    ):
        with pytest.raises(PokeclfError, match=sentence):
            explain.explain(transformer, observation, method=method, options=options)


def test_a_map_the_library_swallowed_is_an_error(store, image, monkeypatch):
    """pytorch-grad-cam turns an IndexError into a missing map; that must not pass as one."""
    classifier = store.get("convmixer")
    observation = classifier.observe(image)

    def broken(self, grid):
        raise IndexError

    monkeypatch.setattr(Tail, "forward", broken)
    with pytest.raises(RuntimeError, match="returned no map"):
        explain.explain(classifier, observation, "abra", "grad-cam")


def test_heatmaps_are_scaled_and_checked():
    flat = to_heatmap(np.full((3, 3), 7.0), 9)
    assert flat.max() == 0
    scaled = to_heatmap(np.array([[2.0, 4.0], [2.0, 2.0]]), 8)
    assert scaled.min() == 0
    assert scaled.max() == 1
    with pytest.raises(ValueError, match="finite"):
        to_heatmap(np.array([[np.nan]]), 4)
