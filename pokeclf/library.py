"""The stored results as the page reads them: again only when a checkpoint has changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pokeclf import checkpoint, dataset, results, study
from pokeclf.checkpoint import CheckpointError, NotTrainedError
from pokeclf.dataset import Split
from pokeclf.errors import PokeclfError
from pokeclf.results import Result


@dataclass(frozen=True)
class Shelf:
    """Results by model id, in the study's order.

    Attributes
    ----------
    tuned : of the bundled checkpoints.
    study : of the study's own recipe on the same images.
    problems : a sentence for each result that is there and cannot be read.
    """

    tuned: Mapping[str, Result]
    study: Mapping[str, Result]
    problems: tuple[str, ...] = ()

    def result(self, model: str | None) -> Result:
        """A bundled model's; raises PokeclfError when there is none."""
        if model not in self.tuned:
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
                split = dataset.read_split(self.root / dataset.SPLIT_FILE)
                tuned, first = _readable(self.root, split)
                studied, second = _readable(self.root / "study", split)
                self._read = (written, Shelf(tuned, studied, (*first, *second)))
            return self._read[1]

    def written(self) -> tuple[int, ...]:
        """When each card was written; 0 for one that is not there."""
        cards = [
            folder / model_id / checkpoint.CARD
            for folder in (self.root, self.root / "study")
            for model_id in study.BY_ID
        ]
        return tuple(card.stat().st_mtime_ns if card.exists() else 0 for card in cards)


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
