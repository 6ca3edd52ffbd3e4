"""What stored results say of the tree ensembles, in words and small tables, as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from pokeclf import study
from pokeclf.markup import NBSP, folded, percent, table
from pokeclf.results import Result
from pokeclf.study import StudyModel

SETTING = ("n_estimators", "max_depth")
"""What a setting of trees consists of."""


def setting_name(trees: int, depth: int) -> str:
    """A setting of trees as people read it."""
    return f"{trees} trees, depth {depth}"


def experiments_on_trees(tuned: Mapping[str, Result]) -> str:
    """The study's table of tree ensembles in both experiments with our figures beside its own."""
    rows = []
    for first, second in _same_trees():
        for place, setting in enumerate(first.recipes["study"].settings):
            row = [first.name.split(" (")[0], setting_name(*setting)]
            for model in (first, second):
                row.append(f"{100 * model.study_by_setting[place]:.0f}{NBSP}%")
                row.append(_with_setting(tuned.get(model.id), setting))
            rows.append(row)
    header = (
        "model", "setting", "experiment 1: the study", "ours", "experiment 2: the study", "ours"
    )  # fmt: skip
    return table(header, rows, "Trees on features of a fine-tuned and of a frozen network")


def _same_trees() -> list[tuple[StudyModel, StudyModel]]:
    """Each kind of trees in experiment 1 and in experiment 2."""
    trees = [model for model in study.STUDY if model.is_tree]
    two = {model.architecture: model for model in trees if model.stage == study.EXPERIMENT_2}
    return [(one, two[one.architecture]) for one in trees if one.stage == study.EXPERIMENT_1]


def _with_setting(result: Result | None, setting: tuple[int, int]) -> str:
    """Test accuracy with a setting of the trees."""
    for tried in result.card.candidates if result else ():
        if tuple(tried[key] for key in SETTING) == setting:
            return percent(tried["test_accuracy"])
    return "–"


def tree_settings(tuned: Mapping[str, Result]) -> str:
    """Every setting of the tree ensembles beside the study's figure, as the study tabulates it."""
    rows = []
    for model_id, result in tuned.items():
        model = study.find(model_id)
        for tried, theirs in zip(result.card.candidates, model.study_by_setting, strict=False):
            chosen = all(result.card.settings.get(key) == tried[key] for key in SETTING)
            accuracy = percent(tried["test_accuracy"])
            rows.append(
                [
                    model.name, str(tried["n_estimators"]), str(tried["max_depth"]),
                    f"{100 * theirs:.0f}{NBSP}%", percent(tried["validation_accuracy"]),
                    f"<strong>{accuracy}</strong>, chosen" if chosen else accuracy,
                ]
            )  # fmt: skip
    if not rows:
        return ""
    header = ("model", "trees", "depth", "the study", "validation", "test")
    words = table(header, rows, "The validation images choose, the test images are looked at once")
    return folded("How the settings of the trees were chosen", words)


def importances(result: Result, values: np.ndarray) -> str:
    """How many features share the work, in words."""
    ranked = np.sort(values)[::-1].cumsum()
    half = int(np.searchsorted(ranked, 0.5)) + 1
    meaning = (
        "the gain of the splits on it" if result.card.architecture == "xgboost"
        else "how much the splits on it sort the species"
    )  # fmt: skip
    source = study.find(result.card.features_from or result.card.model).name
    return (
        f"<p>It reads the {len(values)} features of {escape(source)}; a feature's importance is "
        f"{meaning}. <strong>{half}</strong> of them carry half of it. A feature has no name: "
        "The maps on the Identify tab show where in a picture the ones that count come from.</p>"
    )
