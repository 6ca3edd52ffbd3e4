"""A model's features of the test images in two dimensions, in a small file of its checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from safetensors import SafetensorError

from pokeclf.checkpoint import Card, CheckpointError
from pokeclf.files import write_atomically

FILE = "embedding.safetensors"
_PLACES = "places"


def owner(card: Card) -> str:
    """The model whose features these are: a tree ensemble reads those of a network."""
    return card.features_from or card.model


def write(folder: Path, card: Card, places: np.ndarray) -> None:
    """Store an embedding beside a checkpoint; training it again takes it away.

    Parameters
    ----------
    card : of the network whose features were reduced.
    places : N × 2, in the split's order of the test images, within -1…1, where float16 tells
        places apart that are half a thousandth from each other.
    """
    tensors = {_PLACES: places.astype(np.float16)}
    data = safetensors.numpy.save(tensors, {"belongs_to": _identity(card)})
    write_atomically(folder / FILE, data)


def read(folder: Path, card: Card) -> np.ndarray:
    """The embedding in a network's checkpoint folder: float32 N × 2, within -1…1.

    Raises
    ------
    CheckpointError
        When there is none, it is damaged, or it belongs to other weights, images or another split.
    """
    command = f"python -m train embed {card.model} --data DIR"
    try:
        with safetensors.safe_open(folder / FILE, "numpy") as file:
            belongs_to = (file.metadata() or {}).get("belongs_to")
            places = file.get_tensor(_PLACES).astype(np.float32)
        # What is not a number is not within any bounds, either.
        sound = places.shape == (card.test.images, 2) and np.abs(places).max(initial=0) <= 1
    except FileNotFoundError:
        raise CheckpointError(
            f"The embedding of {card.model} was not computed yet: {command} does it."
        ) from None
    except (OSError, SafetensorError, TypeError, ValueError):
        belongs_to, sound = _identity(card), False
    if belongs_to != _identity(card):
        raise CheckpointError(
            f"The embedding of {card.model} is of other weights or another split; "
            f"{command} writes it again."
        )
    if not sound:
        raise CheckpointError(
            f"The embedding of {card.model} is damaged; {command} writes it again."
        )
    return places


def _identity(card: Card) -> str:
    """What an embedding stands and falls with."""
    return f"{card.weights_sha256} {card.split_fingerprint}"
