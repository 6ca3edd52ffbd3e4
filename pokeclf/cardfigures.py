"""How well models recognise trading cards, as ``python -m train cards`` measured it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pokeclf import study
from pokeclf.errors import PokeclfError
from pokeclf.evaluation import Metrics, Proportion
from pokeclf.files import write_atomically
from pokeclf.results import Result

FILE = "cards.csv"


@dataclass(frozen=True)
class CardFigures:
    """What one model made of the test images that are trading cards.

    Attributes
    ----------
    weights, finder : SHA-256 of the model's weights and of the card finder's.
    upright : number of scans, each a card that fills the picture.
    upright_whole, upright_right : of those, recognised from the whole picture; and recognised
        with the card finder, from the part that counts.
    photos : number of made-up photos, each of one card.
    photos_found : of those, with a card that was found.
    photos_whole, photos_right : as for the scans.
    taken : number of test images of any kind in which the finder sees a card.
    taken_whole, taken_right : as for the scans.
    taken_whole_familiar, taken_familiar : of those, taken for one of the species; all of them
        where no detector was fitted.
    """

    model: str
    weights: str
    finder: str
    upright: int
    upright_whole: int
    upright_right: int
    photos: int
    photos_found: int
    photos_whole: int
    photos_right: int
    taken: int
    taken_whole: int
    taken_right: int
    taken_whole_familiar: int
    taken_familiar: int

    @property
    def on_upright(self) -> Proportion:
        """Scans that were recognised."""
        return Proportion(self.upright_right, self.upright)

    @property
    def on_photos(self) -> Proportion:
        """Photos that were recognised."""
        return Proportion(self.photos_right, self.photos)

    def as_read(self, test: Metrics) -> Proportion:
        """All test images that are recognised with cards looked for in each.

        Parameters
        ----------
        test : the model's figures on these images as whole pictures.
        """
        whole = round(test.accuracy * test.images)
        return Proportion(whole + self.taken_right - self.taken_whole, test.images)

    def accepted_as_read(self, test: Metrics, accepted: float) -> float:
        """The share of all test images that are taken for one of the species, likewise.

        Parameters
        ----------
        accepted : that share of them as whole pictures.
        """
        return accepted + (self.taken_familiar - self.taken_whole_familiar) / test.images


_COLUMNS = tuple(field.name for field in fields(CardFigures))
_TEXTS = ("model", "weights", "finder")


def write(root: Path, figures: Mapping[str, CardFigures]) -> None:
    """Write the figures of all models that were measured, by id, into a folder of checkpoints."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(figures[model]) for model in study.BY_ID if model in figures)
    write_atomically(root / FILE, text.getvalue().encode())


def read(root: Path) -> dict[str, CardFigures]:
    """Figures by model id; empty when none were measured.

    Raises
    ------
    PokeclfError
        When the file is damaged.
    """
    if not (root / FILE).exists():
        return {}
    try:
        with (root / FILE).open(newline="", encoding="utf-8") as file:
            rows = [_row(row) for row in csv.DictReader(file, strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError):
        raise PokeclfError(f"{FILE} is damaged; python -m train cards writes it again.") from None
    return {row.model: row for row in rows}


def current(root: Path, tuned: Mapping[str, Result]) -> dict[str, CardFigures]:
    """Figures by model id, of the weights that there are now.

    Raises
    ------
    PokeclfError
        When the file is damaged.
    """
    return {
        model: each
        for model, each in read(root).items()
        if model in tuned and tuned[model].card.weights_sha256 == each.weights
    }


def _row(row: Mapping[str, str]) -> CardFigures:
    """One line; raises KeyError, TypeError or ValueError when it is none."""
    numbers = {name: int(row[name]) for name in _COLUMNS if name not in _TEXTS}
    found = CardFigures(**{name: row[name] for name in _TEXTS}, **numbers)
    known = study.BY_ID[found.model].id == found.model
    bounds = (
        (found.upright_whole, found.upright), (found.upright_right, found.upright),
        (found.photos_found, found.photos), (found.photos_whole, found.photos),
        (found.photos_right, found.photos), (found.taken_whole, found.taken),
        (found.taken_right, found.taken), (found.taken_whole_familiar, found.taken),
        (found.taken_familiar, found.taken),
    )  # fmt: skip
    if not known or not all(0 <= part <= whole and whole > 0 for part, whole in bounds):
        raise ValueError(row)
    return found
