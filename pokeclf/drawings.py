"""What a network made of the project's own drawings, kept where its weights are not.

Runs of the study's recipe leave their figures and no weights. Their maps of a few drawings show
beside ours what such a network looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from pokeclf.checkpoint import CheckpointError
from pokeclf.classifier import Classifier, Guess
from pokeclf.imaging import decode

FOLDER = Path(__file__).resolve().parent.parent / "examples"
FILE = "drawings.safetensors"


@dataclass(frozen=True)
class Look:
    """A network's first guess for a drawing, and its map for that guess.

    Attributes
    ----------
    drawing : the file's name without its ending.
    method : id of the method, the network's default.
    layer : the place that was looked at.
    evidence : float32 h × w, at least 0, in the method's own unit; 0 everywhere where nothing
        in the picture matters to the network.
    """

    drawing: str
    guess: Guess
    method: str
    layer: str
    evidence: np.ndarray


def drawings_of(folder: Path = FOLDER) -> list[Path]:
    """The drawings in a folder, by name."""
    return sorted(folder.glob("*.png"))


def looks(classifier: Classifier, folder: Path = FOLDER) -> tuple[Look, ...]:
    """What a network makes of each drawing.

    Raises
    ------
    ImportError
        Where pytorch-grad-cam is not installed, as on machines that are only trained on.
    """
    from pokeclf import explain

    found = []
    for path in drawings_of(folder):
        observation = classifier.observe(decode(path))
        seen = explain.explain(classifier, observation)
        found.append(Look(path.stem, observation.best, seen.method, seen.layer, seen.evidence))
    return tuple(found)


def pack(found: Sequence[Look]) -> bytes:
    """Looks as the contents of :data:`FILE`."""
    tensors = {look.drawing: torch.from_numpy(look.evidence) for look in found}
    said = {
        look.drawing: json.dumps(
            [look.guess.species, look.guess.probability, look.method, look.layer]
        )
        for look in found
    }
    return safetensors.torch.save(tensors, said)


def read(folder: Path) -> tuple[Look, ...]:
    """Looks of a run, by the drawings' names; none of a run that kept none.

    Raises
    ------
    CheckpointError
        When the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    try:
        with safe_open(path, "pt") as file:
            said = file.metadata() or {}
            return tuple(
                _look(drawing, said[drawing], file.get_tensor(drawing).numpy())
                for drawing in sorted(file.keys())
            )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        raise CheckpointError(f"The maps of drawings of run {folder.name} are damaged.") from None


def _look(drawing: str, said: str, evidence: np.ndarray) -> Look:
    species, probability, method, layer = json.loads(said)
    if evidence.ndim != 2 or not np.isfinite(evidence).all():
        raise ValueError("not a map")
    return Look(drawing, Guess(str(species), float(probability)), str(method), str(layer), evidence)
