"""Attention maps against matrices that hooks take from the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pokeclf import explain
from pokeclf.explain.result import to_heatmap


@pytest.fixture(scope="module")
def seen(store, image):
    """A transformer, what it saw, and its attention matrices with their gradients for pikachu."""
    classifier = store.get("vit_frozen")
    observation = classifier.observe(image)
    body = classifier.network.body
    matrices, handles = [], []

    def keep(module, inputs, output):
        output = output if output.requires_grad else output.detach().requires_grad_(True)
        matrices.append(output)
        return output

    for block in body.blocks:
        block.attn.fused_attn = False  # so that the matrix passes through attn_drop
        handles.append(block.attn.attn_drop.register_forward_hook(keep))
    with torch.enable_grad():
        tokens, read = classifier.network.embed(observation.inputs), []
        for block in body.blocks:
            tokens = block(tokens)
            read.append(body.norm(tokens))
        logits = classifier.network.forward_head(torch.cat(read[-7:], 2))[0]
        logit = logits[observation.classes.index("pikachu")]
        gradients = torch.autograd.grad(logit, matrices)
    for block, handle in zip(body.blocks, handles, strict=True):
        handle.remove()
        block.attn.fused_attn = True
    return classifier, observation, [m.detach()[0] for m in matrices], [g[0] for g in gradients]


def _on_image(rows, observation):
    """The mean over the seven blocks that the deep head reads, as a full map."""
    side = observation.crop.width // 16
    return to_heatmap(torch.stack(rows[-7:]).mean(0).view(side, side).numpy(), 16 * side)


@pytest.mark.parametrize("heads", ["mean", "max", "min"])
@pytest.mark.parametrize("discard", [0.0, 0.6])
def test_rollout_agrees_with_the_models_own_matrices(seen, heads, discard):
    classifier, observation, matrices, _ = seen
    rollout, rows = torch.eye(len(matrices[0][0])), []
    for heads_of_layer in matrices:
        merged = {"mean": heads_of_layer.mean, "max": heads_of_layer.amax,
                  "min": heads_of_layer.amin}[heads](0)  # fmt: skip
        if discard:
            merged = merged.clone()
            limit = merged.flatten().sort().values[int(merged.numel() * discard)]
            kept = merged[0, 0].clone()
            merged[merged < limit] = 0
            merged[0, 0] = kept
        mixed = merged + torch.eye(len(merged))
        rollout = mixed / mixed.sum(1, keepdim=True) @ rollout
        rows.append(rollout[0, 1:])
    options = explain.Options(heads=heads, discard=discard)
    found = explain.explain(classifier, observation, method="rollout", options=options)
    np.testing.assert_allclose(found.heatmap, _on_image(rows, observation), atol=1e-4)


def test_class_attention_agrees_with_gradients_of_the_models_own_matrices(seen):
    classifier, observation, matrices, gradients = seen
    relevance, rows = torch.eye(len(matrices[0][0])), []
    for matrix, gradient in zip(matrices, gradients, strict=True):
        relevance = relevance + (matrix * gradient).clamp(min=0).mean(0) @ relevance
        rows.append(relevance[0, 1:])
    found = explain.explain(classifier, observation, "pikachu", "class-attention")
    np.testing.assert_allclose(found.heatmap, _on_image(rows, observation), atol=1e-4)


def test_raw_attention_of_any_block_and_head(seen):
    classifier, observation, matrices, _ = seen
    side = observation.crop.width // 16
    for block, head in ((0, 0), (5, 2), (11, 1)):
        options = explain.Options(layer=f"block {block + 1} of 12", head=head)
        found = explain.explain(classifier, observation, method="attention", options=options)
        expected = matrices[block][head, 0, 1:].view(side, side).numpy()
        np.testing.assert_allclose(found.evidence, expected, atol=1e-6)
    merged = explain.explain(
        classifier, observation, method="attention", options=explain.Options(heads="max")
    )
    expected = matrices[11].amax(0)[0, 1:].view(side, side).numpy()
    np.testing.assert_allclose(merged.evidence, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["rollout", "attention", "class-attention", "grad-cam"])
def test_patches_need_not_form_a_square(store, image, method):
    classifier = store.get("vit_frozen")
    square = classifier.observe(image)
    inputs = torch.cat([square.inputs, square.inputs.flip(3)[..., :32]], 3)
    with torch.no_grad():
        maps = tuple(classifier.network.maps(inputs))
        logits = classifier.network(inputs)
    wide = replace(
        square, inputs=inputs, maps=maps, probabilities=classifier.probabilities(logits)[0].numpy()
    )
    found = explain.explain(classifier, wide, "pikachu", method)
    rows, columns = (side // 16 for side in inputs.shape[-2:])
    assert found.evidence.shape == (rows, columns)
    assert columns == rows + 2
