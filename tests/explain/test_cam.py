"""Class activation maps against plain autograd and the library's usual set-up."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from pokeclf import explain
from pokeclf.explain import cam
from pokeclf.explain.result import to_heatmap
from tests.explain.conftest import MODELS


def _map_and_gradient(classifier, observation, score, layer=-1):
    """C × h × w: the map at a place, and the gradient of a score there."""
    network = classifier.network
    layer %= len(network.layers)
    with torch.enable_grad():
        features = network.forward_to(observation.inputs, layer).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(score(network.forward_from(features, layer)[0]), features)
    features = features.detach()
    if features.dim() == 3:
        side = round((features.shape[1] - 1) ** 0.5)
        return tuple(t[0, 1:].T.reshape(-1, side, side) for t in (features, gradient))
    return features[0], gradient[0]


def _grad_cam(features, gradient):
    """Selvaraju et al. 2017, equations 1 and 2."""
    return torch.einsum("c,chw->hw", gradient.mean((1, 2)), features)


def _hires_cam(features, gradient):
    return (features * gradient).sum(0)


def _layer_cam(features, gradient):
    return (features * gradient.clamp(min=0)).sum(0)


def _xgrad_cam(features, gradient):
    share = features / (features.sum((1, 2), keepdim=True) + 1e-7)
    return torch.einsum("c,chw->hw", (gradient * share).sum((1, 2)), features)


def _grad_cam_plus_plus(features, gradient):
    """Chattopadhay et al. 2018, equation 19."""
    below = 2 * gradient**2 + features.sum((1, 2), keepdim=True) * gradient**3 + 1e-6
    alpha = torch.where(gradient != 0, gradient**2 / below, 0.0)
    return torch.einsum("c,chw->hw", (gradient.clamp(min=0) * alpha).sum((1, 2)), features)


REFERENCES = {
    "grad-cam": _grad_cam, "hires-cam": _hires_cam, "layer-cam": _layer_cam,
    "xgrad-cam": _xgrad_cam, "grad-cam++": _grad_cam_plus_plus,
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (model, method)
        for model in MODELS
        for method in REFERENCES
        if model != "vit_frozen" or method not in ("grad-cam++", "xgrad-cam")
    ],
)
@pytest.mark.parametrize("layer", [0, -1])
def test_maps_agree_with_plain_autograd(store, image, model, method, layer):
    classifier = store.get(model)
    observation = classifier.observe(image)
    number = observation.classes.index("pikachu")
    parts = _map_and_gradient(classifier, observation, lambda logits: logits[number], layer)
    evidence = REFERENCES[method](*parts).relu().numpy()
    options = explain.Options(layer=classifier.network.layers[layer])
    found = explain.explain(classifier, observation, "pikachu", method, options)
    assert found.layer == options.layer
    np.testing.assert_allclose(
        found.heatmap, to_heatmap(evidence, observation.crop.width), atol=1e-4
    )
    scale = evidence.max() or 1
    np.testing.assert_allclose(found.evidence / scale, evidence / scale, atol=1e-4)


def test_cam_is_the_weighted_map(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    number = observation.classes.index("mew")
    weights = classifier.network.head[-1].weight[number]
    expected = (weights[:, None, None] * observation.trunk[0]).sum(0)
    found = explain.explain(classifier, observation, "mew", "cam")
    np.testing.assert_allclose(found.evidence, expected.clamp(min=0).numpy(), atol=1e-5)
    # Before it is rectified, its mean and the bias are the logit.
    logit = classifier.logits(observation.inputs)[0, number]
    bias = classifier.network.head[-1].bias[number]
    torch.testing.assert_close(expected.mean() + bias, logit, rtol=1e-4, atol=1e-4)


def test_finer_cam_explains_the_difference_of_two_species(store, image):
    classifier = store.get("resnet18_frozen")
    observation = classifier.observe(image)
    raichu, pikachu = (observation.classes.index(name) for name in ("raichu", "pikachu"))
    parts = _map_and_gradient(
        classifier, observation, lambda logits: logits[raichu] - logits[pikachu]
    )
    expected = to_heatmap(_grad_cam(*parts).relu().numpy(), observation.crop.width)
    options = explain.Options(against="pikachu")
    found = explain.explain(classifier, observation, "raichu", "finer-cam", options)
    assert found.against == "pikachu"
    np.testing.assert_allclose(found.heatmap, expected, atol=1e-4)


def test_finer_cam_holds_for_a_species_that_is_out_of_the_question(store, image):
    """However small the other species' probability, the difference is what is explained."""
    usual = store.get("convmixer")
    network = copy.deepcopy(usual.network)
    number = usual.card.classes.index("mew")
    network.head[-1].bias[number] -= 40
    classifier = type(usual)(usual.card, network)
    observation = classifier.observe(image)
    options = explain.Options(against="mew")
    found = explain.explain(classifier, observation, "raichu", "finer-cam", options).evidence
    likely = explain.explain(usual, usual.observe(image), "raichu", "finer-cam", options).evidence
    np.testing.assert_allclose(found, likely, rtol=1e-3, atol=1e-6)


def test_finer_cam_compares_with_the_next_likeliest(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    first, second = (guess.species for guess in observation.top(2))
    assert explain.explain(classifier, observation, first, "finer-cam").against == second
    assert explain.explain(classifier, observation, second, "finer-cam").against == first


def test_eigen_cam_is_the_first_principal_component(store, image):
    classifier = store.get("convmixer")
    observation = classifier.observe(image)
    found = explain.explain(classifier, observation, method="eigen-cam").evidence
    rows = observation.trunk[0].flatten(1).T.numpy()
    rows = rows - rows.mean(0)
    component = np.linalg.svd(rows, full_matrices=False)[2][0]
    projection = (rows @ component).reshape(found.shape)
    strength = observation.trunk[0].norm(dim=0).numpy()
    if np.corrcoef(projection.ravel(), strength.ravel())[0, 1] < 0:
        projection = -projection
    assert np.corrcoef(found.ravel(), projection.clip(0).ravel())[0, 1] > 0.999


@pytest.mark.parametrize("seed", range(6))
def test_eigen_cam_marks_where_the_features_are_strong(store, seed):
    """The sign of a principal component is arbitrary; the map's may not be."""
    random = np.random.default_rng(seed)
    pixels = np.full((160, 160, 3), 120, np.uint8)
    pixels[40:120, 40:120] = random.integers(0, 256, (80, 80, 3))
    classifier = store.get("convmixer")
    observation = classifier.observe(Image.fromarray(pixels))
    found = explain.explain(classifier, observation, method="eigen-cam").evidence
    strength = observation.trunk[0].norm(dim=0).numpy()
    assert np.corrcoef(found.ravel(), strength.ravel())[0, 1] > 0


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


@pytest.mark.parametrize("model", MODELS)
def test_the_library_is_not_given_the_shared_network(store, model):
    """It would set the mode of every module that it finds below its own."""
    network = store.get(model).network
    tail = cam.Tail(network, 0, None)
    assert not set(tail.modules()) & set(network.modules())
    assert next(tail.parameters()).device == next(network.parameters()).device
