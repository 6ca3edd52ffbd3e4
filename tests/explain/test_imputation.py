"""Removed places are filled from their surroundings."""

from __future__ import annotations

import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch.nn import functional as F

from pokeclf.explain import imputation
from pokeclf.explain.imputation import SIDE, impute, solve


@pytest.fixture
def masks():
    random = torch.Generator().manual_seed(3)
    share = torch.tensor([0.1, 0.4, 0.7, 0.9]).view(4, 1, 1, 1)
    return (torch.rand(4, 1, 14, 14, generator=random) < share).float()


def test_the_same_as_the_librarys_solution(masks):
    picture = torch.randn(3, SIDE, SIDE)
    gone = F.interpolate(masks, (SIDE, SIDE))[:, 0]
    ours = solve(picture.flatten(1).T, gone.flatten(1))
    library = NoisyLinearImputer(noise=0.0)
    for found, each in zip(ours, gone, strict=True):
        expected = library(picture, 1 - each).flatten(1).T
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_what_is_not_removed_stays_and_an_even_picture_stays_even(masks, monkeypatch):
    monkeypatch.setattr(imputation, "NOISE", 0.0)
    inputs = torch.randn(1, 3, 112, 112)
    filled = impute(inputs, masks)
    kept = (F.interpolate(masks, (112, 112)) == 0).expand_as(filled)
    assert torch.equal(filled[kept], inputs.expand_as(filled)[kept])
    even = torch.full((1, 3, 112, 112), 0.25)
    torch.testing.assert_close(impute(even, masks), even.expand(4, -1, -1, -1))


def test_the_noise_is_small_and_always_the_same(masks):
    even = torch.zeros(1, 3, 56, 56)
    first, second = impute(even, masks), impute(even, masks)
    assert torch.equal(first, second)
    assert 0 < first.abs().max() < 6 * imputation.NOISE
