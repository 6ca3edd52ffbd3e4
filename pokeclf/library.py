"""The stored results as the page reads them: again only when a checkpoint has changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pokeclf import cardfigures, checkpoint, latency, results, study
from pokeclf.cardfigures import CardFigures
from pokeclf.checkpoint import CheckpointError, NotTrainedError
from pokeclf.errors import PokeclfError
from pokeclf.latency import Latency
from pokeclf.results import Result
from pokeclf.split import SPLIT_FILE, Split, read_split


@dataclass(frozen=True)
class Shelf:
    """Results by model id, in the study's order.

    Attributes
    ----------
    split : whose test images were answered.
    tuned : of the bundled checkpoints.
    study : of the study's own recipe on the same images.
    latencies : of the models whose time was measured.
    cards : of the models that trading cards were shown to.
    problems : a sentence for each result that is there and cannot be read.
    """

    split: Split
    tuned: Mapping[str, Result]
    study: Mapping[str, Result]
    latencies: Mapping[str, Latency]
    cards: Mapping[str, CardFigures]
    problems: tuple[str, ...] = ()

    @property
    def ranked(self) -> list[Result]:
        """Those of the bundled checkpoints by test accuracy, the best first."""
        return sorted(self.tuned.values(), key=lambda result: -result.card.test.accuracy)

    def result(self, model: str | None) -> Result:
        """A bundled model's; raises PokeclfError when there is none."""
        if not isinstance(model, str) or model not in self.tuned:
            raise PokeclfError("Choose a model that is trained.")
        return self.tuned[model]


class Library:
    """Reads a folder of checkpoints; safe to use from many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._read: tuple[tuple, Shelf] | None = None

    def shelf(self) -> Shelf:
        """All results that there are now.

        Raises
        ------
        PokeclfError
            When there is no split.
        """
        written = self.written()
        with self._lock:
            if self._read is None or self._read[0] != written:
                split = read_split(self.root / SPLIT_FILE)
                tuned, first = _readable(self.root, split)
                studied, second = _readable(self.root / "study", split)
                latencies, third = _latencies(self.root / latency.FILE)
                cards, fourth = _cards(self.root, tuned)
                problems = (*first, *second, *third, *fourth)
                self._read = (written, Shelf(split, tuned, studied, latencies, cards, problems))
            return self._read[1]

    def written(self) -> tuple[int, ...]:
        """When each file was written that tells of new results; 0 for one that is not there."""
        files = [
            folder / model_id / checkpoint.CARD
            for folder in (self.root, self.root / "study")
            for model_id in study.BY_ID
        ]
        files += [
            self.root / latency.FILE,
            self.root / cardfigures.FILE,
            self.root / SPLIT_FILE,
        ]
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _readable(root: Path, split: Split) -> tuple[dict[str, Result], list[str]]:
    """Results by model id, and a sentence for each that cannot be read."""
    found, problems = {}, []
    for model_id in study.BY_ID:
        try:
            found[model_id] = results.read(root / model_id, split)
        except NotTrainedError:
            continue
        except CheckpointError as error:
            problems.append(str(error))
    return found, problems


def _latencies(path: Path) -> tuple[dict[str, Latency], list[str]]:
    """Times by model id, and a sentence when they cannot be read."""
    try:
        return latency.read(path), []
    except PokeclfError as error:
        return {}, [str(error)]


def _cards(root: Path, tuned: Mapping[str, Result]) -> tuple[dict[str, CardFigures], list[str]]:
    """Figures by model id, and a sentence when they cannot be read."""
    try:
        return cardfigures.current(root, tuned), []
    except PokeclfError as error:
        return {}, [str(error)]
