"""Networks whose dense layer reads every cell of the last feature map."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

import torch
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
    numbers have to be learned and stored. To answer, it need not be spread (:meth:`take`): cells
    that share their weights say the same as their mean does.

    Parameters
    ----------
    body : convolutional modules in a row; see :meth:`stages`.
    head : its first layer reads channels × grid × grid numbers.
    grid : side of the map that the head reads, in cells.
    """

    def __init__(self, body: Sequence[nn.Module], head: Sequence[nn.Module], grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.shared = 1  # side of the squares of cells that share their weights
        self.body = nn.Sequential(*body)
        self.head = nn.Sequential(*head)

    @abstractmethod
    def coarse(self, grid: int) -> Self:
        """An untrained network like this one, whose dense layer reads another grid."""

    def pool(self, features: Tensor) -> Tensor:
        """The map on the grid, flattened in channel-major order: N × channels · grid²."""
        cells = F.adaptive_avg_pool2d(features, self.grid)
        return (F.avg_pool2d(cells, self.shared) if self.shared > 1 else cells).flatten(1)

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Weights of this network or of a coarse one, which stay as few as they are.

        Raises
        ------
        KeyError, RuntimeError
            When the dense layer is missing or its grid does not divide this one.
        """
        times = self._times(weights[_DENSE])
        with torch.device("meta"):
            self.head[0] = nn.Linear(
                self.head[0].in_features // times**2, self.head[0].out_features
            )
        self.shared = times
        self.load_state_dict(dict(weights), assign=True)

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
        times = self._times(dense)
        if times == 1:
            return dict(weights)
        side = self.grid // times
        cells = dense.reshape(len(dense), -1, side, side) / times**2
        spread = cells.repeat_interleave(times, 2).repeat_interleave(times, 3)
        return {**weights, _DENSE: spread.flatten(1)}

    def _times(self, dense: Tensor) -> int:
        """How many times finer this grid is than that of a dense layer's weights."""
        if dense.dim() != 2:
            raise RuntimeError(f"{_DENSE} is no matrix")
        channels = self.head[0].in_features // self.grid**2
        side = max(round((dense.shape[1] / channels) ** 0.5), 1)
        if self.grid % side or dense.shape[1] != channels * side**2:
            raise RuntimeError(f"the grid of {_DENSE} does not divide this one")
        return self.grid // side
