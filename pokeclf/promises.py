"""What is promised of speed, memory and answers, and what the benchmarks measured.

``python -m train report`` writes both into the README as one table. A promise is kept when its
figure reaches its target; a figure counts as long as the weights are those that it was measured on.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import math
import operator
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pokeclf.errors import PokeclfError
from pokeclf.files import to_json, write_atomically

FIGURES = Path(__file__).resolve().parent.parent / "benchmarks" / "figures.json"
AT_LEAST, AT_MOST = "at least", "at most"
REACHED, MISSED = "reached", "missed"
_REACHED = {AT_LEAST: operator.ge, AT_MOST: operator.le}


@dataclass(frozen=True)
class Target:
    """A limit, and how figures beside it are written.

    Attributes
    ----------
    side : :data:`AT_LEAST` or :data:`AT_MOST`.
    unit : what follows the number, with its space.
    style : format of a figure.
    """

    side: str
    limit: float
    unit: str = ""
    style: str = ".2f"

    def __str__(self) -> str:
        return f"{self.side} {self.limit:,g}{self.unit}"

    def shown(self, value: float) -> str:
        """A figure with its unit."""
        return f"{value:{self.style}}{self.unit}"

    def reached(self, value: float) -> bool:
        """Whether a figure is on the right side of the limit, or on it."""
        return _REACHED[self.side](value, self.limit)

    def verdict(self, value: float) -> str:
        """A figure and what is to be thought of it, as the benchmarks print it."""
        outcome = REACHED if self.reached(value) else MISSED
        return f"{self.shown(value)} (target {self}: {outcome})"


@dataclass(frozen=True)
class Promise:
    """Something that is promised.

    Attributes
    ----------
    id : names its figure in the file of figures.
    words : what is measured, for people.
    command : prints the figure.
    """

    id: str
    words: str
    target: Target
    command: str


GRAD_CAM_TARGET = Target(AT_LEAST, 2.5, " times")
GRAD_CAM = {
    model: Promise(
        f"grad-cam {model}",
        f"Grad-CAM with the guesses of {model}: how much faster than the library's usual set-up",
        GRAD_CAM_TARGET,
        "python -m benchmarks.gradcam",
    )
    for model in ("resnet18_finetuned", "vit_finetuned")
}
TREE_MAP = Promise(
    "tree map",
    "TreeSHAP map of an ensemble, the slowest of all: time, in passes of the network that it reads",
    Target(AT_MOST, 5, " times"),
    "python -m benchmarks.treeshap",
)
COMPARISON = Promise(
    "comparison",
    "All models on one picture, guesses and maps: time, in that of their bare passes",
    Target(AT_MOST, 1.5, " times"),
    "python -m benchmarks.compare",
)
CATALOG = Promise(
    "catalog",
    "Folder of 10,000 pictures: pictures a second, in those of the bare model",
    Target(AT_LEAST, 0.9, " times"),
    "python -m benchmarks.catalog",
)
CATALOG_GROWTH = Promise(
    "catalog growth",
    "The same folder: memory that is held more at its end than after its beginning",
    Target(AT_MOST, 50, " MB", "+.1f"),
    "python -m benchmarks.catalog",
)
GROWTH = Promise(
    "growth",
    "A thousand maps of a model, the worst of all: memory that is held more afterwards",
    Target(AT_MOST, 25, " MB", "+.1f"),
    "python -m benchmarks.growth",
)
LOAD_ANSWERS = Promise(
    "load answers",
    "Fifty people for ten minutes: questions with a wrong answer, or none",
    Target(AT_MOST, 0, style=".0f"),
    "python -m benchmarks.load --data DIR",
)
LOAD_RATE = Promise(
    "load rate",
    "Fifty people: work that gets done each second, in that of one visitor alone",
    Target(AT_LEAST, 0.8, " times"),
    "python -m benchmarks.load --data DIR",
)
LOAD_MEMORY = Promise(
    "load memory",
    "Fifty people: most memory that the server held",
    Target(AT_MOST, 3000, " MB", ",.0f"),
    "python -m benchmarks.load --data DIR",
)
TREES_FASTER = Promise(
    "trees faster",
    "Tree ensembles, the slowest of all: how much faster than their own libraries",
    Target(AT_LEAST, 10, " times", ".1f"),
    "python -m benchmarks.trees --data DIR",
)
TREES_DIFFERENCE = Promise(
    "trees difference",
    "Tree ensembles: largest difference of a probability from their own libraries'",
    Target(AT_MOST, 1e-5, style=".1e"),
    "python -m benchmarks.trees --data DIR",
)
TREES_DISK = Promise(
    "trees disk",
    "Tree ensembles, all together: size on disk",
    Target(AT_MOST, 120, " MB", ".0f"),
    "python -m benchmarks.trees --data DIR",
)
TREES_MEMORY = Promise(
    "trees memory",
    "Tree ensembles, all together: memory",
    Target(AT_MOST, 800, " MB", ".0f"),
    "python -m benchmarks.trees --data DIR",
)
LOADING = Promise(
    "loading",
    "Training: share of the step rate that reading pictures leaves",
    Target(AT_LEAST, 95, "%", ".1f"),
    "python -m benchmarks.loading --data DIR",
)
FUZZ = Promise(
    "fuzz",
    "An hour of decoding damaged pictures: crashes, hangs and the like",
    Target(AT_MOST, 0, style=".0f"),
    "python -m benchmarks.fuzz",
)
DECODING = Promise(
    "decoding",
    "Decoding the worst of all odd and hostile pictures: memory",
    Target(AT_MOST, 500, " MB", ".0f"),
    "python -m benchmarks.memory",
)
MEASURED: tuple[Promise, ...] = (
    *GRAD_CAM.values(), TREE_MAP, COMPARISON, CATALOG, CATALOG_GROWTH, GROWTH,
    LOAD_ANSWERS, LOAD_RATE, LOAD_MEMORY, TREES_FASTER, TREES_DIFFERENCE, TREES_DISK, TREES_MEMORY,
    LOADING, FUZZ, DECODING,
)  # fmt: skip
"""What benchmarks measure, in the order of the README's table."""


