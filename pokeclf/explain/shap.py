"""Exact Shapley values of tree ensembles, and the place in the image that they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pokeclf.explain.request import Request
from pokeclf.models.trees import Boosted, Forest, TreeNetwork

CHUNK = 1024
"""Leaves that are summed up together, so that their numbers stay in the processor's cache."""


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
    leaves, weights = ensemble.leaves_of(species)
    paths = _paths(ensemble, leaves, features)
    values = torch.zeros(len(features), dtype=torch.float64)
    base = float(ensemble.base[species]) if isinstance(ensemble, Boosted) else 0.0
    for start in range(0, len(leaves), CHUNK):
        chunk = slice(start, start + CHUNK)
        part = _Paths(*(each[:, chunk] for each in (paths.feature, paths.known, paths.unknown)))
        contributions = _leaf_contributions(part, weights[chunk])
        values.index_add_(0, part.feature.flatten(), contributions.flatten())
        base += float((weights[chunk] * part.unknown.prod(0)).sum())
    return values.float(), base


@dataclass(frozen=True)
class _Paths:
    """The way from each leaf up to its root; every feature stands once, unused steps say 1, 1.

    Attributes
    ----------
    feature : int32, steps × leaves.
    known : 1 where the row goes the leaf's way at all comparisons of that feature, else 0.
    unknown : share of training images that do.
    """

    feature: Tensor
    known: Tensor
    unknown: Tensor


def _leaf_contributions(paths: _Paths, weights: Tensor) -> Tensor:
    """Shapley values of each leaf's product game: steps × leaves.

    For player i it is ``(known - unknown)_i ∫ ∏_{j ≠ i} (t known_j + (1 - t) unknown_j) dt``.
    """
    steps = len(paths.feature)
    points, areas = np.polynomial.legendre.leggauss(steps // 2 + 1)
    total = torch.zeros_like(paths.known)
    for point, area in zip((points + 1) / 2, areas / 2, strict=True):
        factors = point * paths.known + (1 - point) * paths.unknown
        total += area * factors.prod(0) / factors
    return weights * (paths.known - paths.unknown) * total


def _paths(ensemble: Forest | Boosted, leaves: Tensor, features: Tensor) -> _Paths:
    nodes, cover = ensemble.nodes, ensemble.node_cover
    # index_select gathers several times as fast as indexing does, and nearly all of this is that.
    node = nodes.inner + leaves
    images = cover.index_select(0, node)
    feature, known, unknown = [], [], []
    while True:
        parent = nodes.parent.index_select(0, node)
        inside = parent >= 0
        if not inside.any():
            break
        above = parent.clamp(min=0)
        images_above = cover.index_select(0, above)
        compared = nodes.feature.index_select(0, above)
        threshold = nodes.threshold.index_select(0, above)
        goes_left = features.index_select(0, compared) <= threshold
        is_left = nodes.child.index_select(0, 2 * above) == node
        share = (images / images_above.clamp(min=1e-12)).double()
        feature.append(torch.where(inside, compared, -1))
        known.append(torch.where(inside, (goes_left == is_left).double(), 1.0))
        unknown.append(torch.where(inside, share.clamp(min=1e-12), 1.0))
        node = torch.where(inside, parent, node)
        images = torch.where(inside, images_above, images)
    if not feature:  # nothing but roots
        empty = torch.ones(1, len(leaves), dtype=torch.float64)
        return _Paths(torch.zeros(1, len(leaves), dtype=torch.int32), empty, empty)
    return _merged(torch.stack(feature), torch.stack(known), torch.stack(unknown))


def _merged(feature: Tensor, known: Tensor, unknown: Tensor) -> _Paths:
    """Comparisons of the same feature on a path count as one: their factors are multiplied."""
    known, unknown = known.clone(), unknown.clone()
    for step in range(len(feature) - 1, 0, -1):
        same = (feature[:step] == feature[step]) & (feature[step] >= 0)
        again = same.any(0).nonzero().flatten()
        first = same.index_select(1, again).int().argmax(0)
        known[first, again] *= known[step, again]
        unknown[first, again] *= unknown[step, again]
        known[step, again] = unknown[step, again] = 1.0
    return _Paths(feature.clamp(min=0), known, unknown)
