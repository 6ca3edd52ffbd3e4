"""How fast which layer learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pokeclf import models, study
from train import optimizer


def test_layers_may_learn_at_rates_of_their_own():
    network = models.build("vit", 3, "vit_tiny_patch16_224")
    recipe = replace(study.find("vit_finetuned").recipes["tuned"], layer_decay=0.5)
    groups = optimizer._parameter_groups(network, recipe)
    rate = {id(each): group["lr"] for group in groups for each in group["params"]}
    assert set(rate) == {id(each) for each in network.parameters()}
    assert rate[id(network.head[0].weight)] == recipe.lr
    blocks = [rate[id(block.mlp.fc1.weight)] for block in network.body.blocks]
    np.testing.assert_allclose(np.divide(blocks[1:], blocks[:-1]), 2)
    assert rate[id(network.body.patch_embed.proj.weight)] < blocks[0] < recipe.body_lr
