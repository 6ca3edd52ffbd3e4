"""What the study's recipe makes of our images, beside ours: words and small tables, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from pokeclf import diagnosis, study
from pokeclf.diagnosis import Finding
from pokeclf.library import Shelf
from pokeclf.markup import NBSP, as_the_study, percent, table
from pokeclf.recipe import Recipe
from pokeclf.results import Result, further_runs, settings_of

MARKED = 0.1
"""A run that is by so much better or worse than the study's does not reproduce it."""


def _plain(value: float | str | None) -> str:
    """A number without noise."""
    if value is None:
        return "as the network has it"
    return f"{value:g}" if isinstance(value, float) else escape(str(value))


def _pixels(side: int) -> str:
    return f"{side}{NBSP}px"


def _sizes(schedule: Sequence[tuple[float, int]]) -> str:
    """Sides of the pictures, with their share of the epochs where there are several."""
    several = len(schedule) > 1
    return ", ".join(
        _pixels(side) + (f" ({percent(share)})" if several else "") for share, side in schedule
    )


def _normalisation(value: Sequence[Sequence[float]]) -> str:
    mean, deviation = (" ".join(f"{number:g}" for number in each) for each in value)
    return f"mean {mean}, deviation {deviation}"


def _clip(norm: float | None) -> str:
    return "any" if norm is None else f"{norm:g}"


def _optimizer(name: str) -> str:
    return {"adam": "Adam", "adamw": "AdamW"}[name]


SETTINGS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "optimizer": ("optimiser", _optimizer),
    "schedule": ("learning rate over time", _plain),
    "lr": ("learning rate of the head, at its peak", _plain),
    "body_lr": ("learning rate below the head, at its peak", _plain),
    "layer_decay": ("each layer learns so many times as fast as the one above", _plain),
    "weight_decay": ("weight decay", _plain),
    "label_smoothing": ("label smoothing", _plain),
    "clip": ("largest norm of a step's gradients", _clip),
    "crop": ("smallest share of the picture that a random crop keeps", _plain),
    "mixup": ("mixup", _plain),
    "cutmix": ("cutmix", _plain),
    "drop_path": ("share of the pictures for which a late block is left out", _plain),
    "cards": ("share of the pictures that are shown on photographed trading cards", _plain),
    "card_times": ("how often an epoch has each trading card", _plain),
    "normalisation": ("pixels, 0…1, are normalised with", _normalisation),
    "sizes": ("side of the pictures in training", _sizes),
    "eval_size": ("side of the pictures when it answers", _pixels),
    "batch_size": ("pictures a step", _plain),
    "epochs": ("epochs, at most", _plain),
    "frozen_epochs": ("epochs for which the body keeps its weights", _plain),
    "views": ("augmented views of each picture", _plain),
    "kept": (
        "share of a run's weights in those that are kept; the rest is of the run's before",
        _plain,
    ),
    "grid": ("places along a side of the map that the dense layer learns on", _plain),
}
"""Settings of a network's recipe in words, in the order in which they are told, and how a value
of theirs, as cards hold it, is told."""


def both(shelf: Shelf) -> list[str]:
    """Ids of the networks that have results of both recipes, in the study's order."""
    return [
        model_id
        for model_id, model in study.BY_ID.items()
        if model_id in shelf.study and model_id in shelf.tuned and not model.is_tree
    ]


def all_recipes(shelf: Shelf) -> str:
    """The study's recipe on our images beside ours, for every network; empty if it never ran."""
    networks = [model for model in study.STUDY if not model.is_tree]
    if not any(model.id in shelf.study for model in networks):
        return ""
    rows = []
    for model in networks:
        theirs, ours = shelf.study.get(model.id), shelf.tuned.get(model.id)
        rows.append(
            [
                model.name, as_the_study(model.study_accuracy),
                _accuracy(theirs) if theirs else "not run",
                str(len(np.unique(theirs.guesses))) if theirs else "–",
                _accuracy(ours) if ours else "–",
            ]
        )  # fmt: skip
    header = (
        "model", "the study reports", "its recipe on our images", "species it ever guesses",
        "our recipe",
    )  # fmt: skip
    return table(header, rows, "The study's recipe and ours, test accuracy")


def _accuracy(result: Result) -> str:
    """Test accuracy, and on what pictures if they are others than the recipe's."""
    side = other_side(result)
    return percent(result.card.test.accuracy) + (f" (at {_pixels(side)})" if side else "")


