"""Two images in one: what is mixed, and whose share is how large."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pokeclf.study import BY_ID
from train.mixing import cutmix, mix, mixup

LABELS = torch.tensor([0, 1, 2, 3])
INPUTS = LABELS.float().reshape(4, 1, 1, 1).expand(4, 3, 20, 30).contiguous()


def recipe(**options):
    plain = replace(BY_ID["basic_cnn"].recipes["tuned"], mixup=0.0, cutmix=0.0)
    return replace(plain, **options)


def test_a_recipe_without_mixing_leaves_the_batch_as_it_is():
    inputs, other, share = mix(INPUTS, LABELS, recipe())
    assert inputs is INPUTS
    assert share == 1
    assert torch.equal(other, LABELS)


def test_mixup_blends_with_another_image():
    inputs, other, share = mixup(INPUTS, LABELS, 0.25)
    assert torch.allclose(inputs[:, 0, 0, 0], 0.25 * LABELS + 0.75 * other)
    assert share == 0.25


@pytest.mark.parametrize("asked", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_cutmix_pastes_a_rectangle_and_tells_what_is_left(asked):
    torch.manual_seed(1)
    shares = []
    for _ in range(50):
        inputs, other, share = cutmix(INPUTS, LABELS, asked)
        own = inputs == INPUTS
        assert own.float().mean(dim=(1, 2, 3)).tolist() == pytest.approx([share] * 4, abs=1e-6)
        assert torch.equal(inputs[~own], other[:, None, None, None].expand_as(inputs)[~own].float())
        pasted = ~own[0, 0]
        rows, columns = pasted.any(1).nonzero(), pasted.any(0).nonzero()
        if len(rows):
            whole = pasted[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert whole.all()  # one rectangle
        shares.append(share)
    # Those near the border stick out and leave more of the image.
    assert asked - 0.06 <= min(shares) <= asked + 0.2
    assert torch.equal(INPUTS[:, 0, 0, 0], LABELS.float())  # the batch itself is untouched


def test_a_recipe_with_both_takes_turns():
    torch.manual_seed(0)
    ways = set()
    for _ in range(30):
        inputs, _, share = mix(INPUTS, LABELS, recipe(mixup=1.0, cutmix=1.0))
        if 0.05 < share < 0.95:
            ways.add("cutmix" if set(inputs.unique().tolist()) <= {0, 1, 2, 3} else "mixup")
    assert ways == {"cutmix", "mixup"}
