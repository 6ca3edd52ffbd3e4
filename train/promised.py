"""What is promised beside what was measured: the README's second table.

Of answers, maps and sizes the figures are computed from the checkpoints, of speed and memory the
benchmarks recorded them (see :mod:`pokeclf.promises`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pokeclf import promises, study
from pokeclf.explain import default_method
from pokeclf.modelstore import ModelStore
from pokeclf.promises import AT_LEAST, AT_MOST, Figure, Promise, Target
from pokeclf.results import Result
from train.tables import Stored

_REPORT = "python -m train report"
_RECOGNISED = 0.5
"""Accuracy over which a model's maps are promised to be better than chance."""
_NOT_MEASURED = "not measured yet"
_HEADER = "| promise | target | measured | | command |\n|---|---:|---:|---|---|\n"


@dataclass(frozen=True)
class Row:
    """A promise and its figure, in the unit of its target; None where it was not measured yet.

    Attributes
    ----------
    figure : what a benchmark recorded with it; None where the figure is that of the checkpoints.
    """

    promise: Promise
    value: float | None
    figure: Figure | None = None

    def __str__(self) -> str:
        target = self.promise.target
        said = _NOT_MEASURED if self.value is None else target.verdict(self.value)
        return f"{self.promise.words}: {said}"

    @property
    def cells(self) -> list[str]:
        """What the table says."""
        promise, target = self.promise, self.promise.target
        if self.value is None:
            told = ["–", _NOT_MEASURED]
        elif target.reached(self.value):
            told = [target.shown(self.value), promises.REACHED]
        else:
            told = [target.shown(self.value), f"**{promises.MISSED}**"]
        return [promise.words, str(target), *told, f"`{promise.command}`"]


def read(root: Path, stored: Stored, figures: Path) -> list[Row]:
    """All promises, of a folder of checkpoints and what is stored in it.

    Parameters
    ----------
    figures : the file that benchmarks record into; what they measured on other weights is left
        out.

    Raises
    ------
    PokeclfError
        When that file is damaged, or a model cannot be loaded.
    """
    weights = {model: result.card.weights_sha256 for model, result in stored.tuned.items()}
    known = promises.current(promises.read(figures), weights)
    measured = [(promise, known.get(promise.id)) for promise in promises.MEASURED]
    return [
        *_answers(stored),
        *_maps(root, stored),
        *_sizes(root),
        *(Row(promise, each.value if each else None, each) for promise, each in measured),
    ]


def table(rows: Sequence[Row]) -> str:
    """The promises as Markdown, with the machines that the benchmarks ran on."""
    machines = sorted(
        {
            f"{each.date} with {each.processors} processors and torch {each.torch}"
            for each in (row.figure for row in rows)
            if each
        }
    )
    lines = "".join(f"| {' | '.join(row.cells)} |\n" for row in rows)
    ran = f" They ran on {'; '.join(machines)}." if machines else ""
    return (
        f"{_HEADER}{lines}\n"
        f"`{_REPORT}` computes its figures from `checkpoints/`; the best model is the one that is "
        "best on the validation images. The benchmarks' figures are those of the last run of each "
        f"at full length on the bundled weights.{ran}\n"
    )


_AS_READ = "Test images as the page reads them, trading cards looked for in each"


def _answers(stored: Stored) -> Iterator[Row]:
    """How often the models are right, and what the best one makes of other pictures."""
    above = [
        result.card.test.accuracy >= study.find(model).promised_accuracy
        for model, result in stored.tuned.items()
    ]
    best = max(stored.tuned.values(), key=lambda result: result.card.validation.accuracy)
    yield Row(
        _share("best", "The best single model: first guess right", 96.5),
        100 * best.card.test.accuracy,
    )
    yield Row(
        _share("best of five", "The best single model: species among five guesses", 99),
        100 * best.card.test.top5,
    )
    yield Row(
        _count("accuracies", "Models as accurate as is promised of each", len(study.STUDY)),
        sum(above),
    )
    yield from _others(stored, best)
    yield from _cards(stored, best)


def _others(stored: Stored, best: Result) -> Iterator[Row]:
    """Pictures of none of the species."""
    novelty = stored.novelty.get(best.card.features_from or best.card.model)
    used = list(novelty.detectors.values())[-1] if novelty else None
    yield Row(
        _share("accepted", "Test images that the best model takes for one of the species", 95),
        100 * used.accepted if used else None,
    )
    cards, test = stored.cards.get(best.card.model), best.card.test
    yield Row(
        _share("accepted as read", f"{_AS_READ}: taken for one of the species", 95),
        100 * cards.accepted_as_read(test, used.accepted) if used and cards else None,
    )
    for group, what, least in (
        (
            "photo",
            "Photos of something else that it refuses",
            95,
        ),
        ("later-generation", "Later generations that it refuses", 85),
    ):
        refusals = used.others.get(group) if used else None
        yield Row(_share(group, what, least), 100 * refusals.refused if refusals else None)


def _cards(stored: Stored, best: Result) -> Iterator[Row]:
    """Trading cards."""
    cards = stored.cards.get(best.card.model)
    yield Row(
        _share("cards upright", "Trading cards that the best model recognises, upright", 93),
        100 * cards.on_upright.share if cards else None,
    )
    yield Row(
        _share("cards photographed", "The same cards, photographed", 85),
        100 * cards.on_photos.share if cards else None,
    )
    lost = Promise(
        "lost as read", f"{_AS_READ}: right first guesses that this costs",
        Target(AT_MOST, 0.5, " points"), _REPORT,
    )  # fmt: skip
    test = best.card.test
    yield Row(lost, 100 * (test.accuracy - cards.as_read(test).share) if cards else None)


def _maps(root: Path, stored: Stored) -> Iterator[Row]:
    """Of every model that is right more often than not, the method that is shown first."""
    store = ModelStore(root)
    right = [model for model, each in stored.tuned.items() if each.card.test.accuracy > _RECOGNISED]
    examined = [model for model in right if model in stored.trust]
    shown = [stored.trust[model].get(default_method(store.get(model)).id) for model in examined]
    yield Row(
        _count(
            "maps",
            "Models over 50% whose first map is better than random ones, covered and laid open",
            len(right),
        ),
        sum(each is not None and each.beats_random for each in shown) if examined else None,
    )


def _sizes(root: Path) -> Iterator[Row]:
    """Of the files that a clone takes along."""
    sizes = [path.stat().st_size / 2**20 for path in root.rglob("*") if path.is_file()]
    target = Target(AT_MOST, 360, " MB", ".0f")
    yield Row(Promise("bundle", "All checkpoints: size on disk", target, _REPORT), sum(sizes))
    target = Target(AT_MOST, 50, " MB", ".1f")
    yield Row(Promise("largest", "The largest of their files", target, _REPORT), max(sizes))


def _share(name: str, words: str, least: float) -> Promise:
    return Promise(name, words, Target(AT_LEAST, least, "%"), _REPORT)


def _count(name: str, words: str, number: int) -> Promise:
    """That something holds for all of a number of models."""
    return Promise(name, words, Target(AT_LEAST, number, f" of {number}", ".0f"), _REPORT)
