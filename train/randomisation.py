"""Models that know nothing, or something else: maps must differ (Adebayo et al. 2018)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import numpy as np
import safetensors.torch
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from pokeclf import checkpoint, models, study
from pokeclf.classifier import Classifier
from pokeclf.models.network import Network
from pokeclf.models.trees import TreeNetwork, ensemble
from train.trees import fit_estimator, packed
from train.workshop import Workshop

IMAGES_A_CLASS = 3
"""Training images of each species whose shuffled labels are learned: few enough for a linear
layer on some hundred features to know them by heart."""
CERTAIN = 1e4
"""Inverse strength of the regularisation, so large that there is next to none."""


def randomised(classifier: Classifier) -> tuple[Classifier, Classifier]:
    """The model with random last layers, and with random weights throughout (section 3.1).

    A tree ensemble's last layer is what its leaves say; it is shuffled among them.
    """
    card, network = classifier.card, classifier.network
    with torch.random.fork_rng():
        torch.manual_seed(0)
        if isinstance(network, TreeNetwork):
            shuffled = _shuffled(network)
            source = deepcopy(network.source).apply(_reset)
            both = (shuffled, TreeNetwork(source, shuffled.ensemble))
        else:
            fresh = models.build(card.architecture, len(card.classes), card.backbone)
            other_head = deepcopy(network)
            other_head.head.load_state_dict(fresh.head.state_dict())
            both = (other_head, fresh)
    return tuple(_with(classifier, each) for each in both)


def relabelled(classifier: Classifier, shop: Workshop) -> Classifier:
    """The model, its last layer or its trees trained anew on shuffled labels (section 3.2).

    All that comes before stays as it was trained: a test of what the answer adds to the map.
    """
    network = classifier.network
    indices = _some_of_each_class(shop)
    labels = np.random.default_rng(0).permutation(shop.labels[indices])
    features = _features(classifier, shop, indices)
    if isinstance(network, TreeNetwork):
        return _with(classifier, _other_trees(classifier, features, labels))
    other = deepcopy(network)
    _learn(other.head[-1], features, labels)
    return _with(classifier, other)


def _with(classifier: Classifier, network: Network) -> Classifier:
    network = network.requires_grad_(False).to(memory_format=torch.channels_last).eval()
    return replace(classifier, network=network)


def _shuffled(network: TreeNetwork) -> TreeNetwork:
    trees = deepcopy(network.ensemble)
    for name, values in trees.named_buffers(recurse=False):
        if name in ("leaf_classes", "leaf_values"):
            values.copy_(values[torch.randperm(len(values))])
    return TreeNetwork(network.source, trees)


def _reset(module: nn.Module) -> None:
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()


def _some_of_each_class(shop: Workshop) -> np.ndarray:
    """The first training images of each class."""
    train = shop.indices("train")
    labels = shop.labels[train]
    return np.concatenate(
        [train[labels == number][:IMAGES_A_CLASS] for number in np.unique(labels)]
    )


@torch.inference_mode()
def _features(classifier: Classifier, shop: Workshop, indices: np.ndarray) -> Tensor:
    """What the last layer, or the trees, read: float32 N × D."""
    network, found = classifier.network, []
    for index in indices:
        inputs = classifier.card.preprocessing.tensor(shop.folder.image(int(index)))[None]
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        found.append(network.forward_head(network.forward_features(inputs), pre_logits=True))
    return torch.cat(found)


def _other_trees(classifier: Classifier, features: Tensor, labels: np.ndarray) -> TreeNetwork:
    card = classifier.card
    model = study.find(card.model)
    recipe = model.recipes["tuned"]
    estimator = fit_estimator(model, recipe, recipe.settings[0], features, labels, seed=0)
    arrays = safetensors.torch.load(checkpoint.pack(packed(estimator)))
    trees = ensemble(card.architecture, arrays, len(card.classes))
    return TreeNetwork(classifier.network.source, trees)


@torch.no_grad()
def _learn(layer: nn.Linear, features: Tensor, labels: np.ndarray) -> None:
    """Fit a linear layer to labels; its weights take the place of the old ones."""
    scaler, regression = StandardScaler(), LogisticRegression(C=CERTAIN, max_iter=1000)
    make_pipeline(scaler, regression).fit(features.double().numpy(), labels)
    weights = regression.coef_ / scaler.scale_
    layer.weight.copy_(torch.from_numpy(weights))
    layer.bias.copy_(torch.from_numpy(regression.intercept_ - weights @ scaler.mean_))
