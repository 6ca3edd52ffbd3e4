"""Tensors in one safetensors file that tells whether it is what was written.

A checkpoint's weights have their hash in its card. What has no card, but decides what people see,
carries a hash of its tensors, and of what is said of them, in the file's own metadata.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

SEAL = "sha256"


def pack(tensors: Mapping[str, Tensor], said: Mapping[str, str] | None = None) -> bytes:
    """A file's contents; ``said`` is what stands in its metadata beside the hash."""
    dense = {name: tensor.contiguous() for name, tensor in tensors.items()}
    said = dict(said or {})
    return safetensors.torch.save(dense, said | {SEAL: _digest(dense, said)})


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file, and what is said of them.

    Raises
    ------
    OSError
        When the file cannot be read.
    ValueError
        When it is not as :func:`pack` made it.
    """
    try:
        with safe_open(path, "pt") as file:
            said = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    seal = said.pop(SEAL, None)
    if seal != _digest(tensors, said):
        raise ValueError("The hash does not fit the contents.")
    return tensors, said


def _digest(tensors: Mapping[str, Tensor], said: Mapping[str, str]) -> str:
    """SHA-256 of names, types, shapes and values, and of what is said, in a fixed order."""
    told = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        told.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        told.update(tensor.numpy().tobytes())
    return told.hexdigest()
