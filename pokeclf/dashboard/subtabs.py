"""The parts of the Experiments tab: components, and handlers that show another choice.

Each part has ``outputs``, everything that its ``view`` of a shelf changes, and ``menus``, whose
choices stand in the address of the part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from pokeclf import charts, exhibits, findings
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import Address
from pokeclf.dashboard.chart import Chart, Updates
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.subtab import OneModel, SubTab, asked_or
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf
from pokeclf.results import Result

QUANTITIES = [(label, name) for name, label in exhibits.QUANTITIES.items()]
EXTENTS = [(label, name) for name, label in exhibits.EXTENTS.items()]
WIDTHS = (200, 135, 95, 85, 85, 90, 90, 115, 95, 90, 95)
"""Of the leaderboard's columns, in pixels: narrow enough for the page, wide enough for words."""
FIRST_QUANTITY, FIRST_EXTENT = QUANTITIES[0][1], EXTENTS[0][1]


class Leaderboard(SubTab):
    """All models beside each other and beside the study."""

    title = "Leaderboard"
    view_id = "leaderboard"

    def __init__(self, library: Library) -> None:
        self.ranking = Chart("ranking")
        self.table = gr.Dataframe(
            headers=list(exhibits.COLUMNS), interactive=False, show_search="filter", wrap=True,
            label="All figures; a click on a heading sorts", elem_id="leaderboard",
            datatype=["str", "str", *["number"] * (len(exhibits.COLUMNS) - 2)], pinned_columns=1,
            column_widths=list(WIDTHS),
        )  # fmt: skip
        with gr.Row():
            with gr.Column(min_width=300):
                self.size = Chart("size")
            with gr.Column(min_width=300):
                self.time = Chart("time")
                self.timed = gr.HTML(elem_id="timed", elem_classes="words")
        self.summary = gr.HTML()

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            *self.ranking.outputs, self.table, *self.size.outputs, *self.time.outputs, self.timed,
            self.summary,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """Everything, from a shelf."""
        return {
            **self.ranking.shows(charts.leaderboard(shelf.tuned)),
            self.table: exhibits.leaderboard(shelf),
            **self.size.shows(charts.accuracy_against_size(shelf.tuned)),
            **self.time.shows(exhibits.against_latency(shelf)),
            self.timed: findings.latencies(shelf.latencies),
            self.summary: findings.summary(shelf.tuned),
        }


