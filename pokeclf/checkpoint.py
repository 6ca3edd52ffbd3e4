"""A checkpoint folder: what its card says, written whole, and verified when it is loaded.

A folder ``checkpoints/<id>/`` holds ``card.json``, weight files, ``history.csv`` and
``predictions.safetensors``. Backbones that keep their pretrained weights are stored once, in
``checkpoints/backbones/``, and a model on another model's features names that model instead of
storing it again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from pokeclf import storage
from pokeclf.errors import PokeclfError
from pokeclf.evaluation import Metrics
from pokeclf.files import sha256, to_json, write_atomically
from pokeclf.imaging import MIN_SIDE, Preprocessing

CARD = "card.json"
PREDICTIONS = "predictions.safetensors"
HISTORY = "history.csv"
FORMAT = 2
_SAFE_FILE = re.compile(r"(backbones/)?[a-z0-9_]+(\.[a-z0-9]+)+")


class CheckpointError(PokeclfError):
    """A checkpoint that cannot be used; the message says why in one sentence."""


class NotTrainedError(CheckpointError):
    """There is no checkpoint at all."""


@dataclass(frozen=True)
class WeightFile:
    """A weight file and its SHA-256.

    ``path`` is relative to the checkpoint's folder, or starts with ``backbones/`` for a file that
    several checkpoints share. ``prefix`` is put before the names of its tensors.
    """

    path: str
    sha256: str
    bytes: int
    prefix: str = ""


@dataclass(frozen=True)
class Card:
    """Everything that serving and reporting need to know about a checkpoint.

    Attributes
    ----------
    classes : species slugs in the order of the logits.
    settings : hyper-parameters of the chosen model, as they were used.
    temperature : divides the logits before the softmax; fitted on the validation images.
    features_from, features_sha256 : for trees, the model whose features they read and the hash of
        its weights when they were trained.
    data_fingerprint, split_fingerprint : identify the images and their split.
    libraries : versions at training time.
    agreement : share of the test images to which the weights as they are stored give the same
        first guess as the weights as they were trained.
    flip_averaged : test figures when the logits of an image and its mirror image are averaged.
    candidates : for trees, every setting that was tried, with its accuracies.
    """

    model: str
    architecture: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    weights: tuple[WeightFile, ...]
    parameters: int
    recipe: str
    settings: Mapping[str, Any]
    seed: int
    temperature: float
    validation: Metrics
    test: Metrics
    data_fingerprint: str
    split_fingerprint: str
    training_seconds: float
    libraries: Mapping[str, str]
    backbone: str | None = None
    features_from: str | None = None
    features_sha256: str | None = None
    agreement: float = 1.0
    flip_averaged: Metrics | None = None
    candidates: tuple[Mapping[str, Any], ...] = field(default=())
    format: int = FORMAT

    @property
    def weights_sha256(self) -> str:
        """One hash for all weight files."""
        return sha256(" ".join(file.sha256 for file in self.weights).encode())

    @property
    def weight_bytes(self) -> int:
        """Size of all weight files, shared backbones included."""
        return sum(file.bytes for file in self.weights)


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as safetensors bytes, whatever their memory layout."""
    return safetensors.torch.save({key: value.contiguous() for key, value in tensors.items()})


def write_card(folder: Path, card: Card) -> None:
    """Write ``card.json``."""
    write_atomically(folder / CARD, to_json(asdict(card)))


def read_card(folder: Path) -> Card:
    """Read and check a card.

    Raises
    ------
    CheckpointError
        When it is missing, unreadable, or written for another version of this project.
    """
    name = folder.name
    try:
        raw = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if folder.exists():
            raise CheckpointError(f"The card of checkpoint {name} is missing.") from None
        raise NotTrainedError(f"Model {name} is not trained yet: it has no checkpoint.") from None
    except (OSError, ValueError):
        raise CheckpointError(f"The card of checkpoint {name} cannot be read.") from None
    try:
        if raw["format"] != FORMAT:
            raise CheckpointError(
                f"Checkpoint {name} has another format than {FORMAT}, which this version reads."
            )
        card = Card(
            **{
                **raw,
                "classes": tuple(raw["classes"]),
                "preprocessing": Preprocessing(
                    int(raw["preprocessing"]["size"]),
                    raw["preprocessing"]["rule"],
                    tuple(raw["preprocessing"]["mean"]),
                    tuple(raw["preprocessing"]["std"]),
                ),
                "weights": tuple(WeightFile(**file) for file in raw["weights"]),
                "validation": Metrics(**raw["validation"]),
                "test": Metrics(**raw["test"]),
                "flip_averaged": raw["flip_averaged"] and Metrics(**raw["flip_averaged"]),
                "candidates": tuple(raw["candidates"]),
            }
        )
        if card.model != name or not _is_sound(card):
            raise ValueError
        return card
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise CheckpointError(f"The card of checkpoint {name} is damaged or foreign.") from None


