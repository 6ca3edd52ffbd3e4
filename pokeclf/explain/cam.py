"""Class activation maps by gradients, from pytorch-grad-cam on a private tail."""

from __future__ import annotations

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from pokeclf.classifier import Classifier, Observation
from pokeclf.models.network import Network


class Tail(nn.Module):
    """What follows a network's trunk, as a small model of its own for one request.

    The library hooks ``entry``, which no other request shares, and gradients stop there instead
    of running back to the pixels: faster than hooks on the model (``benchmarks.gradcam`` says by
    how much), and safe with threads.

    Parameters
    ----------
    class_token : 1 × 1 × C that a transformer carries beside its grid; None for convolutions.
    """

    def __init__(self, network: Network, class_token: Tensor | None) -> None:
        super().__init__()
        self.network = network
        self.class_token = class_token
        self.entry = nn.Identity()

    def forward(self, grid: Tensor) -> Tensor:
        """Logits from the trunk's grid, 1 × C × h × w."""
        grid = self.entry(grid)
        if self.class_token is None:
            return self.network.forward_tail(grid)
        tokens = grid.flatten(2).transpose(1, 2)
        return self.network.forward_tail(torch.cat([self.class_token, tokens], 1))


def grad_cam(classifier: Classifier, observation: Observation, species: int) -> np.ndarray:
    """Grad-CAM (Selvaraju et al. 2017, section 3) on the network's trunk.

    Parameters
    ----------
    species : index of the explained class.

    Returns
    -------
    float32 h × w, 0…1: the trunk's channels weighted by the mean gradient of the species' logit,
    summed, rectified and scaled. A transformer's tokens are laid out on their grid.

    Raises
    ------
    RuntimeError
        When the library, which swallows some errors, returns no map.
    """
    grid, class_token = _split(observation.trunk)
    target = [ClassifierOutputTarget(species)]
    tail = Tail(classifier.network, class_token)
    result = None
    with GradCAM(tail, [tail.entry]) as cam:
        result = cam(grid.detach().requires_grad_(True), target)
    if result is None:
        raise RuntimeError("pytorch-grad-cam returned no map")
    return result[0]


def _split(trunk: Tensor) -> tuple[Tensor, Tensor | None]:
    """A trunk as a grid, 1 × C × h × w, and the class token beside it, if any."""
    if trunk.dim() == 4:
        return trunk, None
    side = round((trunk.shape[1] - 1) ** 0.5)
    return trunk[:, 1:].transpose(1, 2).unflatten(2, (side, side)).contiguous(), trunk[:, :1]
