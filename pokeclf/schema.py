"""What programs get: answers as plain data, in the forms that ``schema.json`` describes.

The command line and the endpoints of the dashboard make them with the same functions. Whatever an
older client could not read as before makes a new :data:`VERSION`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pokeclf.catalog import Row, Summary
from pokeclf.classifier import Guess, Observation
from pokeclf.explain import Explanation
from pokeclf.explain.compare import Overlap
from pokeclf.modelstore import Status

FILE = Path(__file__).with_name("schema.json")
VERSION = 1
GRID = 16
"""Rows and columns of a map in an answer."""

Plain = dict[str, Any]


def answer(kind: str, facts: Plain) -> Plain:
    """An endpoint's answer: which version and kind it is, and what it tells."""
    return {"version": VERSION, "kind": kind, **facts}


def prediction(image: str, seen: Observation, count: int, part: str | None = None) -> Plain:
    """What a model sees in an image; ``predict --json`` prints one such object a line.

    Parameters
    ----------
    part : what of the image counted; None where no trading cards were looked for.
    """
    return {
        "image": image,
        "model": seen.model,
        **_part(part),
        "top": _top(seen.top(count)),
        "familiar": None if seen.familiarity is None else seen.familiar,
    }


def explanation(
    image: str,
    found: Explanation,
    probability: float,
    beats_random: bool | None,
    part: str | None = None,
) -> Plain:
    """Where a model looked.

    Parameters
    ----------
    probability : of the explained species, 0…1.
    beats_random : whether the method's maps did better than random ones on many images; None
        where they were not examined.
    part : what of the image the map lies over; None where no trading cards were looked for.
    """
    return {
        "image": image,
        "model": found.model,
        **_part(part),
        "method": found.method,
        "layer": found.layer,
        "species": found.species,
        "against": found.against,
        "probability": round(probability, 6),
        "beats_random": beats_random,
        "map": _grid(found.heatmap),
    }


def compared(guesses: Iterable[Guess], found: Explanation, overlap: Overlap) -> Plain:
    """One model of a comparison.

    Parameters
    ----------
    found : anything with the model, method and layer of its map.
    overlap : of the first model's map with this one's.
    """
    return {
        "model": found.model,
        "top": _top(guesses),
        "method": found.method,
        "layer": found.layer,
        "overlap": {"share": round(overlap.share, 4), "chance": round(overlap.chance, 4)},
    }


def comparison(image: str, species: str, models: list[Plain], problems: Mapping[str, str]) -> Plain:
    """What several models see, and where they look for one species.

    Parameters
    ----------
    models : as :func:`compared` makes them.
    problems : by id, a sentence for each model that could not answer.
    """
    return {"image": image, "species": species, "models": models, "problems": dict(problems)}


def catalogue(model: str, rows: Iterable[Row], summary: Summary, classes: Iterable[str]) -> Plain:
    """What a collection of pictures shows."""
    return {
        "model": model,
        "pictures": [_picture(row) for row in rows],
        "species": dict(summary.pictures),
        "missing": list(summary.missing(classes)),
        "duplicates": summary.duplicates,
        "to_check": summary.doubtful,
        "unread": summary.unread,
    }


def model_state(status: Status) -> Plain:
    """A model's state and figures; ``models --json`` prints a list of them."""
    entry, card = status.model, status.card
    row: Plain = {
        "model": entry.id,
        "name": entry.name,
        "stage": entry.stage,
        "state": status.state,
        "problem": status.problem,
        "parameters": card.parameters if card and card.parameters else entry.study_parameters,
        "study_accuracy": entry.study_accuracy,
    }
    if card:
        row |= {
            "accuracy": card.test.accuracy,
            "accuracy_interval": [card.test.accuracy_low, card.test.accuracy_high],
            "top5": card.test.top5,
            "images": card.test.images,
            "recipe": card.recipe,
            "bytes": card.weight_bytes,
        }
    return row


def _part(part: str | None) -> Plain:
    return {} if part is None else {"part": part}


def _top(guesses: Iterable[Guess]) -> list[Plain]:
    return [
        {"species": guess.species, "probability": round(guess.probability, 6)} for guess in guesses
    ]


def _picture(row: Row) -> Plain:
    guesses = ((row.species, row.confidence), (row.second, row.second_confidence))
    return {
        "image": row.file,
        "top": _top(Guess(species, float(share)) for species, share in guesses if species),
        "check": row.check == "yes",
        "problem": row.problem or None,
    }


def _grid(heatmap: np.ndarray) -> list[list[float]]:
    """The means of a map's GRID × GRID parts, from the top left."""
    means = Image.fromarray(heatmap).resize((GRID, GRID), Image.Resampling.BOX)
    return [[round(float(value), 4) for value in row] for row in np.asarray(means).clip(0, 1)]
