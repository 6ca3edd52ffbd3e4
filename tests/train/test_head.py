"""A head that learned on standardised features takes them as they come."""

from __future__ import annotations

import torch
from torch import nn

from train.head import fold_in


def test_standardisation_becomes_part_of_the_first_layer():
    torch.manual_seed(0)
    features = torch.randn(40, 6) * torch.arange(1.0, 7) + 3
    mean, std = features.mean(0), features.std(0)
    layer = nn.Linear(6, 4)
    learned = layer((features - mean) / std).detach()
    fold_in(layer, mean, std)
    torch.testing.assert_close(layer(features).detach(), learned)