@dataclass(frozen=True)
class Figure:
    """What a benchmark measured of a promise.

    Attributes
    ----------
    value : in the unit of the promise's target.
    date : day of the measurement, YYYY-MM-DD.
    processors : number of them in the machine.
    torch : its version.
    weights : SHA-256 of the weights of each model that took part.
    """

    value: float
    date: str
    processors: int
    torch: str
    weights: Mapping[str, str]


def record(path: Path, values: Mapping[Promise, float], weights: Mapping[str, str]) -> None:
    """Write down what was measured here today; figures of other promises stay as they are.

    Parameters
    ----------
    path : the file of figures, which is made where there is none.
    weights : SHA-256 of the weights of each model that took part.

    Raises
    ------
    PokeclfError
        When the file is damaged or cannot be written.
    """
    figures = read(path)
    for promise, value in values.items():
        figures[promise.id] = Figure(
            float(value),
            datetime.date.today().isoformat(),
            os.cpu_count() or 1,
            importlib.metadata.version("torch"),
            dict(weights),
        )
    write_atomically(path, to_json({key: asdict(figures[key]) for key in sorted(figures)}))


def read(path: Path) -> dict[str, Figure]:
    """Figures by the ids of their promises; empty when nothing was measured.

    Raises
    ------
    PokeclfError
        When the file is damaged.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {key: _figure(each) for key, each in raw.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise PokeclfError(
            f"{path} is damaged; delete it and run the benchmarks again, which write it."
        ) from None


def current(figures: Mapping[str, Figure], weights: Mapping[str, str]) -> dict[str, Figure]:
    """The figures that were measured on the weights that there are now."""
    return {
        key: figure
        for key, figure in figures.items()
        if all(weights.get(model) == sha for model, sha in figure.weights.items())
    }


def _figure(raw: Mapping[str, Any]) -> Figure:
    """One entry; raises ValueError, TypeError or AttributeError when it is none."""
    figure = Figure(**raw)
    texts = (figure.torch, *figure.weights.keys(), *figure.weights.values())
    datetime.date.fromisoformat(figure.date)
    if not math.isfinite(figure.value) or not all(isinstance(text, str) for text in texts):
        raise ValueError(raw)
    if not isinstance(figure.processors, int) or figure.processors < 1:
        raise ValueError(raw)
    return figure
