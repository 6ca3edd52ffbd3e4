"""The comparisons of many decision trees, and how rows of features go down them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn


class Nodes(nn.Module):
    """The comparisons of many trees, a few bytes each.

    All trees stand in one array in level order: the roots, then all nodes of depth 1, and so on,
    so the children of the inner node of number k follow the roots as numbers 2 k and 2 k + 1, and
    need no address. In memory inner nodes have the numbers below :attr:`inner` and leaves those
    from there, each in that order. Rows go down all trees at once, level by level ("tree traversal"
    of Hummingbird, Nakandala et al. 2020, section 4.1); those that reached a leaf stay behind.

    Parameters
    ----------
    feature : int16, per node: the feature that is compared, -1 for a leaf.
    threshold : float32, per inner node: go left when the value is at most this.

    Attributes
    ----------
    root : int32, per tree.
    child : int32, left and right of each inner node in turns.

    Raises
    ------
    ValueError
        When the arrays do not describe complete trees.
    """

    def __init__(self, feature: Tensor, threshold: Tensor, trees: int) -> None:
        super().__init__()
        is_inner = feature >= 0
        places = is_inner.nonzero().flatten()
        self.trees, self.inner = trees, len(places)
        if len(threshold) != self.inner:
            raise ValueError("thresholds do not fit the nodes")
        children = trees + 2 * torch.arange(self.inner)
        # Children behind their parents: otherwise some nodes would hang on none, or in a circle.
        if len(feature) != trees + 2 * self.inner or bool((places >= children).any()):
            raise ValueError("nodes do not form complete trees")
        self.leaves = len(feature) - self.inner
        below = is_inner.cumsum(0)
        self.levels = _levels(below, trees)
        number = torch.where(is_inner, below - 1, torch.arange(len(feature)) - below + self.inner)
        self.register_buffer("feature", feature[places].to(torch.int32))
        self.register_buffer("threshold", threshold)
        self.register_buffer("root", number[:trees].to(torch.int32))
        self.register_buffer("child", number[trees:].to(torch.int32))

    def leaf_of(self, features: Tensor, trees: Tensor | None = None) -> Tensor:
        """Number of the leaf, from 0, that each row reaches in each tree: N × D → N × trees, int64.

        Parameters
        ----------
        trees : numbers of those that are asked, int64; all when None.
        """
        # By NumPy: of the few hundred walks of one row its calls take a third of PyTorch's time,
        # and no threads wait for each other.
        rows, values = len(features), features.detach().numpy().ravel()
        feature, threshold, child = (
            each.numpy() for each in (self.feature, self.threshold, self.child)
        )
        roots = (self.root if trees is None else self.root[trees]).numpy()
        # The rows of a tree side by side are near each other in memory, too.
        found = np.repeat(roots, rows)
        walking = np.flatnonzero(found < self.inner)
        node = found.take(walking)
        first = (np.arange(rows, dtype=np.int32) * features.shape[1]).take(walking % max(rows, 1))
        while len(node):
            right = values.take(first + feature.take(node)) > threshold.take(node)
            node = child.take(2 * node + right)
            found[walking] = node
            going = np.flatnonzero(node < self.inner)
            node, first, walking = (each.take(going) for each in (node, first, walking))
        return torch.from_numpy(found.reshape(len(roots), rows).T - self.inner).long()

    @cached_property
    def parent(self) -> Tensor:
        """Every node's parent, int32, -1 for roots; only explanations need it."""
        parent = torch.full((self.inner + self.leaves,), -1, dtype=torch.int32)
        parent[self.child.long()] = torch.arange(self.inner, dtype=torch.int32).repeat_interleave(2)
        return parent

    @cached_property
    def leaf_tree(self) -> Tensor:
        """The tree of every leaf, int32."""
        tree = torch.zeros(self.inner + self.leaves, dtype=torch.int32)
        tree[self.root.long()] = torch.arange(self.trees, dtype=torch.int32)
        for start, end in self.levels:
            tree[self.child[2 * start : 2 * end].long()] = tree[start:end].repeat_interleave(2)
        return tree[self.inner :].clone()

    @property
    def explanation_bytes(self) -> int:
        """Memory of what explanations compute once and keep: ancestry, and a cover per node."""
        return 4 * (2 * (self.inner + self.leaves) + self.leaves)

    def summed_up(self, of_leaves: Tensor) -> Tensor:
        """For every node the sum over the leaves below it, float32."""
        total = torch.zeros(self.inner + self.leaves)
        total[self.inner :] = of_leaves
        for start, end in reversed(self.levels):
            below = total[self.child[2 * start : 2 * end].long()]
            total[start:end] = below.view(-1, 2).sum(1)
        return total


def _levels(below: Tensor, trees: int) -> list[tuple[int, int]]:
    """Numbers of the inner nodes of each depth, from the roots down: first, and one past the last.

    Parameters
    ----------
    below : how many inner nodes there are up to each node, itself included.
    """
    levels: list[tuple[int, int]] = []
    start, end = 0, int(below[trees - 1]) if trees else 0
    while end > start:
        levels.append((start, end))
        start, end = end, int(below[trees + 2 * end - 1])
    return levels
