"""One file per architecture, and :func:`build` to make each by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from pokeclf.models.basic_cnn import BasicCNN
from pokeclf.models.convmixer import ConvMixer
from pokeclf.models.network import Network, deep_head
from pokeclf.models.residual_cnn import ResidualCNN
from pokeclf.models.resnet import ResNet18
from pokeclf.models.vit import READ_BLOCKS, WIDTHS, ViT


def _linear(in_features: int, num_classes: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, num_classes))


ARCHITECTURES: Mapping[str, Callable[[int, str | None], Network]] = MappingProxyType(
    {
        "basic_cnn": lambda classes, _: BasicCNN(classes),
        "residual_cnn": lambda classes, _: ResidualCNN(classes),
        "convmixer": lambda classes, _: ConvMixer(classes),
        "resnet18": lambda classes, _: ResNet18(_linear(512, classes)),
        "resnet18_deep_head": lambda classes, _: ResNet18(deep_head(512, classes)),
        "vit": lambda classes, name: ViT(name, _linear(WIDTHS[name], classes)),
        "vit_deep_head": lambda classes, name: ViT(
            name, deep_head(WIDTHS[name] * READ_BLOCKS[name], classes), READ_BLOCKS[name]
        ),
    }
)
"""Builders by architecture, called with (number of classes, backbone)."""


def build(architecture: str, num_classes: int, backbone: str | None = None) -> Network:
    """An untrained network.

    Parameters
    ----------
    architecture : a key of :data:`ARCHITECTURES`.
    num_classes : number of logits.
    backbone : timm name, for the ``vit`` architectures.

    Raises
    ------
    KeyError
        For an architecture that is not in the table.
    """
    return ARCHITECTURES[architecture](num_classes, backbone)


def parameter_count(network: nn.Module) -> int:
    """Number of learnable numbers in the network."""
    return sum(parameter.numel() for parameter in network.parameters())