class Training(SubTab):
    """Curves of the runs that a person chooses."""

    title = "Training"
    view_id = "training"

    def __init__(self, library: Library) -> None:
        self.library = library
        with gr.Row():
            self.runs = Menu(
                [], multiselect=True, label="Runs", interactive=True, elem_id="runs", scale=3,
                min_width=300,
            )  # fmt: skip
            self.quantity = Options(
                QUANTITIES, value=FIRST_QUANTITY, label="What is drawn", interactive=True,
                elem_id="quantity",
            )  # fmt: skip
        self.curves = Chart("curves")
        self.recipes = gr.HTML(elem_id="recipes")
        self.menus = (self.runs,)
        _on(
            [self.runs.change, self.quantity.input], self.draw,
            [self.runs, self.quantity], self.curves.outputs,
        )  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.runs, self.quantity, *self.curves.outputs, self.recipes]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The runs that tell most."""
        runs = exhibits.runs(shelf)
        chosen = [name for name, run in runs.items() if _run_id(run) in asked.runs]
        chosen = chosen or exhibits.telling_runs(shelf)
        return {
            self.runs: gr.update(choices=list(runs), value=chosen),
            self.quantity: FIRST_QUANTITY,
            **self.draw(chosen, FIRST_QUANTITY),
            self.recipes: findings.recipes(shelf),
        }

    def choices(self, names: list[str] | None = None) -> dict[str, Any]:
        """The runs."""
        if not names:
            return {}
        runs = exhibits.runs(self.library.shelf())
        return {"runs": tuple(_run_id(runs[name]) for name in names if name in runs)}

    def draw(self, names: list[str] | None, quantity: str) -> Updates:
        """Curves of the runs with these names."""
        runs = exhibits.runs(self.library.shelf())
        chosen = {name: runs[name] for name in names or [] if name in runs}
        known = quantity if quantity in exhibits.QUANTITIES else FIRST_QUANTITY
        return self.curves.shows(charts.curves(chosen, known))


class TwoModels(SubTab):
    """What distinguishes two models."""

    title = "Two models"
    view_id = "two-models"

    def __init__(self, library: Library) -> None:
        self.library = library
        with gr.Row():
            self.first = _menu("First", "first")
            self.second = _menu("Second", "second")
        self.menus = (self.first, self.second)
        self.verdict = gr.HTML(elem_id="pair-verdict", elem_classes="words")
        self.images = gr.HTML(elem_id="pair-images", elem_classes="numbers")
        self.differences = Chart("differences")
        self.extent = _extent("pair-extent")
        self.confusions = Chart("pair-confusions")
        self.pairs = gr.HTML(elem_id="all-pairs", elem_classes="numbers")
        models = [self.first, self.second, self.extent]
        changed = [
            self.verdict, self.images, *self.differences.outputs, *self.confusions.outputs
        ]  # fmt: skip
        _on([self.first.input, self.second.input], self.show, models, changed)
        _on([self.extent.input], self.draw, models, self.confusions.outputs)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            self.first, self.second, self.verdict, self.images, *self.differences.outputs,
            self.extent, *self.confusions.outputs, self.pairs,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The two best models."""
        models = [result.card.model for result in shelf.ranked]
        first = asked_or(models, asked.first, models[0])
        second = asked_or(models, asked.second, models[min(1, len(models) - 1)])
        return {
            self.first: gr.update(choices=_named(models), value=first),
            self.second: gr.update(choices=_named(models), value=second),
            self.extent: FIRST_EXTENT,
            **self.show(first, second, FIRST_EXTENT),
            self.pairs: findings.all_pairs(shelf.ranked),
        }

    def choices(self, first: str | None = None, second: str | None = None) -> dict[str, Any]:
        """Both models."""
        return {"first": first, "second": second}

    def show(self, first: str, second: str, extent: str) -> Updates:
        """Two models: in words, by species, by images, and by confusions."""
        verdict, differences, images = exhibits.pair(self.library.shelf(), first, second)
        return {
            self.verdict: verdict,
            self.images: images,
            **self.differences.shows(differences),
            **self.draw(first, second, extent),
        }

    def draw(self, first: str, second: str, extent: str) -> Updates:
        """Their confusions alone."""
        shelf = self.library.shelf()
        figure = exhibits.pair_confusions(shelf, first, second, _known(extent))
        return self.confusions.shows(figure)


class Mistakes(OneModel):
    """What is taken for what, and how much of it stays within the family."""

    title = "Mistakes"
    view_id = "mistakes"

    def __init__(self, library: Library) -> None:
        self.library = library
        self.families = Chart("families")
        self.evolution = gr.HTML(elem_id="evolution")
        with gr.Row():
            self.model = _menu("Model", "mistaken")
            self.extent = _extent("extent")
        self.menus = (self.model,)
        self.words = gr.HTML(elem_id="mistakes", elem_classes="words")
        self.confusions = Chart("confusions")
        chosen = [self.model, self.extent]
        _on([self.model.input], self.show, chosen, [self.words, *self.confusions.outputs])
        _on([self.extent.input], self.draw, chosen, self.confusions.outputs)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            *self.families.outputs, self.evolution, self.model, self.extent, self.words,
            *self.confusions.outputs,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """All models' families, and the best model's confusions."""
        models = [result.card.model for result in shelf.ranked]
        model = asked_or(models, asked.model, models[0])
        return {
            **self.families.shows(exhibits.families(shelf)),
            self.evolution: findings.families(shelf.ranked),
            self.model: gr.update(choices=_named(models), value=model),
            self.extent: FIRST_EXTENT,
            **self.show(model, FIRST_EXTENT),
        }

    def show(self, model: str, extent: str) -> Updates:
        """A model's confusions in words and as a map."""
        words = exhibits.mistakes(self.library.shelf(), model)
        return {self.words: words, **self.draw(model, extent)}

    def draw(self, model: str, extent: str) -> Updates:
        """The map alone."""
        figure = exhibits.confusions(self.library.shelf(), model, _known(extent))
        return self.confusions.shows(figure)


