"""What a whole folder of pictures shows: a table that grows, and a count of the species in it.

The table is a CSV file that is appended to. Whoever starts again where it ended, even in the
middle of a line, loses nothing and classifies nothing twice.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path, PurePath

import numpy as np
import torch
from torch import Tensor

from pokeclf import checkpoint, commandline, dataset, evaluation, imaging
from pokeclf.checkpoint import Card
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.species import of

BATCH = 32
READERS = 2
"""Threads that decode pictures while the model is at work."""
SURE = 0.98
"""Of the answers that are taken without a second look, so many are to be right."""
USUAL_CONFIDENCE = 0.9
"""Asked of a model that does not tell how often it is right."""
FORMULA = ("=", "+", "-", "@")
"""With these begins what a spreadsheet takes for a formula."""


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
    def duplicates(self) -> int:
        """Pictures of species that another picture shows already."""
        return sum(self.pictures.values()) - len(self.pictures)


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
        split = dataset.read_split(root / dataset.SPLIT_FILE)
        logits = checkpoint.read_predictions(root / card.model, "validation")
        labels = [card.classes.index(path.split("/")[0]) for path in split.parts["validation"]]
        probabilities = evaluation.calibrated(logits, card.temperature)
        right = probabilities.argmax(1) == labels
        return evaluation.sure_from(probabilities.max(1), right, SURE)
    except (PokeclfError, ValueError):
        return USUAL_CONFIDENCE


def rows(
    classifier: Classifier, files: Iterable[tuple[str, Path]], sure_from: float
) -> Iterator[Row]:
    """One row a file, in their order, batch by batch; memory does not grow with their number.

    Parameters
    ----------
    files : how each is named in its row, and where it is.
    sure_from : answers below this confidence are to be checked; so is what looks like none of
        the classes.
    """
    with ThreadPoolExecutor(READERS) as readers:
        waiting: deque[tuple[str, Future]] = deque()
        remaining = iter(files)

        def read_on(count: int) -> None:
            for name, path in islice(remaining, count):
                waiting.append((name, readers.submit(_read, classifier, path)))

        read_on(2 * BATCH)
        while waiting:
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            read = [(name, future.result()) for name, future in batch]
            read_on(len(batch))
            yield from _answers(classifier, read, sure_from)


def _read(classifier: Classifier, path: Path) -> np.ndarray | str:
    """What the model will see, uint8 of size × size × 3, or the sentence why it cannot.

    Pillow and NumPy stay in the reader's thread; torch would start helpers for each reader, which
    get in the way of the model's.
    """
    try:
        return np.asarray(classifier.card.preprocessing.crop(imaging.decode(path)))
    except imaging.ImageError as error:
        return commandline.printable(error)


def _answers(
    classifier: Classifier, read: list[tuple[str, np.ndarray | str]], sure_from: float
) -> Iterator[Row]:
    model = classifier.card.model
    crops = [value for _, value in read if isinstance(value, np.ndarray)]
    found = iter(_best_two(classifier, np.stack(crops)) if crops else ())
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


@torch.inference_mode()
def _best_two(classifier: Classifier, crops: np.ndarray) -> list[tuple[Tensor, Tensor, bool]]:
    """Class numbers and probabilities of each image's best two, and whether it may be any."""
    inputs = classifier.card.preprocessing.normalise(torch.from_numpy(crops).permute(0, 3, 1, 2))
    features = classifier.features(inputs)
    best = classifier.probabilities(classifier.network.classify(features)).topk(2)
    familiarity = classifier.familiarity(features)
    familiar = [True] * len(crops) if familiarity is None else (familiarity >= 0).tolist()
    return list(zip(best.indices, best.values, familiar, strict=True))


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


class Table:
    """A CSV file of rows that is appended to.

    Parameters
    ----------
    path : a table that was begun before is gone on with; half a line at its end is cut off.

    Raises
    ------
    PokeclfError
        When the file is something else or may not be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.done: set[str] = set()
        self.models: set[str] = set()
        self._tally = Tally()
        self._go_on()

    def _go_on(self) -> None:
        if self.path.exists() and not self.path.is_file():
            raise PokeclfError(f"{self.path} cannot be written: it is not a regular file.")
        header = _line(COLUMNS)
        try:
            with self.path.open("ab+") as file:
                file.seek(0)
                begin = file.read(len(header))
                if begin != header:
                    if not header.startswith(begin):
                        raise ValueError  # Nothing of a foreign file is cut off.
                    file.truncate(0)
                    file.write(header)
                    return
                whole = _length_of_whole_lines(file)
                file.seek(0)
                lines = io.TextIOWrapper(io.BytesIO(file.read(whole)), "utf-8", newline="")
                for values in csv.DictReader(lines):
                    self._count(_row(values))
                file.truncate(whole)
        except (ValueError, csv.Error):
            raise PokeclfError(f"{self.path} is not a table that this command writes.") from None
        except OSError as error:
            raise PokeclfError(f"{self.path} cannot be written: {error.strerror}.") from error

    def append(self, found: Iterable[Row]) -> Iterator[Row]:
        """Write rows as they come, each at once, and hand them on."""
        try:
            with self.path.open("ab") as file:
                for row in found:
                    file.write(_line(asdict(row).values()))
                    file.flush()  # all of it or an error, unlike a write without a buffer
                    self._count(row)
                    yield row
        except OSError as error:
            raise PokeclfError(
                f"{self.path} cannot be written: {error.strerror}; what stands in it is kept."
            ) from error

    def _count(self, row: Row) -> None:
        self.rows += 1
        self.done.add(row.file)
        self.models.add(row.model)
        self._tally.add(row)

    @property
    def summary(self) -> Summary:
        """Of all rows."""
        return self._tally.summary


def _row(values: Mapping[str | None, str | None]) -> Row:
    """A row as it was read; raises ValueError unless it has a text in every column."""
    if set(values) != set(COLUMNS) or None in values.values():
        raise ValueError
    return Row(**values)


def _line(values: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue().encode()


def _length_of_whole_lines(file: io.BufferedRandom) -> int:
    """Bytes up to the end of the last whole line."""
    end = file.seek(0, os.SEEK_END)
    step = 4096
    while end > 0:
        start = max(0, end - step)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
