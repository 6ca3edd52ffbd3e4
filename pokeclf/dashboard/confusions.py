"""The parts of the Experiments tab that draw confusions, whose squares open the Gallery."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf import confusions, exhibits, findings
from pokeclf.dashboard.address import Address
from pokeclf.dashboard.chart import CLICK, Chart, pointed
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.subtab import SubTab, asked_or, model_menu, named, on, ranked
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf

EXTENTS = [(label, name) for name, label in confusions.EXTENTS.items()]
FIRST_EXTENT = EXTENTS[0][1]
HINT = (
    '<p class="hint">A click on a square opens its images in the Gallery; of two families, those '
    "of the two species that are confused the most.</p>"
)


class Confusions(SubTab):
    """A part with a map of confusions.

    Attributes
    ----------
    models : the menus of the models whose confusions are drawn, twice the same if there is one.
    extent : which confusions are drawn.
    cell : tells which square was clicked, by its id of :func:`~pokeclf.confusions.single`.
    """

    models: tuple[Menu, Menu]
    extent: Options
    confusions: Chart
    cell: gr.HTML


class TwoModels(Confusions):
    """What distinguishes two models."""

    title = "Two models"
    view_id = "two-models"

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        with gr.Row():
            self.first = model_menu("First", "first")
            self.second = model_menu("Second", "second")
        self.models = self.first, self.second
        self.verdict = gr.HTML(elem_id="pair-verdict", elem_classes="words")
        self.images = gr.HTML(elem_id="pair-images", elem_classes="numbers")
        with gr.Row():
            self.only_first, self.only_second = (
                gr.Button(f"See those that only the {which} gets right", size="sm", min_width=240)
                for which in ("first", "second")
            )
        self.differences = Chart("differences")
        self.extent = _extent("pair-extent")
        self.confusions, self.cell = _squares("pair-confusions")
        self.menus = (*self.models, self.extent)
        self.pairs = gr.HTML(elem_id="all-pairs", elem_classes="numbers")
        models = [self.first, self.second, self.extent]
        changed = [
            self.verdict, self.images, self.only_first, self.only_second,
            *self.differences.outputs, self.extent, *self.confusions.outputs,
        ]  # fmt: skip
        on([self.first.input, self.second.input], self.show, models, changed)
        on([self.extent.input], self.draw, models, self.confusions.outputs)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            self.drawn, self.first, self.second, self.verdict, self.images,
            self.only_first, self.only_second, *self.differences.outputs, self.extent,
            *self.confusions.outputs, self.pairs,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The two best models."""
        models = ranked(shelf)
        first = asked_or(models, asked.first, models[0])
        second = asked_or(models, asked.second, models[min(1, len(models) - 1)])
        extent = asked.extent or FIRST_EXTENT
        return {
            self.first: gr.update(choices=named(models), value=first),
            self.second: gr.update(choices=named(models), value=second),
            **self.show(first, second, extent),
            self.extent: gr.update(value=extent, interactive=first != second),
            self.pairs: findings.all_pairs(shelf.ranked),
        }

    def choices(
        self, first: str | None = None, second: str | None = None, extent: str | None = None
    ) -> dict[str, Any]:
        """Both models, and which confusions are drawn."""
        return {"first": first, "second": second, "extent": extent}

    def show(self, first: str, second: str, extent: str) -> Updates:
        """Two models: in words, by species, by images, and by confusions."""
        verdict, differences, images = exhibits.pair(self.library.shelf(), first, second)
        two = gr.update(interactive=first != second)  # A model beside itself has no differences.
        return {
            self.verdict: verdict,
            self.images: images,
            **dict.fromkeys((self.only_first, self.only_second, self.extent), two),
            **self.differences.shows(differences),
            **self.draw(first, second, extent),
        }

    def draw(self, first: str, second: str, extent: str) -> Updates:
        """Their confusions alone."""
        shelf = self.library.shelf()
        if first == second:  # The verdict says so.
            return self.confusions.shows(None)
        figure = confusions.difference(shelf, first, second, _known(extent))
        return self.confusions.shows(figure)


class Mistakes(Confusions):
    """What is taken for what, and how much of it stays within the family."""

    title = "Mistakes"
    view_id = "mistakes"

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self.families = Chart("families")
        self.evolution = gr.HTML(elem_id="evolution")
        with gr.Row():
            self.model = model_menu("Model", "mistaken")
            self.extent = _extent("extent")
        self.words = gr.HTML(elem_id="mistakes", elem_classes="words")
        self.confusions, self.cell = _squares("confusions")
        self.models = self.model, self.model
        self.menus = (self.model, self.extent)
        chosen = [self.model, self.extent]
        on([self.model.input], self.show, chosen, [self.words, *self.confusions.outputs])
        on([self.extent.input], self.draw, chosen, self.confusions.outputs)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [
            self.drawn, *self.families.outputs, self.evolution, self.model, self.extent, self.words,
            *self.confusions.outputs,
        ]  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """All models' families, and the best model's confusions."""
        models = ranked(shelf)
        model = asked_or(models, asked.model, models[0])
        extent = asked.extent or FIRST_EXTENT
        return {
            **self.families.shows(exhibits.families(shelf)),
            self.evolution: findings.families(shelf.ranked),
            self.model: gr.update(choices=named(models), value=model),
            self.extent: extent,
            **self.show(model, extent),
        }

    def choices(self, model: str | None = None, extent: str | None = None) -> dict[str, Any]:
        """The model, and which confusions are drawn."""
        return {"model": model, "extent": extent}

    def show(self, model: str, extent: str) -> Updates:
        """A model's confusions in words and as a map."""
        words = exhibits.mistakes(self.library.shelf(), model)
        return {self.words: words, **self.draw(model, extent)}

    def draw(self, model: str, extent: str) -> Updates:
        """The map alone."""
        figure = confusions.single(self.library.shelf(), model, _known(extent))
        return self.confusions.shows(figure)


def square(event: gr.EventData, shelf: Shelf) -> tuple[str, str, str]:
    """Model, right species and guessed one of the square that was clicked.

    Raises
    ------
    PokeclfError
        When there is no such square.
    """
    name = event._data.get("place") if isinstance(event._data, dict) else None
    parts = name.split("/") if isinstance(name, str) else []
    if len(parts) != 3 or not set(parts[1:]) <= set(shelf.result(parts[0]).card.classes):
        raise PokeclfError("There is no such square.")
    return parts[0], parts[1], parts[2]


def _extent(name: str) -> Options:
    return Options(
        EXTENTS, value=FIRST_EXTENT, label="Confusions between", interactive=True, elem_id=name,
        scale=2, min_width=300,
    )  # fmt: skip


def _squares(name: str) -> tuple[Chart, gr.HTML]:
    """The map of confusions, and what tells of clicks on it."""
    return Chart(name), gr.HTML(HINT, js_on_load=pointed(name, "id", CLICK), padding=False)


def _known(extent: str) -> str:
    return extent if extent in confusions.EXTENTS else FIRST_EXTENT
