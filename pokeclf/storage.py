"""Weights in fewer bits and in files of bounded size, and back.

Tensors stay plain safetensors; what was done to one is written in its name: ``w.int8`` with
``w.scale`` for quantised weights, ``w#0``, ``w#1``, … for rows in several files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor


def compact(tensors: Mapping[str, Tensor], bits: Mapping[str, int]) -> dict[str, Tensor]:
    """Weights in fewer bits; vectors (biases, norms) are small and stay exact.

    Parameters
    ----------
    bits : 8 or 16 by the beginning of the names; the longest that fits counts. Others get 16.

    Returns
    -------
    dict
        16 bits: float16. 8 bits: int8 with a scale per output channel (Jacob et al. 2018,
        symmetric).
    """
    stored: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.dim() < 2 or not value.is_floating_point():
            stored[name] = value
            continue
        fitting = [beginning for beginning in bits if name.startswith(beginning)]
        kept = bits[max(fitting, key=len)] if fitting else 16
        stored |= {16: _half, 8: _to_int8}[kept](name, value)
    return stored


def restore(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of :func:`compact` and :func:`shards`, quantised weights as float32.

    Raises
    ------
    KeyError, RuntimeError, ValueError, IndexError
        When a scale or some rows are missing, or names or sizes do not fit.
    """
    whole = _join(stored)
    tensors: dict[str, Tensor] = {}
    for name, value in whole.items():
        if name.endswith(".int8"):
            scale = whole[name.removesuffix("int8") + "scale"].float()
            tensors[name.removesuffix(".int8")] = value.float().mul_(
                scale.view(-1, *[1] * (value.dim() - 1))
            )
        elif not name.endswith(".scale"):
            tensors[name] = value
    return tensors


def shards(tensors: Mapping[str, Tensor], max_bytes: int) -> list[dict[str, Tensor]]:
    """Tensors in groups of at most so many bytes; larger ones are cut between rows."""
    files: list[dict[str, Tensor]] = [{}]
    room = max_bytes
    for name, value in _cut(tensors, max_bytes):
        if value.nbytes > room and files[-1]:
            files.append({})
            room = max_bytes
        files[-1][name] = value
        room -= value.nbytes
    return files


def _cut(tensors: Mapping[str, Tensor], max_bytes: int) -> Iterable[tuple[str, Tensor]]:
    for name, value in tensors.items():
        if value.nbytes <= max_bytes:
            yield name, value
            continue
        rows = max(1, max_bytes // (value.nbytes // len(value)))
        for number, piece in enumerate(value.split(rows)):
            yield f"{name}#{number}", piece


def _join(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    pieces: dict[str, dict[int, Tensor]] = {}
    for name, value in stored.items():
        stem, _, number = name.partition("#")
        pieces.setdefault(stem, {})[int(number or 0)] = value
    return {
        name: rows[0] if len(rows) == 1 else torch.cat([rows[n] for n in range(len(rows))])
        for name, rows in pieces.items()
    }


def _half(name: str, value: Tensor) -> dict[str, Tensor]:
    return {name: value.half()}


def _to_int8(name: str, value: Tensor) -> dict[str, Tensor]:
    rows = value.flatten(1)
    # What one step of an integer is worth in each row, so that 127 of them reach its end.
    scale = (rows.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
    whole = (rows / scale).round_().to(torch.int8).view(value.shape)
    return {f"{name}.int8": whole, f"{name}.scale": scale[:, 0]}
