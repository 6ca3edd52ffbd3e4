"""What a whole folder of pictures shows: a row each, and a count of the species in them."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path, PurePath

import numpy as np
import torch
from torch import Tensor

from pokeclf import checkpoint, commandline, dataset, evaluation, imaging, reading
from pokeclf.checkpoint import Card
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.species import of
from pokeclf.split import SPLIT_FILE, read_split
from pokeclf.tradingcards import Finder

BATCH = 32
READERS = 2
"""Threads that decode pictures while the model is at work."""
SURE = 0.98
"""Of the answers that are taken without a second look, so many are to be right."""
USUAL_CONFIDENCE = 0.9
"""Asked of a model that does not tell how often it is right."""
FORMULA = ("=", "+", "-", "@")
"""With these begins what a spreadsheet takes for a formula."""
Views = reading.Views[np.ndarray]
"""What the model will see of a picture, by the name of the view: uint8 size × size × 3 each."""


@dataclass(frozen=True)
class Row:
    """What is known of one picture; all but ``file`` and ``model`` may be empty.

    Attributes
    ----------
    file : path below the collection's folder, see :func:`file_name`.
    model : id of the model that answered.
    number : of the species in the Pokédex.
    species, confidence : slug of the likeliest species, and its calibrated probability, 0…1. A
        species without a confidence was named by a person, as the page's collection lets them.
    second, second_confidence : the next likeliest.
    check : ``"yes"`` when a person had better look, ``"no"`` otherwise.
    problem : why the file could not be read, in one sentence.
    """

    file: str
    model: str
    number: str = ""
    species: str = ""
    confidence: str = ""
    second: str = ""
    second_confidence: str = ""
    check: str = "yes"
    problem: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Summary:
    """What a collection holds.

    Attributes
    ----------
    pictures : number of pictures of each species that occurs, by slug.
    doubtful : number of pictures that a person had better look at.
    unread : number of files that could not be read.
    """

    pictures: Mapping[str, int]
    doubtful: int
    unread: int

    def missing(self, classes: Iterable[str]) -> tuple[str, ...]:
        """Those of a model's classes that do not occur, in Pokédex order."""
        ordered = sorted(classes, key=lambda slug: (of(slug).number, slug))
        return tuple(slug for slug in ordered if slug not in self.pictures)

    @property
    def recognised(self) -> int:
        """Pictures of any species."""
        return sum(self.pictures.values())

    @property
    def duplicates(self) -> int:
        """Pictures of species that another picture shows already."""
        return self.recognised - len(self.pictures)


