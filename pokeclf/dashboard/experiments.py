"""The Experiments tab: what the fifteen models achieve, compared, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from pokeclf import charts, evaluation, findings, results, study
from pokeclf.dashboard import notices
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf
from pokeclf.results import Result
from pokeclf.species import of

Updates = dict[gr.components.Component, Any]

HEADER = (
    "model", "stage", "test accuracy (%)", "from (%)", "to (%)", "top-5 (%)", "the study (%)",
    "parameters (M)", "own weights (MB)", "training (min)",
)  # fmt: skip
CONFUSED = 24
"""Species in the map of confusions: those with the most of them."""
QUANTITIES = [("Accuracy", "accuracy"), ("Loss", "loss")]


class Experiments:
    """Components and handlers of the tab; everything is drawn when it is first looked at."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.problem = gr.HTML(elem_id="experiments-problem")
        self.drawn = gr.State()  # when what stands on the page was written
        with gr.Tabs(elem_id="experiments"):
            with gr.Tab("Leaderboard"):
                self._build_leaderboard()
            with gr.Tab("Training"):
                self._build_training()
            with gr.Tab("Two models"):
                self._build_two_models()
            with gr.Tab("Mistakes"):
                self._build_mistakes()
            with gr.Tab("Calibration"):
                self._build_calibration()
            with gr.Tab("Trees"):
                self._build_trees()
        self._listen()

    def _build_leaderboard(self) -> None:
        self.ranking = gr.Plot(show_label=False, elem_id="ranking")
        self.table = gr.Dataframe(
            headers=list(HEADER), interactive=False, show_search="filter", wrap=True,
            label="All figures; a click on a heading sorts", elem_id="leaderboard",
            datatype=["str", "str", *["number"] * (len(HEADER) - 2)], pinned_columns=1,
        )  # fmt: skip
        self.size = gr.Plot(show_label=False)

    def _build_training(self) -> None:
        with gr.Row():
            self.runs = Menu(
                [], multiselect=True, label="Runs", interactive=True, elem_id="runs", scale=3
            )
            self.quantity = Options(
                QUANTITIES, value="accuracy", label="What is drawn", interactive=True
            )
        self.curves = gr.Plot(show_label=False)
        self.recipes = gr.HTML(elem_id="recipes")

    def _build_two_models(self) -> None:
        with gr.Row():
            self.first = Menu([], label="First", interactive=True, elem_id="first")
            self.second = Menu([], label="Second", interactive=True, elem_id="second")
        self.verdict = gr.HTML(elem_id="pair-verdict")
        self.differences = gr.Plot(show_label=False)
        self.pair_confusion = gr.Plot(show_label=False)

    def _build_mistakes(self) -> None:
        self.families = gr.Plot(show_label=False)
        self.mistaken = Menu([], label="Model", interactive=True, elem_id="mistaken")
        self.mistakes = gr.HTML(elem_id="mistakes")
        self.confusion = gr.Plot(show_label=False)

    def _build_calibration(self) -> None:
        self.calibrated = Menu([], label="Model", interactive=True, elem_id="calibrated")
        self.calibration = gr.HTML(elem_id="calibration")
        self.reliability = gr.Plot(show_label=False)

    def _build_trees(self) -> None:
        self.settings = gr.HTML(elem_id="tree-settings")
        self.trees = Menu([], label="Model", interactive=True, elem_id="trees")
        self.important = gr.HTML(elem_id="important")
        self.importances = gr.Plot(show_label=False)

    def _listen(self) -> None:
        self._on(
            [self.runs.change, self.quantity.input],
            self.draw_curves,
            [self.runs, self.quantity],
            [self.curves],
        )
        self._on(
            [self.first.input, self.second.input],
            self.compare,
            [self.first, self.second],
            [self.verdict, self.differences, self.pair_confusion],
        )
        for menu, handler, outputs in (
            (self.mistaken, self.show_mistakes, [self.mistakes, self.confusion]),
            (self.calibrated, self.show_calibration, [self.calibration, self.reliability]),
            (self.trees, self.show_importances, [self.important, self.importances]),
        ):
            self._on([menu.input], handler, [menu], outputs)

    @staticmethod
    def _on(
        events: list[Any],
        handler: Callable[..., Any],
        inputs: list[gr.components.Component],
        outputs: list[gr.components.Component],
    ) -> None:
        gr.on(
            events, notices.guarded(handler, len(outputs)), inputs, outputs,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        return [
            self.problem, self.drawn, self.quantity, self.ranking, self.table, self.size,
            self.settings, self.runs,
            self.curves, self.recipes, self.first, self.second, self.verdict, self.differences,
            self.pair_confusion, self.families, self.mistaken, self.mistakes, self.confusion,
            self.calibrated, self.calibration, self.reliability, self.trees, self.important,
            self.importances,
        ]  # fmt: skip

    def refresh(self, drawn: tuple[int, ...] | None = None) -> Updates:
        """Draw everything from the results that there are now, unless it stands there already.

        Parameters
        ----------
        drawn : when the results on the page were written.
        """
        try:
            if drawn == self.library.written():
                return {self.problem: gr.skip()}
            shelf = self.library.shelf()
            if not shelf.tuned:
                raise PokeclfError("No model is trained yet, so there are no results to compare.")
            return self._view(shelf)
        except Exception as error:  # A person must see a sentence, whatever happened.
            return {self.problem: f"<p>{notices.sentence(error)}</p>"}

    def _view(self, shelf: Shelf) -> Updates:
        ranked = sorted(shelf.tuned.values(), key=lambda result: -result.card.test.accuracy)
        names = [(study.find(each.card.model).name, each.card.model) for each in ranked]
        best = ranked[0].card.model
        second = ranked[min(1, len(ranked) - 1)].card.model
        runs = _runs(shelf)
        chosen = _telling_runs(shelf)
        pair, differences, pair_confusion = self.compare(best, second)
        mistakes, confusion = self.show_mistakes(best)
        calibration, reliability = self.show_calibration(best)
        important, importances = "", None
        trees = [(name, each) for name, each in names if study.find(each).is_tree]
        ensemble = trees[0][1] if trees else None
        if ensemble:
            important, importances = notices.guarded(self.show_importances, 2)(ensemble)
        return {
            self.problem: "".join(f"<p>{escape(each)}</p>" for each in shelf.problems),
            self.drawn: self.library.written(),
            self.quantity: "accuracy",
            self.ranking: charts.leaderboard(shelf.tuned),
            self.table: [_row(result) for result in ranked],
            self.size: charts.accuracy_against_size(shelf.tuned),
            self.settings: findings.tree_settings(shelf.tuned),
            self.runs: gr.update(choices=list(runs), value=chosen),
            self.curves: self.draw_curves(chosen, "accuracy"),
            self.recipes: findings.recipes(shelf),
            self.first: gr.update(choices=names, value=best),
            self.second: gr.update(choices=names, value=second),
            self.verdict: pair,
            self.differences: differences,
            self.pair_confusion: pair_confusion,
            self.families: charts.families(_family_shares(ranked)),
            self.mistaken: gr.update(choices=names, value=best),
            self.mistakes: mistakes,
            self.confusion: confusion,
            self.calibrated: gr.update(choices=names, value=best),
            self.calibration: calibration,
            self.reliability: reliability,
            self.trees: gr.update(choices=trees, value=ensemble),
            self.important: important,
            self.importances: importances,
        }

    def draw_curves(self, names: list[str] | None, quantity: str) -> Any:  # noqa: ANN401 - a figure
        """Curves of the runs with these names."""
        runs = _runs(self.library.shelf())
        chosen = {name: runs[name] for name in names or [] if name in runs}
        return charts.curves(chosen, quantity if quantity == "loss" else "accuracy")

    def compare(self, first: str, second: str) -> tuple[str, Any, Any]:
        """What distinguishes two models: in words, by species, and by confusions."""
        shelf = self.library.shelf()
        one, other = shelf.result(first), shelf.result(second)
        names = [study.find(each).name for each in (first, second)]
        matrices = [_confusion(each) for each in (one, other)]
        order = _most_confused(matrices[0] + matrices[1], one.card.classes)
        shown = (matrices[0] - matrices[1])[np.ix_(order, order)]
        return (
            findings.pair(one, other, names),
            charts.species_difference(_differences(one, other), *names),
            charts.confusion(
                shown, [one.card.classes[place] for place in order],
                f"Confusions: orange more often by {names[0]}, purple by {names[1]}",
            ),
        )  # fmt: skip

    def show_mistakes(self, model: str) -> tuple[str, Any]:
        """What a model takes for what: in words, and as a map of the most confused species."""
        result = self.library.shelf().result(model)
        matrix, classes = _confusion(result), result.card.classes
        order = _most_confused(matrix, classes)
        return (
            findings.mistakes(result, matrix),
            charts.confusion(
                matrix[np.ix_(order, order)], [classes[place] for place in order],
                f"What {study.find(model).name} takes for what; related species are neighbours",
            ),
        )  # fmt: skip

    def show_calibration(self, model: str) -> tuple[str, Any]:
        """Whether a model is as often right as it is sure: in words, and as a diagram."""
        result = self.library.shelf().result(model)
        before = evaluation.calibrated(result.logits, 1.0)
        bins = [
            evaluation.reliability(probabilities, result.labels)
            for probabilities in (before, result.probabilities)
        ]
        return findings.calibration(result), charts.reliability(*bins)

    def show_importances(self, model: str) -> tuple[str, Any]:
        """How many features a tree ensemble relies on: in words, and the most important ones."""
        result = self.library.shelf().result(model)
        values = results.importances(self.library.root / model, result.card)
        name = study.find(model).name
        return findings.importances(result, values), charts.importances(values, name)


def _row(result: Result) -> list[str | float]:
    card, model = result.card, study.find(result.card.model)
    test = card.test
    shares = (test.accuracy, test.accuracy_low, test.accuracy_high, test.top5, model.study_accuracy)
    return [
        model.name, model.stage, *(round(100 * share, 2) for share in shares),
        round(card.parameters / 1e6, 2) if card.parameters else None,
        round(card.weight_bytes / 1e6, 1),
        round(card.training_seconds / 60, 1),
    ]  # fmt: skip


def _runs(shelf: Shelf) -> dict[str, Result]:
    """Training runs of networks by the name that people read."""
    found: dict[str, Result] = {}
    for recipe, of_recipe in (("our recipe", shelf.tuned), ("the study's recipe", shelf.study)):
        for model_id, result in of_recipe.items():
            if not study.find(model_id).is_tree:
                found[f"{study.find(model_id).name}, {recipe}"] = result
    return found


def _telling_runs(shelf: Shelf) -> list[str]:
    """What is drawn at first: models of which both recipes were run, or the first two."""
    both = [study.find(model_id).name for model_id in shelf.study if model_id in shelf.tuned]
    names = [f"{both[0]}, our recipe", f"{both[0]}, the study's recipe"] if both else []
    runs = _runs(shelf)
    return [name for name in names if name in runs] or list(runs)[:2]


def _confusion(result: Result) -> np.ndarray:
    return evaluation.confusion(result.guesses, result.labels, len(result.card.classes))


def _most_confused(matrix: np.ndarray, classes: tuple[str, ...]) -> list[int]:
    """Places of the most confused classes, in Pokédex order: families then stand together."""
    mistakes = matrix - np.diag(matrix.diagonal())
    total = mistakes.sum(0) + mistakes.sum(1)
    chosen = [int(place) for place in np.argsort(-total, kind="stable")[:CONFUSED] if total[place]]
    return sorted(chosen, key=lambda place: of(classes[place]).number)


def _differences(one: Result, other: Result) -> dict[str, float]:
    shares = [
        evaluation.class_accuracy(each.guesses, each.labels, len(each.card.classes))
        for each in (one, other)
    ]
    known = ~np.isnan(shares[0])
    return {
        slug: float(shares[0][place] - shares[1][place])
        for place, slug in enumerate(one.card.classes)
        if known[place]
    }


def _family_shares(ranked: list[Result]) -> dict[str, tuple[float, float, float]]:
    """Right, wrong inside the family, wrong outside; the best model last, so that it is on top."""
    found = {}
    for result in reversed(ranked):
        numbers = findings.family_numbers(result.card.classes)
        groups = evaluation.by_group(result.guesses, result.labels, numbers)
        right = float(result.right.mean())
        found[study.find(result.card.model).name] = (
            right, groups.right.share - right, 1 - groups.right.share,
        )  # fmt: skip
    return found
