"""Every architecture's two halves fit together."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision

from pokeclf import models
from pokeclf.models.basic_cnn import BasicCNN
from pokeclf.models.convmixer import ConvMixer
from pokeclf.models.network import deep_head
from pokeclf.models.residual_cnn import ResidualCNN
from pokeclf.models.resnet import ResNet18
from pokeclf.models.vit import WIDTHS, ViT

CASES = {
    "basic_cnn": (48, None, (128, 6, 6), 256),
    "residual_cnn": (48, None, (512, 3, 3), 512),
    "convmixer": (40, None, (256, 4, 4), 256),
    "resnet18": (64, "resnet18", (512, 2, 2), 512),
    "resnet18_deep_head": (64, "resnet18", (512, 2, 2), 256),
    "vit": (48, "vit_tiny_patch16_224", (1, 192), 192),
    "vit_deep_head": (48, "vit_tiny_patch16_224", (1, 7 * 192), 256),
}


def test_all_architectures_are_covered():
    assert set(CASES) == set(models.ARCHITECTURES)


@pytest.mark.parametrize("architecture", CASES)
def test_the_halves_make_the_whole(architecture):
    size, backbone, feature_shape, width_before_logits = CASES[architecture]
    torch.manual_seed(0)
    network = models.build(architecture, 7, backbone).eval()
    x = torch.randn(2, 3, size, size)
    with torch.no_grad():
        whole = network(x)
        features = network.forward_features(x)
        assert whole.shape == (2, 7)
        assert features.shape == (2, *feature_shape)
        torch.testing.assert_close(network.forward_head(features), whole)
        torch.testing.assert_close(network.forward_tail(network.forward_trunk(x)), whole)
        maps = tuple(network.maps(x))
        assert len(maps) == len(network.layers)
        for layer, kept in enumerate(maps):
            cut = network.forward_to(x, layer)
            torch.testing.assert_close(kept, cut)  # what follows has not written into it
            torch.testing.assert_close(network.forward_from(cut, layer), whole)
        before = network.forward_head(features, pre_logits=True)
        assert before.shape == (2, width_before_logits)
        torch.testing.assert_close(network.head[-1](before), whole)


def test_the_deep_heads_pre_logits_are_its_second_relu():
    head = deep_head(512, 7).eval()
    network = ResNet18(head).eval()
    x = torch.randn(1, 3, 64, 64)
    seen = []
    head[4].register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        before = network.forward_head(network.forward_features(x), pre_logits=True)
    torch.testing.assert_close(before, seen[0])
    assert before.min() >= 0


def test_resnet18_is_torchvisions():
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18().eval()
    ours = models.build("resnet18", 1000, "resnet18").eval()
    state = theirs.state_dict()
    ours.head[0].weight.data, ours.head[0].bias.data = state.pop("fc.weight"), state.pop("fc.bias")
    ours.body.load_state_dict(state)
    x = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("read", [1, 3])
def test_the_class_tokens_are_timms(read):
    """The last block is run for the class token alone; timm runs it for all."""
    torch.manual_seed(0)
    network = ViT("vit_tiny_patch16_224", torch.nn.Sequential(torch.nn.Linear(192, 7)), read).eval()
    images = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        theirs = network.body.forward_intermediates(
            images, indices=read, norm=True, return_prefix_tokens=True, intermediates_only=True
        )
        expected = torch.cat([prefix for _, prefix in theirs], 2)
        torch.testing.assert_close(network.forward_features(images), expected)


def test_convmixer_takes_other_sizes_and_half_precision():
    network = ConvMixer(7).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert network(torch.randn(1, 3, 60, 60)).shape == (1, 7)
        assert network(torch.randn(1, 3, 80, 80)).shape == (1, 7)


def test_at_the_studys_size_the_flattened_maps_are_untouched():
    """Adaptive pooling to the grid changes nothing at 240 px and takes any other size."""
    network = BasicCNN(7).eval()
    features = torch.randn(1, 128, 30, 30)
    torch.testing.assert_close(network.pool(features), features.flatten(1), rtol=0, atol=0)
    features = torch.randn(1, 512, 15, 15)
    network = ResidualCNN(7, grid=15)
    torch.testing.assert_close(network.pool(features), features.flatten(1), rtol=0, atol=0)
    assert network.pool(torch.randn(1, 512, 6, 6)).shape == (1, 512 * 15 * 15)


@pytest.mark.parametrize(("kind", "size"), [(BasicCNN, 24), (ResidualCNN, 48)])
def test_a_coarse_networks_weights_mean_the_same_on_the_finer_grid(kind, size):
    full = kind(7, grid=6).eval()
    learner = full.coarse(3).eval()
    full.load_state_dict(full.adapt(learner.state_dict()))
    images = torch.randn(2, 3, size, size)
    assert full.head[0].in_features == 4 * learner.head[0].in_features
    with torch.no_grad():
        torch.testing.assert_close(full(images), learner(images))


@pytest.mark.parametrize(("kind", "sizes"), [(BasicCNN, (48, 40)), (ResidualCNN, (96, 64))])
def test_few_weights_stay_few_and_say_the_same_at_any_size(kind, sizes):
    full, served = kind(7, grid=6).eval(), kind(7, grid=6).eval()
    stored = full.coarse(3).state_dict()
    full.load_state_dict(full.adapt(stored))
    served.take(stored)
    assert 4 * served.head[0].weight.numel() == full.head[0].weight.numel()
    assert served.head[0].weight.data_ptr() == stored["head.0.weight"].data_ptr()
    for size in sizes:
        images = torch.randn(2, 3, size, size)
        with torch.no_grad():
            torch.testing.assert_close(served(images), full(images))


def test_weights_of_the_own_grid_are_taken_as_they_are():
    full, other = BasicCNN(7, grid=6).eval(), BasicCNN(7, grid=6).eval()
    other.take(full.state_dict())
    images = torch.randn(2, 3, 48, 48)
    torch.testing.assert_close(other(images), full(images), rtol=0, atol=0)


def test_weights_of_a_grid_that_does_not_fit_are_refused():
    full = BasicCNN(7, grid=6)
    for grid in (4, 12):
        for take in (full.adapt, full.take):
            with pytest.raises(RuntimeError):
                take(BasicCNN(7, grid).state_dict())
    for foreign in (torch.zeros(3), torch.tensor(1.0), torch.zeros(256, 7)):
        for take in (full.adapt, full.take):
            with pytest.raises(RuntimeError):
                take({"head.0.weight": foreign})
    same = full.adapt(full.state_dict())
    torch.testing.assert_close(same, dict(full.state_dict()), rtol=0, atol=0)


@pytest.mark.parametrize("name", WIDTHS)
def test_the_widths_are_timms(name):
    with torch.device("meta"):
        assert timm.create_model(name, pretrained=False).num_features == WIDTHS[name]
