"""What is known of a model's methods from many images: are their maps better than chance?"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pokeclf.checkpoint import CheckpointError
from pokeclf.explain.methods import METHODS
from pokeclf.files import write_atomically

FILE = "explanations.csv"
ALIKE = 0.5
"""Maps whose places correlate more than so much are called alike."""
RANDOMISED_IMAGES = 50
"""Images on which maps are compared with those of randomised models."""


@dataclass(frozen=True)
class Trust:
    """How the maps of one method of one model did on many images.

    A *gain* is the mean over images of the map's score less the mean score of random maps on the
    same image, turned so that more is better, with its 95 % interval.

    Attributes
    ----------
    weights : SHA-256 of the model's weights, so that it is not taken for another's.
    images : number of test images; the first guess of each was explained.
    empty : share of the images on which the method marked nothing; they count as a gain of 0.
    deletion, insertion, road : gains, see :class:`~pokeclf.explain.faithfulness.Scores`.
    other_head : mean rank correlation, -1…1, of its maps with those of the same model with
        randomised last layers, or trees whose leaves were shuffled (Adebayo et al. 2018,
        section 3.1: a map that tells of the model must change); over :data:`RANDOMISED_IMAGES`
        of the images, less those on which one of the two marks nothing, and nan when none is left.
    other_weights : the same with all weights randomised.
    other_labels : the same with a last layer, or trees, that learned shuffled labels by heart
        (section 3.2).
    """

    method: str
    weights: str
    images: int
    empty: float
    deletion: float
    deletion_low: float
    deletion_high: float
    insertion: float
    insertion_low: float
    insertion_high: float
    road: float
    road_low: float
    road_high: float
    other_head: float
    other_weights: float
    other_labels: float

    @property
    def beats_random(self) -> bool:
        """Whether it is better than random maps in deletion and insertion, 95 % sure of each."""
        return min(self.deletion_low, self.insertion_low) > 0

    @property
    def passes(self) -> bool:
        """Whether it is better than random maps and tells of what this model has learned."""
        return self.beats_random and not (self.ignores_weights or self.ignores_labels)

    @property
    def ignores_weights(self) -> bool:
        """Whether its maps are much the same for a model that has learned nothing."""
        return self.other_weights > ALIKE

    @property
    def ignores_labels(self) -> bool:
        """Whether its maps are much the same for a model whose answers are arbitrary."""
        return self.other_labels > ALIKE


def write(folder: Path, rows: Iterable[Trust]) -> None:
    """Store the rows beside a checkpoint; training it again takes them away."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Trust)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {key: f"{v:.5f}" if isinstance(v, float) else v for key, v in asdict(row).items()}
        )
    write_atomically(folder / FILE, text.getvalue().encode())


def _is_sound(row: Trust) -> bool:
    alike = (row.other_head, row.other_weights, row.other_labels)
    figures = {name: value for name, value in asdict(row).items() if isinstance(value, float)}
    gains = (value for name, value in figures.items() if not name.startswith("other_"))
    return (
        row.method in METHODS
        and row.images > 0
        and all(map(math.isfinite, gains))
        and not any(map(math.isinf, alike))
    )


def read(folder: Path, weights: str) -> dict[str, Trust]:
    """What is known, by method; empty when these weights' methods were never examined.

    Parameters
    ----------
    weights : their SHA-256, as the model's card has it.

    Raises
    ------
    CheckpointError
        When the file is damaged.
    """
    kinds = {"str": str, "int": int, "float": float}
    try:
        with (folder / FILE).open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [
                Trust(**{field.name: kinds[field.type](row[field.name]) for field in fields(Trust)})
                for row in reader
            ]
        if not rows or not all(map(_is_sound, rows)):
            raise ValueError
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{FILE} of checkpoint {folder.name} is damaged; "
            f"python -m train faithfulness {folder.name} writes it again."
        ) from None
    return {row.method: row for row in rows if row.weights == weights}
