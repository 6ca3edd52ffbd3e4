"""Tree ensembles on a network's features, stored sparsely and run as array operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from pokeclf.evaluation import PROBABILITY_FLOOR
from pokeclf.models.network import Network
from pokeclf.models.nodes import Nodes


class Ensemble(Protocol):
    """Anything that turns N × D features into N × classes probabilities."""

    def probabilities(self, features: Tensor) -> Tensor:
        """float32 N × D → float32 N × classes, each row summing to 1."""

    def scores(self, features: Tensor, species: int) -> Tensor:
        """What explanations are about, of one class: float32 N × D → float32 N."""


class Forest(nn.Module):
    """A random forest or extra-trees ensemble; leaves keep only the classes that occur in them.

    Parameters
    ----------
    arrays : ``feature`` and ``threshold`` as :class:`Nodes` takes them; ``trees``: how many;
        ``leaf_sizes`` (uint8, per leaf): number of classes in it; ``leaf_classes`` and
        ``leaf_counts`` (integers, per leaf and class): class, and number of training images;
        ``importances`` (float32, per feature): mean decrease of impurity, summing to 1.

    Raises
    ------
    ValueError
        When the arrays do not fit each other.
    """

    def __init__(self, arrays: Mapping[str, Tensor], num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.nodes = Nodes(arrays["feature"], arrays["threshold"], int(arrays["trees"]))
        sizes = arrays["leaf_sizes"].to(torch.int64)
        starts = torch.zeros(len(sizes) + 1, dtype=torch.int64)
        torch.cumsum(sizes, 0, out=starts[1:])
        counts = arrays["leaf_counts"].to(torch.float32)
        if not starts[-1] == len(arrays["leaf_classes"]) == len(counts):
            raise ValueError("classes do not fit the leaves")
        if len(counts) and int(arrays["leaf_classes"].max()) >= num_classes:
            raise ValueError("leaves do not fit the classes")
        if len(sizes) != self.nodes.leaves:
            raise ValueError("leaves do not fit the nodes")
        cover = torch.zeros(len(sizes)).index_add_(
            0, torch.arange(len(sizes)).repeat_interleave(sizes), counts
        )
        self.register_buffer("leaf_starts", starts.to(torch.int32))
        self.register_buffer("leaf_classes", arrays["leaf_classes"])
        self.register_buffer("leaf_shares", counts / cover.repeat_interleave(sizes))
        self.register_buffer("cover", cover)
        self.register_buffer("importances", arrays["importances"])

    @cached_property
    def node_cover(self) -> Tensor:
        """Training images that reach each node, float32."""
        return self.nodes.summed_up(self.cover)

    def leaves_of(self, species: int) -> tuple[Tensor, Tensor]:
        """Leaves that hold a class, and what each adds to its probability, float64."""
        entries = (self.leaf_classes == species).nonzero().flatten()
        leaves = torch.searchsorted(self.leaf_starts, entries.int(), right=True) - 1
        return leaves, self.leaf_shares[entries].double() / self.nodes.trees

    def scores(self, features: Tensor, species: int) -> Tensor:
        """What is explained of a class: its probability, N × D → N float32."""
        leaves, weights = self.leaves_of(species)
        adds = torch.zeros(self.nodes.leaves).index_add_(0, leaves, weights.float())
        return adds[self.nodes.leaf_of(features)].sum(1)

    def probabilities(self, features: Tensor) -> Tensor:
        """Mean over the trees of the class shares in the reached leaves: N × classes float32."""
        leaf = self.nodes.leaf_of(features.float()).numpy().ravel()
        starts, classes = self.leaf_starts.numpy(), self.leaf_classes.numpy()
        start = starts.take(leaf)
        size = starts.take(leaf + 1) - start
        # The entries of all reached leaves, one leaf after the other.
        position = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(size.sum())
        row = np.repeat(np.arange(len(features)).repeat(self.nodes.trees), size)
        total = np.bincount(
            row * self.num_classes + classes.take(position),
            self.leaf_shares.numpy().take(position),
            len(features) * self.num_classes,
        )
        return torch.from_numpy(total.reshape(len(features), -1) / self.nodes.trees).float()


class Boosted(nn.Module):
    """A gradient-boosted ensemble, every tree of which adds to the margin of one class.

    Parameters
    ----------
    arrays : ``feature`` and ``threshold`` as :class:`Nodes` takes them; ``tree_class`` (uint8, per
        tree): its class; ``leaf_values`` (float32, per leaf): what it adds; ``cover`` (float32,
        per leaf): sum of the training images' Hessians; ``base`` (float32, per class): the margin
        before any tree; ``importances`` (float32, per feature): mean gain, summing to 1.

    Raises
    ------
    ValueError
        When the arrays do not fit each other.
    """

    def __init__(self, arrays: Mapping[str, Tensor]) -> None:
        super().__init__()
        tree_class = arrays["tree_class"].to(torch.int64)
        self.nodes = Nodes(arrays["feature"], arrays["threshold"], len(tree_class))
        if not len(arrays["leaf_values"]) == len(arrays["cover"]) == self.nodes.leaves:
            raise ValueError("leaves do not fit the nodes")
        if len(tree_class) and int(tree_class.max()) >= len(arrays["base"]):
            raise ValueError("trees do not fit the classes")
        self.register_buffer("tree_class", tree_class)
        self.register_buffer("leaf_values", arrays["leaf_values"])
        self.register_buffer("cover", arrays["cover"])
        self.register_buffer("base", arrays["base"])
        self.register_buffer("importances", arrays["importances"])

    @cached_property
    def node_cover(self) -> Tensor:
        """Sum of the Hessians of the training images that reach each node, float32."""
        return self.nodes.summed_up(self.cover)

    def leaves_of(self, species: int) -> tuple[Tensor, Tensor]:
        """Leaves of a class's trees, and what each adds to its margin, float64."""
        leaves = (self.tree_class[self.nodes.leaf_tree] == species).nonzero().flatten()
        return leaves, self.leaf_values[leaves].double()

    def scores(self, features: Tensor, species: int) -> Tensor:
        """What is explained of a class: its margin, N × D → N float32; asks its own trees alone."""
        trees = (self.tree_class == species).nonzero().flatten()
        return self.base[species] + self.leaf_values[self.nodes.leaf_of(features, trees)].sum(1)

    def probabilities(self, features: Tensor) -> Tensor:
        """Softmax of the margins: N × classes float32."""
        added = self.leaf_values.numpy().take(self.nodes.leaf_of(features.float()).numpy())
        rows, classes = len(features), len(self.base)
        place = np.arange(rows)[:, None] * classes + self.tree_class.numpy()
        margin = np.bincount(place.ravel(), added.ravel(), rows * classes).reshape(rows, -1)
        return (self.base + torch.from_numpy(margin).float()).softmax(1)