def pictures_in(folder: Path) -> Iterator[Path]:
    """Image files below a folder by their suffixes, in alphabetical order, folder by folder."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place, name)
            if path.suffix.lower() in dataset.SUFFIXES and path.is_file():
                yield path


def file_name(path: PurePath, folder: Path) -> str:
    """How a table names a file: its path below the folder, with ``/``, see :func:`written`."""
    return written(path.relative_to(folder).as_posix())


def written(name: str) -> str:
    """The name of a file as it stands in a table.

    What is strange in it is escaped, so that each file is one line; a name that a spreadsheet would
    take for a formula begins with ``./``.
    """
    name = commandline.printable(name)
    return f"./{name}" if name.startswith(FORMULA) else name


def least_confidence(root: Path, card: Card) -> float:
    """The confidence from which on a model is right in :data:`SURE` of the validation images."""
    try:
        split = read_split(root / SPLIT_FILE)
        logits = checkpoint.read_predictions(root / card.model, "validation")
        labels = [card.classes.index(path.split("/")[0]) for path in split.parts["validation"]]
        probabilities = evaluation.calibrated(logits, card.temperature)
        right = probabilities.argmax(1) == labels
        return evaluation.sure_from(probabilities.max(1), right, SURE)
    except (PokeclfError, ValueError):
        return USUAL_CONFIDENCE


def rows(
    classifier: Classifier,
    files: Iterable[tuple[str, Path]],
    sure_from: float,
    finder: Finder | None = None,
) -> Iterator[Row]:
    """One row a file, in their order, batch by batch; memory does not grow with their number.

    Parameters
    ----------
    files : how each is named in its row, and where it is.
    sure_from : answers below this confidence are to be checked; so is what looks like none of
        the classes.
    finder : looks for trading cards; a row tells of the part of its picture that counts. None
        where pictures are taken whole.
    """
    with ThreadPoolExecutor(READERS) as readers:
        waiting: deque[tuple[str, Future]] = deque()
        remaining = iter(files)

        def read_on(count: int) -> None:
            for name, path in islice(remaining, count):
                waiting.append((name, readers.submit(_read, classifier, path, finder)))

        read_on(2 * BATCH)
        while waiting:
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            read = [(name, future.result()) for name, future in batch]
            read_on(len(batch))
            yield from _answers(classifier, read, sure_from)


def _read(classifier: Classifier, path: Path, finder: Finder | None) -> Views | str:
    """What the model will see, or the sentence why it cannot.

    Pillow and NumPy stay in the reader's thread; torch would start helpers for each reader, which
    get in the way of the model's. The small network of the finder runs here all the same: between
    the model's batches its passes, of one picture each, would keep everybody waiting.
    """
    try:
        views = reading.views(imaging.decode(path), finder)
    except imaging.ImageError as error:
        return commandline.printable(error)
    crop = classifier.card.preprocessing.crop
    return views.map(lambda view: np.asarray(crop(view)))


def _answers(
    classifier: Classifier, read: list[tuple[str, Views | str]], sure_from: float
) -> Iterator[Row]:
    model = classifier.card.model
    views = [value for _, value in read if not isinstance(value, str)]
    found = iter(_best_two(classifier, views) if views else ())
    for name, value in read:
        if isinstance(value, str):
            yield Row(name, model, problem=value)
            continue
        places, shares, familiar = next(found)
        first, second = (classifier.card.classes[place] for place in places)
        likeliest, next_likeliest = shares.tolist()
        yield Row(
            name, model, str(of(first).number), first, f"{likeliest:.4f}",
            second, f"{next_likeliest:.4f}",
            "no" if familiar and likeliest >= sure_from else "yes",
        )  # fmt: skip


def _best_two(
    classifier: Classifier, pictures: Sequence[Views]
) -> list[tuple[Tensor, Tensor, bool]]:
    """Class numbers and probabilities of each picture's best two, and whether it may be any.

    Of each picture the view answers that counts.
    """
    crops = np.stack([crop for views in pictures for crop in views.of.values()])
    # So many at once as there are pictures in a batch, however many views each of them has.
    chunks = [_seen(classifier, crops[k : k + BATCH]) for k in range(0, len(crops), BATCH)]
    probabilities, familiar = map(torch.cat, zip(*chunks, strict=True))
    counting = _counting(probabilities.numpy(), familiar.numpy(), pictures)
    best = probabilities[counting].topk(2)
    return list(zip(best.indices, best.values, familiar[counting].tolist(), strict=True))


def _seen(classifier: Classifier, crops: np.ndarray) -> tuple[Tensor, Tensor]:
    """Probabilities of uint8 N × size × size × 3, N × classes, and whether each may be any."""
    inputs = classifier.card.preprocessing.normalise(torch.from_numpy(crops).permute(0, 3, 1, 2))
    return classifier.answers(inputs)


def _counting(
    probabilities: np.ndarray, familiar: np.ndarray, pictures: Sequence[Views]
) -> list[int]:
    """Rows of the views that count, one a picture."""
    rows, start = [], 0
    for views in pictures:
        names = list(views.of)
        answers = dict(zip(names, probabilities[start:], strict=False))
        known = {name for name, own in zip(names, familiar[start:], strict=False) if own}
        rows.append(start + names.index(reading.telling(answers, known, views.certain)))
        start += len(names)
    return rows


class Tally:
    """Counts what rows hold, those that are there and those that come."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._pictures: Counter[str] = Counter()
        self._doubtful = self._unread = 0
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Count one more row."""
        if row.species:
            self._pictures[row.species] += 1
        self._unread += bool(row.problem)
        self._doubtful += row.check == "yes" and not row.problem

    @property
    def summary(self) -> Summary:
        """Of all rows so far."""
        return Summary(dict(self._pictures), self._doubtful, self._unread)
