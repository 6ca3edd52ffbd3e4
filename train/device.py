"""Where networks are trained, and how their numbers lie there."""

from __future__ import annotations

import torch
from torch import Tensor


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the hardware computes it faster than float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=_computes_bfloat16(device))


def layout(device: torch.device) -> torch.memory_format:
    """The order of an image's numbers in which networks train fastest.

    Channels come last, except on processors that compute in float32 alone.
    """
    quick = device.type == "cuda" or _computes_bfloat16(device)
    return torch.channels_last if quick else torch.contiguous_format


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return getattr(torch.cpu, "get_capabilities", dict)().get("avx512_bf16", False)


def to_device(inputs: Tensor, device: torch.device) -> Tensor:
    """Move inputs; images are laid out as :func:`layout` says."""
    order = layout(device) if inputs.dim() == 4 else torch.preserve_format
    return inputs.to(device, memory_format=order, non_blocking=True)