def ensemble(architecture: str, arrays: Mapping[str, Tensor], num_classes: int) -> Ensemble:
    """The ensemble of a checkpoint's arrays; raises KeyError or ValueError for foreign ones."""
    if architecture != "xgboost":
        return Forest(arrays, num_classes)
    if len(arrays["base"]) != num_classes:
        raise ValueError("trees do not fit the classes")
    return Boosted(arrays)


class TreeNetwork(Network):
    """A tree ensemble on what another network's last layer reads.

    ``forward_head`` gives log-probabilities, which have no gradients.
    """

    def __init__(self, source: Network, ensemble: Ensemble) -> None:
        super().__init__()
        self.source = source
        self.ensemble = ensemble

    @property
    def layers(self) -> tuple[str, ...]:
        """The source network's feature map alone."""
        return self.source.layers[-1:]

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """The source network's feature map."""
        yield self.source.forward_features(x)

    def forward_from(self, features: Tensor, layer: int = 0) -> Tensor:
        """Log-probabilities, N × classes, from the source network's feature map."""
        return self.forward_head(features)

    def pool(self, features: Tensor) -> Tensor:
        """What the trees read: N × D."""
        return self.source.forward_head(features, pre_logits=True)

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Log-probabilities, N × classes; or, with ``pre_logits``, the trees' input."""
        pooled = self.pool(features)
        return pooled if pre_logits else self.classify(pooled)

    @property
    def linear(self) -> nn.Module:
        """The source network's last layer, which the trees stand in for."""
        return self.source.linear

    def classify(self, features: Tensor) -> Tensor:
        """Log-probabilities, N × classes, from the trees' input."""
        return self.ensemble.probabilities(features).clamp(min=PROBABILITY_FLOOR).log()