def _is_sound(card: Card) -> bool:
    """Whether everything in a card, which may come from a stranger, has its type and range."""
    seen = card.preprocessing
    parts = [part for part in (card.validation, card.test, card.flip_averaged) if part]
    figures = [card.agreement, *(value for part in parts for value in astuple(part))]
    return (
        all(isinstance(value, str) for value in (card.architecture, card.recipe))
        and isinstance(card.backbone, str | None)
        and isinstance(card.features_from, str | None)
        and isinstance(card.settings, dict)
        and len(set(card.classes)) == len(card.classes) > 1
        and all(isinstance(name, str) for name in card.classes)
        and MIN_SIDE <= seen.size <= 1024
        and len(seen.mean) == len(seen.std) == 3
        and all(map(_is_number, (*seen.mean, *seen.std, *figures, card.temperature)))
        and min(*seen.std, card.temperature) > 0
        and min(figures) >= 0
        and all(share <= 1 for part in parts for share in _shares(part))
        and isinstance(card.parameters, int)
        and all(
            _SAFE_FILE.fullmatch(file.path) and isinstance(file.bytes, int) for file in card.weights
        )
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _shares(metrics: Metrics) -> tuple[float, ...]:
    return (metrics.accuracy, metrics.accuracy_low, metrics.accuracy_high, metrics.top5)


def check_files(folder: Path, card: Card) -> None:
    """Whether all weight files are there in full size, without reading them.

    Raises
    ------
    CheckpointError
        Naming the first that is not; what the files hold is verified when they are loaded.
    """
    for file in card.weights:
        try:
            size = _path(folder, file).stat().st_size
        except OSError:
            size = -1
        if size != file.bytes:
            raise CheckpointError(
                f"Weight file {file.path} of checkpoint {card.model} is missing or incomplete."
            )


def _path(folder: Path, file: WeightFile) -> Path:
    return (folder.parent if file.path.startswith("backbones/") else folder) / file.path


def read_weights(folder: Path, card: Card) -> dict[str, Tensor]:
    """All tensors of a checkpoint, their hashes verified; names get their file's prefix.

    Raises
    ------
    CheckpointError
        When a file is missing, truncated, altered or not safetensors.
    """
    tensors: dict[str, Tensor] = {}
    for file in card.weights:
        data = verified_bytes(folder, card, file)
        try:
            loaded = safetensors.torch.load(data)
        except (SafetensorError, ValueError, KeyError):
            raise CheckpointError(
                f"Weight file {file.path} of checkpoint {card.model} is not safetensors."
            ) from None
        tensors |= {file.prefix + name: value for name, value in loaded.items()}
    try:
        return storage.restore(tensors)
    except (RuntimeError, KeyError, ValueError, IndexError):
        raise CheckpointError(
            f"The weights of checkpoint {card.model} are not packed as this version packs them."
        ) from None


def verified_bytes(folder: Path, card: Card, file: WeightFile) -> bytes:
    """Contents of a weight file whose hash fits the card; raises CheckpointError otherwise."""
    try:
        data = _path(folder, file).read_bytes()
    except OSError:
        raise CheckpointError(
            f"Weight file {file.path} of checkpoint {card.model} is missing or unreadable."
        ) from None
    if sha256(data) != file.sha256:
        raise CheckpointError(
            f"Weight file {file.path} of checkpoint {card.model} is damaged or was changed: "
            "its hash does not fit the card."
        )
    return data


def rounded(logits: np.ndarray) -> np.ndarray:
    """Logits as precise as :func:`write_predictions` stores them; float32."""
    return logits.astype(np.float16).astype(np.float32)


def write_predictions(folder: Path, logits: Mapping[str, np.ndarray]) -> None:
    """Store logits before temperature by part of the split, float16, in the split's order."""
    tensors = {part: torch.from_numpy(rows.astype(np.float16)) for part, rows in logits.items()}
    write_atomically(folder / PREDICTIONS, safetensors.torch.save(tensors))


def read_predictions(folder: Path, part: str) -> np.ndarray:
    """Logits before temperature, float32 N × classes, in the split's order.

    Parameters
    ----------
    part : ``"validation"`` or ``"test"``.
    """
    try:
        data = (folder / PREDICTIONS).read_bytes()
        return safetensors.torch.load(data)[part].float().numpy()
    except (OSError, SafetensorError, KeyError, ValueError):
        raise CheckpointError(
            f"The predictions of checkpoint {folder.name} are missing or damaged."
        ) from None
