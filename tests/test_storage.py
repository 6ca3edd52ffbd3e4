"""Fewer bits and several files, and back."""

from __future__ import annotations

import pytest
import torch

from pokeclf import storage


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    return {
        "body.weight": torch.randn(8, 3, 3, 3) * torch.logspace(-3, 1, 8).view(-1, 1, 1, 1),
        "body.bias": torch.randn(8),
        "body.count": torch.tensor(7),
        "head.weight": torch.randn(6, 256),
    }


@pytest.mark.parametrize(("bits", "error"), [(16, 2**-10), (8, 1 / 127)])
def test_a_weight_comes_back_within_half_a_step(tensors, bits, error):
    stored = storage.compact(tensors, {"head.": bits})
    restored = storage.restore(stored)
    assert set(restored) == set(tensors)
    exact = tensors["head.weight"]
    difference = (restored["head.weight"].float() - exact).abs()
    assert (difference <= 0.51 * error * exact.abs().amax(1, keepdim=True)).all()
    # The weights and their scales.
    assert stored_bytes(stored, "head.weight") <= exact.numel() * bits / 8 * 1.07


def stored_bytes(stored, name):
    return sum(value.nbytes for key, value in stored.items() if key.startswith(name))


def test_channels_of_different_size_have_scales_of_their_own(tensors):
    restored = storage.restore(storage.compact(tensors, {"": 8}))
    relative = (restored["body.weight"] - tensors["body.weight"]).flatten(1).abs().amax(1)
    assert (relative <= 0.004 * tensors["body.weight"].flatten(1).abs().amax(1)).all()
    assert torch.equal(restored["body.bias"], tensors["body.bias"])
    assert torch.equal(restored["body.count"], tensors["body.count"])


def test_the_longest_beginning_counts(tensors):
    stored = storage.compact(tensors, {"": 8, "head.": 16})
    assert "body.weight.int8" in stored
    assert stored["head.weight"].dtype == torch.float16


def test_zeros_stay_zeros():
    for bits in (8, 16):
        restored = storage.restore(storage.compact({"w": torch.zeros(2, 64)}, {"": bits}))
        assert not restored["w"].any()


def test_no_file_is_larger_than_asked_and_nothing_is_lost(tensors):
    stored = storage.compact(tensors, {"": 8})
    files = storage.shards(stored, 512)
    assert len(files) > 2
    assert all(sum(value.nbytes for value in file.values()) <= 512 for file in files)
    together = {name: value for file in reversed(files) for name, value in file.items()}
    restored = storage.restore(together)
    expected = storage.restore(stored)
    assert set(restored) == set(expected)
    assert all(torch.equal(restored[name], expected[name]) for name in expected)


def test_a_missing_scale_or_missing_rows_are_errors(tensors):
    stored = storage.compact(tensors, {"": 8})
    del stored["head.weight.scale"]
    with pytest.raises(KeyError):
        storage.restore(stored)
    files = storage.shards(storage.compact(tensors, {"": 8}), 512)
    together = {name: value for file in files for name, value in file.items()}
    del together["head.weight.int8#0"]
    with pytest.raises(KeyError):
        storage.restore(together)


@pytest.mark.parametrize(
    "foreign", [{"w#x": torch.zeros(2)}, {"w.int8": torch.zeros(4, dtype=torch.int8)}]
)
def test_foreign_names_and_shapes_are_errors(foreign):
    with pytest.raises((KeyError, ValueError, IndexError, RuntimeError)):
        storage.restore(foreign)
