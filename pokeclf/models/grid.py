"""Networks whose dense layer reads every cell of the last feature map."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

from torch import Tensor, nn
from torch.nn import functional as F

from pokeclf.models.network import ConvolutionalNetwork

_DENSE = "head.0.weight"


class GridNetwork(ConvolutionalNetwork):
    """A convolutional body, and a head whose first layer reads its map cell by cell.

    That layer holds nearly all of the network's weights and fixes the side of the map. The map of
    inputs of another size is brought to this side by adaptive average pooling, which changes
    nothing at the size that the network was drawn for.

    The layer may also learn on a coarser grid (:meth:`coarse`) and be spread over the finer one
    afterwards (:meth:`adapt`): neighbouring cells then share their weights, so that far fewer
    numbers have to be learned and stored.

    Parameters
    ----------
    body : convolutional modules in a row; see :meth:`stages`.
    head : its first layer reads channels × grid × grid numbers.
    grid : side of the map that the head reads, in cells.
    """

    def __init__(self, body: Sequence[nn.Module], head: Sequence[nn.Module], grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.body = nn.Sequential(*body)
        self.head = nn.Sequential(*head)

    @abstractmethod
    def coarse(self, grid: int) -> Self:
        """An untrained network like this one, whose dense layer reads another grid."""

    def pool(self, features: Tensor) -> Tensor:
        """The map on the grid, flattened in channel-major order: N × channels · grid²."""
        return F.adaptive_avg_pool2d(features, self.grid).flatten(1)

    def adapt(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of this network or of a coarse one, as this network takes them.

        A map that lies on the coarse grid gives the same logits before and after: each cell's
        weight is divided evenly among the finer cells in its place.

        Raises
        ------
        KeyError, RuntimeError
            When the dense layer is missing or its grid does not divide this one.
        """
        dense = weights[_DENSE]
        if dense.dim() != 2:
            raise RuntimeError(f"{_DENSE} is no matrix")
        channels = self.head[0].in_features // self.grid**2
        side = round((dense.shape[1] / channels) ** 0.5)
        times = self.grid // max(side, 1)
        if times == 1:
            return dict(weights)
        cells = dense.reshape(len(dense), channels, side, side) / times**2
        spread = cells.repeat_interleave(times, 2).repeat_interleave(times, 3)
        return {**weights, _DENSE: spread.flatten(1)}
