"""What became of the study's plain CNNs in their first steps, taken in several ways."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import log
from pathlib import Path

from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically

FILE = "study/diagnosis.csv"
MODELS = ("basic_cnn", "residual_cnn")
"""Ids of the networks that are examined: those whose dense layer reads the whole last map."""
AS_DESCRIBED = "as described"
"""So begin the names of the ways that the study describes; they differ in their first weights."""

HARDLY = 0.05
"""So many nats less than a blind guess costs can be had without looking: it is over three times
what the frequencies of the species in our data set give."""


@dataclass(frozen=True)
class Finding:
    """What became of one way to begin.

    Attributes
    ----------
    model : id of the network.
    variant : how it began, in words.
    side : of the pictures, in pixels.
    steps : how many steps it made, each on a batch of 32.
    loss : mean cross-entropy over the last tenth of the steps, nats; guessing blindly costs
        the logarithm of the number of species.
    first_shift : largest change of a unit of the dense layer, before its ReLU, by the first step,
        relative to the spread of all units over all probe images before it.
    dead_before, dead : share of the dense layer's units that are 0 for every probe image, before
        the first step and after the last.
    guesses : number of different species among the first guesses for the probe images.
    accuracy : share of probe images that are recognised.
    """

    model: str
    variant: str
    side: int
    steps: int
    loss: float
    first_shift: float
    dead_before: float
    dead: float
    guesses: int
    accuracy: float


def blind(findings: Sequence[Finding], classes: int) -> list[Finding]:
    """Those that end in a network that has learned nothing of the pictures.

    Its loss is still that of a blind guess among so many classes, or hardly less: that some are
    more frequent than others can be learned without looking.
    """
    return [found for found in findings if found.loss > log(classes) - HARDLY]


def as_described(findings: Sequence[Finding]) -> list[Finding]:
    """What became of the network as the study describes it, from several first weights."""
    return [found for found in findings if found.variant.startswith(AS_DESCRIBED)]


def write(root: Path, findings: Sequence[Finding]) -> None:
    """Write the findings into a folder of checkpoints."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, findings))
    write_atomically(root / FILE, text.getvalue().encode())


def read(root: Path) -> tuple[Finding, ...]:
    """The findings in a folder of checkpoints; none where nothing was examined.

    Raises
    ------
    PokeclfError
        When the file is damaged or of another version.
    """
    try:
        with (root / FILE).open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise ValueError
            return tuple(map(_finding, rows))
    except FileNotFoundError:
        return ()
    except (OSError, csv.Error, ValueError, TypeError, KeyError):
        raise PokeclfError(
            f"{FILE} is damaged or of another version; delete it, and `python -m train diagnose` "
            "writes it anew."
        ) from None


def of(root: Path, model: str) -> tuple[Finding, ...]:
    """The findings about one network; raises PokeclfError as :func:`read` does."""
    if model not in MODELS:
        return ()
    return tuple(found for found in read(root) if found.model == model)


_COLUMNS = tuple(field.name for field in fields(Finding))


def _finding(row: dict[str, str]) -> Finding:
    if None in row:  # there are more cells than columns
        raise ValueError
    return Finding(
        model=row["model"],
        variant=row["variant"],
        side=int(row["side"]),
        steps=int(row["steps"]),
        loss=float(row["loss"]),
        first_shift=float(row["first_shift"]),
        dead_before=float(row["dead_before"]),
        dead=float(row["dead"]),
        guesses=int(row["guesses"]),
        accuracy=float(row["accuracy"]),
    )
