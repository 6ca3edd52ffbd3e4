"""The tables of ``docs/results.md``, computed from the stored results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pokeclf import evaluation, recipefindings, study
from pokeclf.cardfigures import CardFigures
from pokeclf.diagnosis import Finding
from pokeclf.evaluation import Metrics
from pokeclf.explain.trust import Trust
from pokeclf.novelty import Novelty, Refusals
from pokeclf.results import Result
from pokeclf.study import StudyModel


@dataclass(frozen=True)
class Stored:
    """All results that there are, by model id.

    Attributes
    ----------
    tuned : of the bundled checkpoints.
    study : of the study's own recipe.
    seeds : several runs of the tuned recipe, the bundled one first.
    diagnosis : what :mod:`train.diagnose` found.
    trust : what :mod:`train.faithfulness` found about the methods of the bundled models.
    novelty : what tells pictures of none of the species, of the networks that it was fitted to.
    cards : what :mod:`train.cards` measured of the bundled models.
    """

    tuned: Mapping[str, Result]
    study: Mapping[str, Result]
    seeds: Mapping[str, tuple[Result, ...]]
    diagnosis: tuple[Finding, ...]
    trust: Mapping[str, Mapping[str, Trust]]
    novelty: Mapping[str, Novelty]
    cards: Mapping[str, CardFigures]


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are figures."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def percent(share: float) -> str:
    """A share with one decimal."""
    return f"{share:.1%}"


def with_interval(metrics: Metrics) -> str:
    """Accuracy and its 95 % interval."""
    low, high = metrics.accuracy_low, metrics.accuracy_high
    return f"{metrics.accuracy:.2%} ({low:.1%}–{high:.1%})"


def figures(stored: Stored) -> str:
    """All figures of the bundled models."""
    header = (
        "model", "validation", "test (95 % interval)", "mirrored too", "top-5",
        "mean over species", "macro F1", "calibration error", "before calibration",
    )  # fmt: skip
    return markdown(header, [_figures_row(result) for result in stored.tuned.values()])


def _figures_row(result: Result) -> list[str]:
    card, test = result.card, result.card.test
    averaged = card.flip_averaged
    return [
        f"`{card.model}`", percent(card.validation.accuracy), with_interval(test),
        percent(averaged.accuracy) if averaged else "–", percent(test.top5),
        percent(test.macro_accuracy), percent(test.macro_f1),
        percent(test.calibration_error), percent(test.uncalibrated_error),
    ]  # fmt: skip


def by_kind(stored: Stored) -> str:
    """Test accuracy by what sort of picture it is."""
    proportions = {name: result.accuracy_by_kind() for name, result in stored.tuned.items()}
    kinds = sorted({kind for found in proportions.values() for kind in found})
    images = {kind: found[kind].trials for found in proportions.values() for kind in found}
    header = ["model", *(f"{kind} ({images[kind]})" for kind in kinds)]
    rows = [
        [f"`{name}`", *(_proportion(found, kind) for kind in kinds)]
        for name, found in proportions.items()
    ]
    return markdown(header, rows)


def _proportion(found: Mapping[str, evaluation.Proportion], kind: str) -> str:
    if kind not in found:
        return "–"
    low, high = found[kind].interval
    return f"{found[kind].share:.1%} ({low:.0%}–{high:.0%})"


def detectors(stored: Stored) -> str:
    """How well pictures of none of the species are told, by each of the detectors."""
    groups = sorted(
        {
            group
            for found in stored.novelty.values()
            for each in found.detectors.values()
            for group in each.others
        }
    )
    header = ("model", *detector_header(groups))
    rows = [
        [f"`{model}`", *row]
        for model, found in stored.novelty.items()
        for row in detector_rows(found, groups)
    ]
    return markdown(header, rows)


_OF_OTHERS = ("refused", "at 95 %", "AUROC")


def _of_others(known: Refusals) -> list[str]:
    return [percent(known.refused), percent(known.refused_at_95), f"{known.auroc:.3f}"]


def detector_header(groups: Sequence[str]) -> tuple[str, ...]:
    """What :func:`detector_rows` tells."""
    of_groups = [f"{group}: {what}" for group in groups for what in _OF_OTHERS]
    return ("detector", "test accepted", *of_groups)


def detector_rows(found: Novelty, groups: Sequence[str]) -> list[list[str]]:
    """A row a detector; of the last one, which is used, in bold."""
    rows = []
    for name, each in found.detectors.items():
        cells = [percent(each.accepted)]
        for group in groups:
            known = each.others.get(group)
            cells += _of_others(known) if known else ["–"] * len(_OF_OTHERS)
        rows.append([name, *cells])
    rows[-1] = [f"**{cell}**" for cell in rows[-1]]
    return rows


def cards(stored: Stored) -> str:
    """How well trading cards are recognised, upright and photographed, and what looking for them
    does to all test images."""
    header = (
        "model", "upright (95 % interval)", "as a whole picture", "photographed (95 % interval)",
        "as a whole picture", "card found", "all test images", "with cards looked for",
    )  # fmt: skip
    rows = [
        [
            f"`{model}`", _share(found.on_upright), percent(found.upright_whole / found.upright),
            _share(found.on_photos), percent(found.photos_whole / found.photos),
            percent(found.photos_found / found.photos),
            percent(stored.tuned[model].card.test.accuracy),
            percent(found.as_read(stored.tuned[model].card.test).share),
        ]
        for model, found in stored.cards.items()
    ]  # fmt: skip
    return markdown(header, rows)


def _share(found: evaluation.Proportion) -> str:
    low, high = found.interval
    return f"{found.share:.1%} ({low:.0%}–{high:.0%} of {found.trials})"


def tree_settings(stored: Stored) -> str:
    """Every setting of the tree ensembles, as the study tabulates them."""
    header = ("model", "trees", "depth", "study", "validation", "test", "chosen")
    rows = [
        row
        for name, result in stored.tuned.items()
        for row in _setting_rows(study.find(name), result)
    ]
    return markdown(header, rows)


def _setting_rows(model: StudyModel, result: Result) -> list[list[str]]:
    chosen = (result.card.settings.get("n_estimators"), result.card.settings.get("max_depth"))
    return [
        [
            f"`{model.id}`", str(tried["n_estimators"]), str(tried["max_depth"]), f"{theirs:.0%}",
            f"{tried['validation_accuracy']:.2%}", f"{tried['test_accuracy']:.2%}",
            "yes" if (tried["n_estimators"], tried["max_depth"]) == chosen else "",
        ]
        for tried, theirs in zip(result.card.candidates, model.study_by_setting, strict=False)
    ]  # fmt: skip


def recipes(stored: Stored) -> str:
    """The study's recipe on our images beside the study's figure and our recipe."""
    header = (
        "model", "study reports", "its recipe here", "epochs", "side", "clipped",
        "training accuracy at its end", "species ever guessed", "our recipe",
    )  # fmt: skip
    rows = [
        _recipe_row(name, result, stored)
        for name, result in stored.study.items()
        if not study.find(name).is_tree  # their settings have a table of their own
    ]
    return markdown(header, rows)


def _recipe_row(name: str, result: Result, stored: Stored) -> list[str]:
    tuned, allowed = stored.tuned.get(name), recipefindings.allowed_epochs(result)
    norm, side = recipefindings.clipped(result), recipefindings.other_side(result)
    epochs = f"{len(result.history)} of {allowed}" if allowed else str(len(result.history))
    return [
        f"`{name}`", f"{study.find(name).study_accuracy:.2%}", with_interval(result.card.test),
        epochs, f"{side} px" if side else "–", f"{norm:g}" if norm else "–",
        percent(float(result.history[-1]["train_accuracy"])),
        str(len(np.unique(result.guesses))), with_interval(tuned.card.test) if tuned else "–",
    ]  # fmt: skip


def diagnosis(stored: Stored) -> str:
    """What becomes of the plain CNNs in their first steps."""
    header = (
        "model", "beginning", "side", "steps", "training loss", "first step's shift",
        "dead before", "dead after", "species guessed", "validation accuracy",
    )  # fmt: skip
    rows = [
        [
            f"`{found.model}`", found.variant, f"{found.side} px", str(found.steps),
            f"{found.loss:.3f}", f"{found.first_shift:.1f}",
            percent(found.dead_before), percent(found.dead), str(found.guesses),
            percent(found.accuracy),
        ]
        for found in stored.diagnosis
    ]  # fmt: skip
    return markdown(header, rows)


def seeds(stored: Stored) -> str:
    """Mean and standard deviation over runs that differ in their seed alone."""
    header = ("model", "runs", "test accuracies", "mean ± standard deviation")
    return markdown(header, [_seeds_row(name, runs) for name, runs in stored.seeds.items()])


def _seeds_row(name: str, runs: Sequence[Result]) -> list[str]:
    accuracies = np.array([run.card.test.accuracy for run in runs])
    return [
        f"`{name}`", str(len(runs)), ", ".join(f"{value:.2%}" for value in accuracies),
        f"{accuracies.mean():.2%} ± {100 * accuracies.std(ddof=1):.2f}",
    ]  # fmt: skip


def neighbours(stored: Stored) -> str:
    """Whether each model differs from the next best one, by McNemar's test."""
    header = ("model", "next best", "only the first right", "only the second right", "p")
    ranked = sorted(stored.tuned.values(), key=lambda result: -result.card.test.accuracy)
    return markdown(header, [_neighbours_row(*pair) for pair in pairwise(ranked)])


def _neighbours_row(first: Result, second: Result) -> list[str]:
    test = evaluation.mcnemar(first.right, second.right)
    return [
        f"`{first.card.model}`", f"`{second.card.model}`", str(test.only_first),
        str(test.only_second), "< 0.0001" if test.p_value < 1e-4 else f"{test.p_value:.4f}",
    ]  # fmt: skip