class Calibration(OneModel):
    """Whether a model is as often right as it is sure."""

    title = "Calibration"
    view_id = "calibration"

    def __init__(self, library: Library) -> None:
        self.library = library
        self.model = _menu("Model", "calibrated")
        self.menus = (self.model,)
        self.words = gr.HTML(elem_id="calibration", elem_classes="words")
        self.reliability = Chart("reliability")
        _on([self.model.input], self.show, [self.model], self.outputs[1:])

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.model, self.words, *self.reliability.outputs]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The best model."""
        models = [result.card.model for result in shelf.ranked]
        model = asked_or(models, asked.model, models[0])
        choice = gr.update(choices=_named(models), value=model)
        return {self.model: choice, **self.show(model)}

    def show(self, model: str) -> Updates:
        """A model's calibration in words and as a diagram."""
        words, figure = exhibits.calibration(self.library.shelf(), model)
        return {self.words: words, **self.reliability.shows(figure)}


class Trees(OneModel):
    """What the tree ensembles were given and what they use."""

    title = "Trees"
    view_id = "trees"

    def __init__(self, library: Library) -> None:
        self.library = library
        self.study = gr.HTML(elem_id="tree-study")
        self.settings = gr.HTML(elem_id="tree-settings", elem_classes="numbers")
        self.model = _menu("Model", "trees")
        self.menus = (self.model,)
        self.words = gr.HTML(elem_id="important", elem_classes="words")
        self.importances = Chart("importances")
        _on([self.model.input], self.show, [self.model], self.outputs[3:])

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.study, self.settings, self.model, self.words, *self.importances.outputs]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """All settings, and the best ensemble's features."""
        models = exhibits.trees(shelf)
        model = asked_or(models, asked.model, models[0] if models else None)
        updates = {
            self.study: findings.experiments_on_trees(shelf.tuned),
            self.settings: findings.tree_settings(shelf.tuned),
            self.model: gr.update(choices=_named(models), value=model),
            self.words: "",
            **self.importances.shows(None),
        }
        if model:
            try:
                updates |= self.show(model)
            except PokeclfError as error:  # Trees that are damaged leave the rest as it is.
                updates[self.words] = f"<p>{notices.sentence(error)}</p>"
        return updates

    def show(self, model: str) -> Updates:
        """A tree ensemble's features in words, and the most important ones."""
        words, figure = exhibits.importances(self.library, model)
        return {self.words: words, **self.importances.shows(figure)}


SUBTABS = (Leaderboard, Training, TwoModels, Mistakes, Calibration, Trees)


def _menu(label: str, name: str) -> Menu:
    return Menu([], label=label, interactive=True, elem_id=name, min_width=240)


def _run_id(run: Result) -> str:
    """How an address names a training."""
    return f"{run.card.model}-{run.card.recipe}"


def _extent(name: str) -> Options:
    return Options(
        EXTENTS, value=FIRST_EXTENT, label="Confusions between", interactive=True, elem_id=name,
        scale=2, min_width=300,
    )  # fmt: skip


def _known(extent: str) -> str:
    return extent if extent in exhibits.EXTENTS else FIRST_EXTENT


def _named(models: list[str]) -> list[tuple[str, str]]:
    return [(exhibits.name_of(model), model) for model in models]


def _on(
    events: list[Any],
    handler: Callable[..., Updates],
    inputs: list[gr.components.Component],
    outputs: list[gr.components.Component],
) -> None:
    gr.on(
        events, notices.guarded(handler, len(outputs)), inputs, outputs,
        show_progress="hidden", api_visibility="private",
    )  # fmt: skip
