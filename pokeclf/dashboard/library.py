"""The stored results as the page reads them: again only when a checkpoint has changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pokeclf import checkpoint, dataset, results, study
from pokeclf.results import Result


@dataclass(frozen=True)
class Shelf:
    """Results by model id, in the study's order.

    Attributes
    ----------
    tuned : of the bundled checkpoints.
    study : of the study's own recipe on the same images.
    """

    tuned: Mapping[str, Result]
    study: Mapping[str, Result]


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
            When there is no split, or a checkpoint's results are damaged.
        """
        written = self._written()
        with self._lock:
            if self._read is None or self._read[0] != written:
                split = dataset.read_split(self.root / dataset.SPLIT_FILE)
                shelf = Shelf(
                    results.read_all(self.root, split), results.read_all(self.root / "study", split)
                )
                self._read = (written, shelf)
            return self._read[1]

    def _written(self) -> tuple:
        """When each card was written; 0 for one that is not there."""
        cards = [
            folder / model_id / checkpoint.CARD
            for folder in (self.root, self.root / "study")
            for model_id in study.BY_ID
        ]
        return tuple(card.stat().st_mtime_ns if card.exists() else 0 for card in cards)
