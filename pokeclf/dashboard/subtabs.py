"""The parts of the Experiments tab: components, and handlers that show another choice."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf import charts, exhibits, findings, treefindings
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import Address
from pokeclf.dashboard.chart import Chart
from pokeclf.dashboard.confusions import Mistakes, TwoModels
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.subtab import SubTab, asked_or, model_menu, named, on, ranked
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf
from pokeclf.results import Result

QUANTITIES = [(label, name) for name, label in exhibits.QUANTITIES.items()]
SORTS = [(label, name) for name, label in exhibits.SORTS.items()]
FIRST_SORT = SORTS[0][1]
WIDTHS = (200, 95, 85, 85, 90, 90, 115, 95, 90, 95, 135, 110, 125)
"""Of the leaderboard's columns, in pixels: narrow enough for the page, wide enough for words."""
ROOM = 1000
"""Height in pixels for all fifteen models, some of whose names take two lines."""
FIRST_QUANTITY = QUANTITIES[0][1]


class Leaderboard(SubTab):
    """All models beside each other and beside the study."""

    title = "Leaderboard"
    view_id = "leaderboard"

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.ranking = Chart("ranking")
        self.sort = Menu(
            SORTS, value=FIRST_SORT, label="Sort by", interactive=True, filterable=False,
            elem_id="sort",
        )  # fmt: skip
        self.menus = (self.sort,)
        self.table = gr.Dataframe(
            headers=list(exhibits.COLUMNS.values()), interactive=False, show_search="search",
            wrap=True, label="All figures", elem_id="leaderboard", max_height=ROOM,
            datatype=["str" if each in exhibits.NAMES else "number" for each in exhibits.COLUMNS],
            pinned_columns=1, column_widths=list(WIDTHS),
        )  # fmt: skip
        with gr.Row():
            with gr.Column(min_width=300):
                self.size = Chart("size")
            with gr.Column(min_width=300):
                self.time = Chart("time")
                self.timed = gr.HTML(elem_id="timed", elem_classes="words")
        self.places = gr.HTML(elem_id="places", elem_classes="words")
        self.summary = gr.HTML()
        on([self.sort.input], self.sorted, [self.sort], [self.table])

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            self.drawn, *self.ranking.outputs, self.sort, self.table, *self.size.outputs,
            *self.time.outputs, self.timed, self.places, self.summary,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """Everything, the best model first unless an address asks for another order."""
        sort = asked.sort or FIRST_SORT
        return {
            **self.ranking.shows(charts.leaderboard(shelf.tuned)),
            self.sort: sort,
            self.table: exhibits.leaderboard(shelf, sort),
            **self.size.shows(charts.accuracy_against_size(shelf.tuned)),
            **self.time.shows(exhibits.against_latency(shelf)),
            self.timed: findings.latencies(shelf.latencies),
            self.places: findings.places(shelf.ranked),
            self.summary: findings.summary(shelf.tuned),
        }

    def choices(self, sort: str | None = None) -> dict[str, Any]:
        """The order."""
        return {"sort": sort}

    def sorted(self, sort: str) -> list[list[str | float | None]]:
        """All figures in an order."""
        known = sort if sort in exhibits.SORTS else FIRST_SORT
        return exhibits.leaderboard(self.library.shelf(), known)


class Training(SubTab):
    """Curves of the runs that a person chooses."""

    title = "Training"
    view_id = "training"

    def __init__(self, library: Library) -> None:
        super().__init__(library)
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
        self.reading = gr.HTML(findings.CURVES, elem_classes="words", visible=False)
        self.menus = (self.runs, self.quantity)
        on([self.runs.input, self.quantity.input], self.draw, list(self.menus), self._changed)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, *self.menus, *self._changed]

    @property
    def _changed(self) -> list[gr.components.Component]:
        return [*self.curves.outputs, self.reading]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The runs that tell most."""
        runs = exhibits.runs(shelf)
        chosen = [name for name, run in runs.items() if _run_id(run) in asked.runs]
        if len(chosen) < len(asked.runs):
            notices.notify(PokeclfError("Trainings of this address without results are left out."))
        chosen = chosen or exhibits.telling_runs(shelf)
        quantity = asked.quantity or FIRST_QUANTITY
        return {
            self.runs: gr.update(choices=list(runs), value=chosen),
            self.quantity: quantity,
            **self.draw(chosen, quantity),
        }

    def choices(
        self, names: list[str] | None = None, quantity: str | None = None
    ) -> dict[str, Any]:
        """The runs and what is drawn of them."""
        runs = exhibits.runs(self.library.shelf()) if names else {}
        chosen = tuple(_run_id(runs[name]) for name in names or () if name in runs)
        return {"runs": chosen, "quantity": quantity}

    def draw(self, names: list[str] | None, quantity: str) -> Updates:
        """Curves of the runs with these names."""
        runs = exhibits.runs(self.library.shelf())
        chosen = {name: runs[name] for name in names or [] if name in runs}
        known = quantity if quantity in exhibits.QUANTITIES else FIRST_QUANTITY
        reading = {self.reading: gr.update(visible=bool(chosen))}
        if not chosen:
            none = {self.curves.numbers: "<p>No run is chosen.</p>"}
            return self.curves.shows(None) | none | reading
        return self.curves.shows(charts.curves(chosen, known)) | reading


class OneModel(SubTab):
    """What parts with a menu of models alone have in common."""

    def choices(self, model: str | None = None) -> dict[str, Any]:
        """The model."""
        return {"model": model}


class Calibration(OneModel):
    """Whether a model is as often right as it is sure."""

    title = "Calibration"
    view_id = "calibration"

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.model = model_menu("Model", "calibrated")
        self.menus = (self.model,)
        self.words = gr.HTML(elem_id="calibration", elem_classes="words")
        self.reliability = Chart("reliability")
        on([self.model.input], self.show, [self.model], self.outputs[2:])

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, self.model, self.words, *self.reliability.outputs]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The best model."""
        models = ranked(shelf)
        model = asked_or(models, asked.model, models[0])
        choice = gr.update(choices=named(models), value=model)
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
        super().__init__(library)
        self.study = gr.HTML(elem_id="tree-study")
        self.settings = gr.HTML(elem_id="tree-settings", elem_classes="numbers")
        self.model = model_menu("Model", "trees")
        self.menus = (self.model,)
        self.words = gr.HTML(elem_id="important", elem_classes="words")
        self.importances = Chart("importances")
        on([self.model.input], self.show, [self.model], self._of_model)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, self.study, self.settings, self.model, *self._of_model]

    @property
    def _of_model(self) -> list[gr.components.Component]:
        return [self.words, *self.importances.outputs]

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """All settings, and the best ensemble's features."""
        models = exhibits.trees(shelf)
        model = asked_or(models, asked.model, models[0] if models else None)
        updates = {
            self.study: treefindings.experiments_on_trees(shelf.tuned),
            self.settings: treefindings.tree_settings(shelf.tuned),
            self.model: gr.update(choices=named(models), value=model),
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


FURTHER = (Training, TwoModels, Mistakes, Calibration, Trees)
"""The parts after the leaderboard that need stored results alone."""


def _run_id(run: Result) -> str:
    """How an address names a training."""
    return f"{run.card.model}-{run.card.recipe}"
