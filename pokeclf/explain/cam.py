"""Class activation maps, from pytorch-grad-cam on a private tail of the network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam import (
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    XGradCAM,
)
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from pokeclf.explain.request import Request
from pokeclf.models.network import Network


class Tail(nn.Module):
    """What follows a place in a network, as a small model of its own for one request.

    The library hooks ``entry``, which no other request shares, and gradients stop there instead
    of running back to the pixels: faster than hooks on the model (``benchmarks.gradcam`` says by
    how much), and safe with threads.

    Parameters
    ----------
    layer : number of the place in the network's ``layers``.
    class_token : 1 × 1 × C that a transformer carries beside its grid; None for convolutions.
    """

    def __init__(self, network: Network, layer: int, class_token: Tensor | None) -> None:
        super().__init__()
        # A function and no module: the library would walk through all of the shared network, to
        # set its mode and look for parameters, which takes longer than the gradients themselves.
        self.forward_from = partial(network.forward_from, layer=layer)
        self.class_token = class_token
        self.entry = nn.Identity()
        self.device = nn.Parameter(torch.empty(0), requires_grad=False)  # tells the library which

    def forward(self, grid: Tensor) -> Tensor:
        """Logits from the place's grid, 1 × C × h × w."""
        grid = self.entry(grid)
        if self.class_token is not None:
            tokens = grid.flatten(2).transpose(1, 2)
            grid = torch.cat([self.class_token, tokens], 1)
        return self.forward_from(grid)


def class_activation_map(request: Request) -> np.ndarray:
    """CAM (Zhou et al. 2016, equation 2): the map weighted as the only linear layer weighs it.

    Returns
    -------
    float32 h × w, at least 0: what each place adds to the logit before averaging, where positive.
    """
    network, trunk = request.classifier.network, request.observation.trunk
    weights = network.head[-1].weight[request.species]
    return torch.einsum("c,chw->hw", weights, trunk[0]).relu().numpy()


def grad_cam(request: Request) -> np.ndarray:
    """Grad-CAM (Selvaraju et al. 2017, section 3): channels weighted by their mean gradient."""
    return _from_library(GradCAM, request)


def grad_cam_plus_plus(request: Request) -> np.ndarray:
    """Grad-CAM++ (Chattopadhay et al. 2018): weights from second and third powers of gradients."""
    return _from_library(GradCAMPlusPlus, request)


def hires_cam(request: Request) -> np.ndarray:
    """HiResCAM (Draelos & Carin 2020): gradient times map, place by place."""
    return _from_library(HiResCAM, request)


def layer_cam(request: Request) -> np.ndarray:
    """LayerCAM (Jiang et al. 2021): only the positive gradients, place by place; good early on."""
    return _from_library(LayerCAM, request)


def xgrad_cam(request: Request) -> np.ndarray:
    """XGrad-CAM (Fu et al. 2020): gradients weighted by each place's share of its channel."""
    return _from_library(XGradCAM, request)


def eigen_cam(request: Request) -> np.ndarray:
    """Eigen-CAM (Muhammad & Yeasin 2020): the map's first principal component, for any species.

    A principal component has no sign of its own; here it grows with the strength of the features.
    """
    return _from_library(_OrientedEigenCAM, request)


def finer_cam(request: Request) -> np.ndarray:
    """Finer-CAM (Zhang et al. 2025): Grad-CAM of the difference to a similar species' logit."""

    # The library's own target weighs the difference by the other species' probability, which has
    # a gradient too: for an unlikely species the map would turn into its opposite.
    return _from_library(
        GradCAM, request, lambda logits: logits[request.species] - logits[request.against]
    )


class _OrientedEigenCAM(EigenCAM):
    """The library's projection, turned so that it is large where the features are strong."""

    def get_cam_image(self, *arguments: Any) -> np.ndarray:  # noqa: ANN401 - as the library has it
        """N × h × w, of either sign."""
        projection = super().get_cam_image(*arguments)
        activations = arguments[3]
        strength = np.linalg.norm(activations, axis=1)
        strength = strength - strength.mean((1, 2), keepdims=True)
        agreement = (projection * strength).sum((1, 2), keepdims=True)
        return np.where(agreement < 0, -projection, projection)


def _from_library(
    kind: Callable[[nn.Module, list[nn.Module]], BaseCAM],
    request: Request,
    target: Callable[[Tensor], Tensor] | None = None,
) -> np.ndarray:
    """A map by one of the library's methods, rectified and in the method's own unit.

    Returns
    -------
    float32 h × w, at least 0. A transformer's tokens are laid out on their grid.

    Raises
    ------
    RuntimeError
        When the library, which swallows some errors, returns no map.
    """
    network = request.classifier.network
    observation = request.observation
    grid, class_token = split_grid(network, observation.inputs, observation.maps[request.layer])
    grid = grid.detach().requires_grad_(True)
    tail = Tail(network, request.layer, class_token)
    targets = [target or ClassifierOutputTarget(request.species)]
    result = None
    with kind(tail, [tail.entry]) as cam:
        if cam(grid, targets) is not None:
            # The library scales its result to 0…1; maps that are compared need the values.
            seen = cam.activations_and_grads
            gradients = seen.gradients[0].numpy() if seen.gradients else None
            result = cam.get_cam_image(
                grid, tail.entry, targets, seen.activations[0].numpy(), gradients, False
            )
    if result is None:
        raise RuntimeError("pytorch-grad-cam returned no map")
    return np.maximum(result[0], 0)


def split_grid(network: Network, inputs: Tensor, features: Tensor) -> tuple[Tensor, Tensor | None]:
    """A map of the inputs as a grid, 1 × C × h × w, and the class token beside it, if any."""
    if features.dim() == 4:
        return features, None
    grid = features[:, 1:].transpose(1, 2).unflatten(2, network.patch_grid(inputs))
    return grid.contiguous(), features[:, :1]