def verdict(shelf: Shelf, model: str, steps: Sequence[Finding] = ()) -> str:
    """What each recipe achieves with a network, in words.

    Parameters
    ----------
    steps : what became of the network in its first steps, where that was examined.
    """
    name = escape(study.find(model).name)
    theirs, ours = shelf.study[model], shelf.tuned[model]
    classes = len(theirs.card.classes)
    guessed = len(np.unique(theirs.guesses))
    epochs = len(theirs.history)
    side = other_side(theirs)
    whole = _recipe_of(theirs).eval_size
    smaller = f" on pictures of {_pixels(side)} instead of {_pixels(whole)}" if side else ""
    reported = study.find(model).study_accuracy
    blind = (
        " That is one species in "
        f"{classes}: as often is a network right that gives every picture the same answer, and "
        "has learned nothing at all."
        if round(reported * classes) == 1
        else ""
    )
    words = (
        f"<p>The study reports {as_the_study(reported)} for {name}.{blind} Its "
        f"recipe on our images reaches {_interval(theirs)} on the test images, after {epochs} "
        f"epoch{'s' * (epochs != 1)}{smaller}{_ended(theirs)}; ours reaches {_interval(ours)}. "
        f"With the study's recipe it names {guessed} of the {classes} species, with ours "
        f"{len(np.unique(ours.guesses))}."
    )
    norm = clipped(theirs)
    clip = (
        f" In this run gradients were clipped to a norm of {norm:g}, of which the study says "
        "nothing."
        if norm
        else ""
    )
    return f"{words}{_unlike(theirs, reported, steps)}{clip}</p>"


def _ended(result: Result) -> str:
    """Why a run has no more epochs than it has; empty where it has all."""
    settings, allowed = settings_of(result.card), allowed_epochs(result)
    if allowed:
        return (
            f", where the run was ended to spare hours of computing (its recipe allows {allowed})"
        )
    if len(result.history) < settings["epochs"]:
        return f", when {settings['patience']} had brought nothing better"
    return ""


def _unlike(theirs: Result, reported: float, steps: Sequence[Finding]) -> str:
    """Where a run is that much better or worse than the study's, why it may be so."""
    test = theirs.card.test
    if test.accuracy_low <= reported + MARKED and test.accuracy_high >= reported - MARKED:
        return ""
    described = diagnosis.as_described(steps)
    better = test.accuracy_low > reported
    if better and diagnosis.blind(described, len(theirs.card.classes)):
        return (
            " This run does not reproduce the study's figure; other beginnings of the same recipe "
            "stand still at first, as the study's network did to the end: see its first steps "
            "below."
        )
    size = ", other pictures" if other_side(theirs) else ""
    return (
        f" The study's figure is not reproduced: chance{size} or something that the study does not "
        "tell made the difference."
    )


def clipped(result: Result) -> float | None:
    """To which norm gradients were clipped although the network's recipe clips none."""
    return settings_of(result.card)["clip"] if _recipe_of(result).clip is None else None


def allowed_epochs(result: Result) -> int | None:
    """How many epochs a network's recipe allows; None unless the run was ended before it stopped.

    Whoever trains can give a run fewer epochs than its recipe has; it may stop by itself sooner.
    """
    made, allowed = len(result.history), _recipe_of(result).epochs
    return allowed if made == result.card.settings["epochs"] < allowed else None


def other_side(result: Result) -> int | None:
    """Side in pixels of the pictures of a run that was given others than its recipe has.

    None where it was given none: whoever trains can choose smaller ones, which take less time.
    """
    side = result.card.settings.get("eval_size")
    return None if side == _recipe_of(result).eval_size else side


def _recipe_of(result: Result) -> Recipe:
    """The whole recipe of a run, whatever of it the run was given."""
    return study.find(result.card.model).recipes[result.card.recipe]


def _interval(result: Result) -> str:
    test = result.card.test
    return (
        f"<strong>{percent(test.accuracy)}</strong> "
        f"({percent(test.accuracy_low)} to {percent(test.accuracy_high)})"
    )


def differences(shelf: Shelf, model: str) -> str:
    """In which settings the two recipes of a network differ."""
    theirs, ours = (settings_of(runs[model].card) for runs in (shelf.study, shelf.tuned))
    whole = _recipe_of(shelf.study[model])
    theirs |= {
        "epochs": whole.epochs,
        "eval_size": whole.eval_size,
        "sizes": [list(each) for each in whole.sizes],  # as cards hold them
    }
    rows = [
        [words, told(theirs[name]), told(ours[name])]
        for name, (words, told) in SETTINGS.items()
        if name in theirs and name in ours and theirs[name] != ours[name]
    ]
    rows += [  # of ours alone: the study's recipes have none
        [f"in a {place} run: {words}", "–", told(run[name])]
        for place, run in further_runs(shelf.tuned[model].card)
        for name, (words, told) in SETTINGS.items()
        if name in run
    ]
    return table(("setting", "the study's recipe", "our recipe"), rows, "Where the recipes differ")
