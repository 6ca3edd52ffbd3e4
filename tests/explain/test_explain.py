"""Maps against references written here, and with many threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from pokeclf import explain
from pokeclf.classifier import ModelStore
from pokeclf.errors import PokeclfError
from pokeclf.explain.cam import Tail
from pokeclf.explain.overlay import overlay
from pokeclf.explain.result import Explanation, to_heatmap
from tests.tiny_checkpoints import write_random_checkpoint

MODELS = ("convmixer", "resnet18_frozen", "vit_frozen")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    for model in MODELS:
        write_random_checkpoint(root, model)
    return ModelStore(root)


@pytest.fixture(scope="module")
def image():
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (12, 9, 3), dtype=np.uint8))
    return coarse.resize((180, 240), Image.Resampling.BICUBIC)


def _reference_grad_cam(classifier, observation, species):
    """Grad-CAM by plain autograd (Selvaraju et al. 2017, equations 1 and 2), as a full map."""
    trunk = observation.trunk.clone().requires_grad_(True)
    logit = classifier.network.forward_tail(trunk)[0, species]
    (gradient,) = torch.autograd.grad(logit, trunk)
    if trunk.dim() == 3:
        side = round((trunk.shape[1] - 1) ** 0.5)
        trunk, gradient = (t[0, 1:].T.view(-1, side, side) for t in (trunk, gradient))
    else:
        trunk, gradient = trunk[0], gradient[0]
    weights = gradient.mean((1, 2))
    cam = torch.einsum("c,chw->hw", weights, trunk).relu().detach().numpy()
    return to_heatmap(cam, observation.crop.width)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("species", ["pikachu", "gengar"])
def test_grad_cam_agrees_with_plain_autograd(store, image, model, species):
    classifier = store.get(model)
    observation = classifier.observe(image)
    found = explain.explain(classifier, observation, species, "grad-cam").heatmap
    expected = _reference_grad_cam(classifier, observation, observation.classes.index(species))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_grad_cam_agrees_with_the_librarys_usual_set_up(store, image):
    classifier = store.get("resnet18_frozen")
    observation = classifier.observe(image)
    number = observation.classes.index("pikachu")
    with GradCAM(classifier.network, [classifier.network.body.layer4[-1]]) as cam:
        usual = cam(
            observation.inputs.clone().requires_grad_(True), [ClassifierOutputTarget(number)]
        )[0]
    ours = explain.explain(classifier, observation, "pikachu", "grad-cam").heatmap
    assert np.corrcoef(usual.ravel(), ours.ravel())[0, 1] > 0.999


def test_rollout_agrees_with_matrices_taken_by_hooks(store, image):
    classifier = store.get("vit_frozen")
    observation = classifier.observe(image)
    body = classifier.network.body
    matrices, handles = [], []
    for block in body.blocks:
        block.attn.fused_attn = False  # so that the matrix passes through attn_drop
        handles.append(
            block.attn.attn_drop.register_forward_hook(
                lambda module, inputs, output: matrices.append(output[0].mean(0))
            )
        )
    classifier.logits(observation.inputs)
    for handle in handles:
        handle.remove()
    for block in body.blocks:
        block.attn.fused_attn = True
    rollout, rows = torch.eye(len(matrices[0])), []
    for matrix in matrices:
        rollout = (0.5 * matrix + 0.5 * torch.eye(len(matrix))) @ rollout
        rows.append(rollout[0, 1:])
    side = observation.crop.width // 16
    mean = sum(rows[-7:]) / 7  # the deep head reads the class token after seven blocks
    expected = to_heatmap(mean.view(side, side).numpy(), observation.crop.width)
    found = explain.explain(classifier, observation, method="rollout").heatmap
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_occlusion_finds_the_only_place_that_counts(store, image):
    """A model that reads one corner only is explained by that corner."""
    classifier = store.get("convmixer")

    class Corner(torch.nn.Module):
        def forward_trunk(self, x):
            return x[:, :, -30:, -30:].mean((1, 2, 3))[:, None]

        def forward_tail(self, trunk):
            return torch.cat([trunk * 10, torch.zeros(len(trunk), 150)], 1)

    corner = type(classifier)(classifier.card, Corner())
    pixels = np.zeros((160, 160, 3), np.uint8)
    pixels[-30:, -30:] = 255
    observation = corner.observe(Image.fromarray(pixels))
    heatmap = explain.explain(corner, observation, "abra", "occlusion").heatmap
    assert heatmap[-10:, -10:].min() > 0.9
    assert heatmap[:70, :70].max() < 1e-3


@pytest.mark.parametrize("model", MODELS)
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
        explain.METHODS["grad-cam"].compute(classifier, observation, 10_000)
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
        for model in MODELS
        for method in explain.methods_of(store.get(model))
        if method.id != "occlusion"
        for species in ("pikachu", "mew", "onix", "abra")
    ]

    def one(job):
        model, species, method = job
        classifier = store.get(model)
        return explain.explain(classifier, classifier.observe(image), species, method).heatmap

    alone = [one(job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(one, jobs * 3))
    for number, heatmap in enumerate(together):
        np.testing.assert_allclose(heatmap, alone[number % len(jobs)], atol=1e-5)


def test_what_a_model_does_not_have_is_said(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    with pytest.raises(PokeclfError, match="has no method 'rollout'; it has grad-cam, occlusion"):
        explain.explain(classifier, observation, method="rollout")
    with pytest.raises(PokeclfError, match="does not know 'agumon'"):
        explain.explain(classifier, observation, "agumon")


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


def test_the_overlay_shows_the_picture_at_strength_0():
    crop = Image.new("RGB", (16, 16), (10, 200, 30))
    heatmap = np.zeros((16, 16), np.float32)
    heatmap[:8] = 1
    result = Explanation(heatmap, "convmixer", "grad-cam", "abra", "", 0.0)
    assert overlay(crop, result, 0).tobytes() == crop.tobytes()
    full = np.asarray(overlay(crop, result, 1))
    assert (full[0, 0] > full[15, 15]).sum() >= 2  # bright where the map is strong
    with pytest.raises(ValueError, match="strength"):
        overlay(crop, result, 1.5)
