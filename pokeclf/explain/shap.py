"""Exact Shapley values of tree ensembles, and the place in the image that they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pokeclf.explain.request import Request
from pokeclf.models.trees import Boosted, Forest, TreeNetwork


def tree_shap_map(request: Request) -> np.ndarray:
    """SHAP values of the features, carried back to where in the image the features come from.

    The values are those of Lundberg et al. 2020 (:func:`shap_values`), the way back is our own: a
    feature's value is shared among the places of the backbone's feature map as gradient ×
    activation shares the feature itself: for pooled features exactly by each place's part in the
    mean.

    Returns
    -------
    float32 h × w, at least 0: places whose features speak for the species.
    """
    network = request.classifier.network
    assert isinstance(network, TreeNetwork)
    trunk = request.observation.trunk.detach()
    with torch.no_grad():
        features = network.pool(trunk)
        values, _ = shap_values(network.ensemble, features[0], request.species)
    with torch.enable_grad():
        grid = trunk.clone().requires_grad_(True)
        pooled = network.pool(grid)
        # Features of 0 come from no place; what they say by being absent cannot be shown.
        share = torch.where(features > 1e-6, values / features.clamp(min=1e-6), 0.0)
        (gradient,) = torch.autograd.grad((pooled * share).sum(), grid)
    return (gradient * grid.detach())[0].sum(0).clamp(min=0).numpy()


def shap_values(ensemble: Forest | Boosted, features: Tensor, species: int) -> tuple[Tensor, float]:
    """Path-dependent SHAP values of one row (Lundberg et al. 2020, "From local explanations to
    global understanding", section on TreeExplainer).

    A leaf adds ``value · ∏ over its path's features`` of either "the row goes this way" (feature
    known) or the share of training images that do (feature unknown). The Shapley value of such a
    product is an integral over t in 0…1 of a polynomial, computed exactly by Gauss-Legendre
    quadrature; only the leaves that hold the class matter, a few per cent of them.

    Parameters
    ----------
    features : D, one row.

    Returns
    -------
    values : float32 D. With ``base`` they add up to the probability (forests) or to the margin
        (boosted trees) of the class.
    base : what the ensemble gives when no feature is known.
    """
    leaves, weights = _leaves_of_class(ensemble, species)
    start = float(ensemble.base[species]) if isinstance(ensemble, Boosted) else 0.0
    paths = _paths(ensemble, leaves, features)
    values = torch.zeros(len(features), dtype=torch.float64)
    base = start
    for chunk in torch.arange(len(leaves)).split(8192):
        part = _Paths(*(each[chunk] for each in (paths.feature, paths.known, paths.unknown)))
        contributions = _leaf_contributions(part, weights[chunk])
        values.index_add_(0, part.feature.flatten(), contributions.flatten())
        base += float((weights[chunk] * part.unknown.prod(1)).sum())
    return values.float(), base


@dataclass(frozen=True)
class _Paths:
    """The way from each leaf up to its root; every feature stands once, unused steps say 1, 1.

    Attributes
    ----------
    feature : int64, leaves × steps.
    known : 1 where the row goes the leaf's way at all comparisons of that feature, else 0.
    unknown : share of training images that do.
    """

    feature: Tensor
    known: Tensor
    unknown: Tensor


def _leaf_contributions(paths: _Paths, weights: Tensor) -> Tensor:
    """Shapley values of each leaf's product game: leaves × steps.

    For player i it is ``(known - unknown)_i ∫ ∏_{j ≠ i} (t known_j + (1 - t) unknown_j) dt``.
    """
    steps = paths.feature.shape[1]
    points, areas = np.polynomial.legendre.leggauss(steps // 2 + 1)
    total = torch.zeros_like(paths.known)
    for point, area in zip((points + 1) / 2, areas / 2, strict=True):
        factors = point * paths.known + (1 - point) * paths.unknown
        total += area * factors.prod(1, keepdim=True) / factors
    return weights[:, None] * (paths.known - paths.unknown) * total


def _leaves_of_class(ensemble: Forest | Boosted, species: int) -> tuple[Tensor, Tensor]:
    """Leaves that say anything about a class, and what: the mean's or the margin's summand."""
    if isinstance(ensemble, Boosted):
        of_class = ensemble.tree_class == species
        leaves = of_class[ensemble.nodes.leaf_tree].nonzero().flatten()
        return leaves, ensemble.leaf_values[leaves].double()
    entries = (ensemble.leaf_classes == species).nonzero().flatten()
    leaves = torch.searchsorted(ensemble.leaf_starts, entries.int(), right=True) - 1
    return leaves, ensemble.leaf_shares[entries].double() / ensemble.nodes.trees


def _paths(ensemble: Forest | Boosted, leaves: Tensor, features: Tensor) -> _Paths:
    nodes, cover = ensemble.nodes, ensemble.node_cover
    node = nodes.leaf_node[leaves].long()
    feature, known, unknown = [], [], []
    while True:
        parent = nodes.parent[node].long()
        if (parent < 0).all():
            break
        inside = parent >= 0
        above = parent.clamp(min=0)
        compared = nodes.feature[above].long()
        goes_left = features[compared] <= nodes.threshold[above]
        is_left = nodes.left[above].long() == node
        share = (cover[node] / cover[above].clamp(min=1e-12)).double()
        feature.append(torch.where(inside, compared, -1))
        known.append(torch.where(inside, (goes_left == is_left).double(), 1.0))
        unknown.append(torch.where(inside, share.clamp(min=1e-12), 1.0))
        node = torch.where(inside, parent, node)
    if not feature:  # nothing but roots
        empty = torch.ones(len(leaves), 1, dtype=torch.float64)
        return _Paths(torch.zeros(len(leaves), 1, dtype=torch.int64), empty, empty)
    return _merged(torch.stack(feature, 1), torch.stack(known, 1), torch.stack(unknown, 1))


def _merged(feature: Tensor, known: Tensor, unknown: Tensor) -> _Paths:
    """Comparisons of the same feature on a path count as one: their factors are multiplied."""
    known, unknown = known.clone(), unknown.clone()
    for step in range(feature.shape[1] - 1, 0, -1):
        this = feature[:, step : step + 1]
        same = (feature[:, :step] == this) & (this >= 0)
        first = same.int().argmax(1)
        again = same.any(1).nonzero().flatten()
        known[again, first[again]] *= known[again, step]
        unknown[again, first[again]] *= unknown[again, step]
        known[again, step] = unknown[again, step] = 1.0
    return _Paths(feature.clamp(min=0), known, unknown)
