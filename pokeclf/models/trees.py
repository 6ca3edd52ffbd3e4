"""Tree ensembles on a network's features, stored sparsely and run as tensor operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn

from pokeclf.evaluation import PROBABILITY_FLOOR
from pokeclf.models.network import Network


class Ensemble(Protocol):
    """Anything that turns N × D features into N × classes probabilities."""

    def probabilities(self, features: Tensor) -> Tensor:
        """float32 N × D → float32 N × classes, each row summing to 1."""

    def scores(self, features: Tensor, species: int) -> Tensor:
        """What explanations are about, of one class: float32 N × D → float32 N."""


class Nodes(nn.Module):
    """The comparisons of many trees, a few bytes each.

    All trees stand in one array in level order: the roots, then all nodes of depth 1, and so on.
    An inner node's children then follow each other in the next level, in their parents' order, so
    neither child needs an address. Rows go down all trees at once, level by level ("tree traversal"
    of Hummingbird, Nakandala et al. 2020, section 4.1); those that reached a leaf stay behind.

    Parameters
    ----------
    feature : int16, per node: the feature that is compared, -1 for a leaf.
    threshold : float32, per inner node: go left when the value is at most this.

    Raises
    ------
    ValueError
        When the arrays do not describe complete trees.
    """

    def __init__(self, feature: Tensor, threshold: Tensor, trees: int) -> None:
        super().__init__()
        inner = feature >= 0
        self.trees = trees
        self.levels, left = _children(inner, trees)
        if len(threshold) != int(inner.sum()):
            raise ValueError("thresholds do not fit the nodes")
        everywhere = torch.zeros(len(feature))
        everywhere[inner] = threshold
        self.leaves = len(feature) - len(threshold)
        self.register_buffer("feature", feature.clamp(min=0).to(torch.int32))
        self.register_buffer("threshold", everywhere)
        self.register_buffer("left", left.to(torch.int32))
        self.register_buffer("inner", inner)
        self.register_buffer("leaf_number", (torch.cumsum(~inner, 0) - 1).to(torch.int32))

    def leaf_of(self, features: Tensor, trees: Tensor | None = None) -> Tensor:
        """Number of the leaf that each row reaches in each tree: N × D → N × trees, int64.

        Parameters
        ----------
        trees : numbers of those that are asked, int64; all when None.
        """
        roots = torch.arange(self.trees) if trees is None else trees
        rows, values = len(features), features.flatten()
        # The rows of a tree side by side are near each other in memory, too; and index_select
        # gathers several times as fast as indexing does, of which there is nothing else here.
        node = roots.int().repeat_interleave(rows)
        first = (torch.arange(rows, dtype=torch.int32) * features.shape[1]).repeat(len(roots))
        place = torch.arange(len(node), dtype=torch.int32)
        found = torch.empty_like(node)
        while len(node):
            inner = self.inner.index_select(0, node)
            arrived, going = (~inner).nonzero().flatten(), inner.nonzero().flatten()
            found[place.index_select(0, arrived)] = node.index_select(0, arrived)
            node, first, place = (each.index_select(0, going) for each in (node, first, place))
            value = values.index_select(0, first + self.feature.index_select(0, node))
            right = value > self.threshold.index_select(0, node)
            node = self.left.index_select(0, node) + right
        return self.leaf_number.index_select(0, found).view(-1, rows).T.long()

    @cached_property
    def parent(self) -> Tensor:
        """Every node's parent, int32, -1 for roots; only explanations need it."""
        parent = torch.full((len(self.left),), -1, dtype=torch.int32)
        inner = self.inner.nonzero().flatten()
        left = self.left[inner].long()
        parent[left] = parent[left + 1] = inner.to(torch.int32)
        return parent

    @cached_property
    def leaf_node(self) -> Tensor:
        """The node of every leaf, int32."""
        return (~self.inner).nonzero().flatten().to(torch.int32)

    @cached_property
    def leaf_tree(self) -> Tensor:
        """The tree of every leaf, int32."""
        tree = torch.arange(len(self.left), dtype=torch.int32)
        for start, end in self.levels[1:]:
            tree[start:end] = tree[self.parent[start:end].long()]
        return tree[self.leaf_node]

    @property
    def explanation_bytes(self) -> int:
        """Memory of what explanations compute once and keep: ancestry, and a cover per node."""
        return 4 * (2 * len(self.left) + 2 * self.leaves)

    def summed_up(self, of_leaves: Tensor) -> Tensor:
        """For every node the sum over the leaves below it, float32."""
        total = torch.zeros(len(self.left))
        total[self.leaf_node] = of_leaves
        for start, end in reversed(self.levels[1:]):
            total.index_add_(0, self.parent[start:end].long(), total[start:end].clone())
        return total


def _children(inner: Tensor, trees: int) -> tuple[list[tuple[int, int]], Tensor]:
    """Bounds of the levels, and every node's left child; a leaf's is the leaf itself."""
    left = torch.arange(len(inner))
    levels = [(0, trees)]
    while True:
        start, end = levels[-1]
        level = inner[start:end].nonzero().flatten() + start
        if len(level) == 0:
            break
        left[level] = end + 2 * torch.arange(len(level))
        levels.append((end, end + 2 * len(level)))
    if end != len(inner):
        raise ValueError("nodes do not form complete trees")
    return levels, left


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
        leaf = self.nodes.leaf_of(features.float()).flatten()
        start = self.leaf_starts[leaf].long()
        size = self.leaf_starts[leaf + 1].long() - start
        row = torch.arange(len(features)).repeat_interleave(self.nodes.trees)
        first = (start - (size.cumsum(0) - size)).repeat_interleave(size)
        position = first + torch.arange(len(first))
        total = torch.zeros(len(features) * self.num_classes)
        total.index_add_(
            0,
            row.repeat_interleave(size) * self.num_classes + self.leaf_classes[position].long(),
            self.leaf_shares[position],
        )
        return total.view(len(features), -1) / self.nodes.trees


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
        added = self.leaf_values[self.nodes.leaf_of(features.float())]
        margin = self.base.repeat(len(features), 1).index_add_(1, self.tree_class, added)
        return margin.softmax(1)


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
