"""Untrained networks of every kind, trees on one of them, a model whose reasons are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from xgboost import XGBClassifier

from pokeclf import checkpoint
from pokeclf.modelstore import ModelStore
from tests.tiny_checkpoints import SIZE, save_tensors, write_random_checkpoint
from train.trees import packed

MODELS = ("convmixer", "resnet18_frozen", "vit_frozen")
CORNER = 30
"""Side in pixels of the only place that the model of :func:`corner` reads."""
TREES = ("random_forest_exp2", "xgboost_exp2")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    for model in MODELS:
        write_random_checkpoint(root, model)
    for model in TREES:
        _write_trees(root, model)
    return ModelStore(root)


@pytest.fixture(scope="module")
def image():
    random = np.random.default_rng(0)
    coarse = Image.fromarray(random.integers(0, 256, (12, 9, 3), dtype=np.uint8))
    return coarse.resize((180, 240), Image.Resampling.BICUBIC)


class _Corner(torch.nn.Module):
    """Speaks for the first class as far as the lower right corner is bright."""

    layers = ("corner",)

    def forward_trunk(self, x):
        return x[:, :, -CORNER:, -CORNER:].mean((1, 2, 3))[:, None]

    def maps(self, x):
        yield self.forward_trunk(x)

    def finish(self, trunk):
        return trunk

    def forward_head(self, features, pre_logits=False):
        return features if pre_logits else self.classify(features)

    def classify(self, features):
        return torch.cat([features * 10, torch.zeros(len(features), 150)], 1)

    def forward_tail(self, trunk):
        return self.classify(trunk)


@pytest.fixture(scope="module")
def corner(store):
    """A model that reads one corner only; it sees Abra there."""
    classifier = store.get("convmixer")
    return type(classifier)(classifier.card, _Corner())


@pytest.fixture(scope="module")
def corner_seen(corner):
    """A picture whose only bright place is that corner."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[-CORNER:, -CORNER:] = 255
    return corner.observe(Image.fromarray(pixels))


def _write_trees(root, model):
    """Trees on the features of ``resnet18_frozen``, fitted to noise."""
    features = ModelStore(root).get("resnet18_frozen")
    random = np.random.default_rng(0)
    inputs = torch.from_numpy(random.normal(size=(302, 3, 64, 64)).astype(np.float32))
    network = features.network
    x = network.forward_head(network.forward_features(inputs), pre_logits=True).numpy()
    y = np.arange(302) % 151
    kind = XGBClassifier if "xgboost" in model else RandomForestClassifier
    estimator = kind(n_estimators=4, max_depth=6, random_state=0).fit(x, y)
    folder = root / model
    folder.mkdir()
    file = save_tensors(folder, "trees.safetensors", packed(estimator), "")
    card = json.loads((root / "resnet18_frozen" / checkpoint.CARD).read_text())
    card |= {
        "model": model,
        "architecture": model.removesuffix("_exp2"),
        "weights": [vars(file)],
        "features_from": "resnet18_frozen",
        "features_sha256": features.card.weights_sha256,
    }
    (folder / checkpoint.CARD).write_text(json.dumps(card))
