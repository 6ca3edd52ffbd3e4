"""Checkpoints with random weights: made in a second, in the format of the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pokeclf import checkpoint, models, study
from pokeclf.checkpoint import Card, WeightFile
from pokeclf.evaluation import Metrics
from pokeclf.files import sha256, write_atomically
from pokeclf.imaging import Preprocessing
from pokeclf.models import parameter_count
from pokeclf.species import SPECIES

SIZE = 160


def save_tensors(folder: Path, name: str, tensors: Mapping[str, Tensor], prefix: str) -> WeightFile:
    """Write tensors to ``folder/name`` and say how a card lists them."""
    data = checkpoint.pack(tensors)
    write_atomically(folder / name, data)
    return WeightFile(name, sha256(data), len(data), prefix)


def write_random_checkpoint(
    root: Path, model_id: str, seed: int = 0, accuracy: float = 0.5
) -> Path:
    """Write ``root/model_id`` for one of the study's neural networks; tree ensembles have none.

    The weights are random and the figures made up, so its answers mean nothing.
    """
    entry = study.find(model_id)
    if entry.is_tree:
        raise ValueError(f"{model_id} is a tree ensemble")
    classes = tuple(sorted(species.slug for species in SPECIES))
    backbone = "vit_tiny_patch16_224" if "vit" in entry.architecture else entry.backbone
    torch.manual_seed(seed)
    network = models.build(entry.architecture, len(classes), backbone)
    folder = root / model_id
    file = save_tensors(folder, "weights.safetensors", network.state_dict(), "")
    checkpoint.write_card(
        folder,
        Card(
            model=model_id,
            architecture=entry.architecture,
            classes=classes,
            preprocessing=Preprocessing(SIZE, "squash", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
            weights=(file,),
            parameters=parameter_count(network),
            recipe="tuned",
            settings={"epochs": 25},
            seed=seed,
            temperature=1.0,
            validation=_metrics(accuracy),
            test=_metrics(accuracy),
            data_fingerprint="made up",
            split_fingerprint="made up",
            training_seconds=1.0,
            libraries={"torch": torch.__version__},
            backbone=backbone,
        ),
    )
    return folder


def _metrics(accuracy: float) -> Metrics:
    return Metrics(
        images=2000,
        accuracy=accuracy,
        accuracy_low=accuracy - 0.02,
        accuracy_high=accuracy + 0.02,
        top5=accuracy + 0.1,
        macro_accuracy=accuracy,
        macro_f1=accuracy,
        loss=1.0,
        calibration_error=0.02,
        uncalibrated_error=0.05,
    )
