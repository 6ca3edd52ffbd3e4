"""Pretrained backbones: downloaded by timm, or read from a folder where there is no network."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import timm
from safetensors import SafetensorError
from torch import Tensor

from pokeclf.errors import PokeclfError

HEAD_NAMES = ("fc.", "head.")


def backbone_weights(name: str, weights: Path | None) -> dict[str, Tensor]:
    """Weights of a timm backbone without its classifier, float32.

    Parameters
    ----------
    name : timm name.
    weights : folder with ``<name>.safetensors``; None downloads from the Hugging Face Hub.

    Raises
    ------
    PokeclfError
        When the file is missing or unreadable, or the download fails.
    """
    if weights is None:
        try:
            tensors = timm.create_model(name, pretrained=True, num_classes=0).state_dict()
        except Exception as error:  # the hub's client raises many kinds
            raise PokeclfError(
                f"The pretrained weights of {name} cannot be downloaded; "
                "--weights DIR takes them from a folder."
            ) from error
    else:
        path = weights / f"{name}.safetensors"
        try:
            tensors = safetensors.torch.load(path.read_bytes())
        except OSError:
            raise PokeclfError(f"There are no weights {path}.") from None
        except SafetensorError:
            raise PokeclfError(f"{path} is not a safetensors file.") from None
    return {
        key: value.float() if value.is_floating_point() else value
        for key, value in tensors.items()
        if not key.startswith(HEAD_NAMES)
    }
