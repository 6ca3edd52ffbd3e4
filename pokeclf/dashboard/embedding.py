"""The Embedding tab: which test images look alike to a model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from pokeclf import charts, exhibits, selections
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import EMBEDDING, Address
from pokeclf.dashboard.cards import answered, listing, picked
from pokeclf.dashboard.chart import CLICK, REST, pointed
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.subtab import SubTab, asked_or, model_menu, named, on, ranked
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.findings import ANSWER
from pokeclf.library import Library, Shelf
from pokeclf.pictures import Pictures
from pokeclf.results import Result
from pokeclf.species import of

ALL = ""
CHART = "embedding-chart"
READING = (
    "<p>Each mark is a test image; images whose features are alike for the network lie beside each "
    "other. Only neighbourhoods mean something here: t-SNE keeps neither distances between groups "
    "nor their sizes. Colours of species and families, too many for a legend, only tell neighbours "
    "apart. Pointing at a mark, or a tap on it, tells which image it is; a species "
    "chosen above lists all of its images.</p>"
)


class Embedding(SubTab):
    """Components and handlers of the tab."""

    title = "Embedding"
    view_id = EMBEDDING

    def __init__(self, library: Library, pictures: Pictures) -> None:
        super().__init__(library)
        self.pictures = pictures
        self._build()
        self._listen()

    def _build(self) -> None:
        with gr.Row():
            self.model = model_menu("Model", "embedding-model")
            self.species = Menu(
                [("All species", ALL)], value=ALL, label="Species", interactive=True,
                min_width=260, elem_id="embedding-species",
            )  # fmt: skip
            self.colouring = Options(
                [(f"by {each}", each) for each in charts.data.COLOURINGS],
                value=charts.data.TYPE, label="Colours", interactive=True,
            )  # fmt: skip
        self.menus = (self.model, self.species, self.colouring)
        self.line = gr.HTML(elem_id=f"{self.view_id}-line", elem_classes="words")
        with gr.Row():
            with gr.Column(scale=4, min_width=300):
                self.chart = gr.Plot(show_label=False, elem_id=CHART, elem_classes="chart")
            with gr.Column(scale=1, min_width=200):
                told = pointed(CHART, "customdata", CLICK, REST)
                self.picked = gr.HTML(elem_id="embedding-picked", js_on_load=told)
        self.table = gr.HTML(elem_classes="numbers")
        self.images = gr.HTML(elem_id="embedding-images")

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, *self.menus, *self._figure]

    @property
    def _figure(self) -> list[gr.components.Component]:
        return [self.line, self.chart, self.picked, self.table, self.images]

    def _listen(self) -> None:
        menus = list(self.menus)
        on([menu.input for menu in menus], self.draw, menus, self._figure)
        on([self.picked.select], self.pick, [self.model], [self.picked])

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The best model that has an embedding; those that have none are not offered."""
        models = [each for each in ranked(shelf) if self._is_there(each)]
        if not models:
            return {self.line: "<p>No model has an embedding yet.</p>"}
        model = asked_or(models, asked.model, models[0])
        slugs = shelf.result(model).card.classes
        species = [(of(slug).name, slug) for slug in sorted(slugs, key=lambda s: of(s).number)]
        chosen = asked.species if asked.species in slugs else ALL
        colours = asked.colours or charts.data.TYPE
        return {
            self.model: gr.update(choices=named(models), value=model),
            self.species: gr.update(choices=[("All species", ALL), *species], value=chosen),
            self.colouring: colours,
            **self.draw(model, chosen, colours),
        }

    def choices(
        self, model: str | None = None, species: str | None = None, colours: str | None = None
    ) -> dict[str, Any]:
        """The model, the chosen species, and the colours."""
        return {"model": model, "species": species, "colours": colours}

    def draw(self, model: str, species: str, colouring: str) -> Updates:
        """The chart of a model, and the images of the chosen species.

        A model without an embedding gets a sentence that says how to compute it.
        """
        result = self.library.shelf().result(model)
        chosen = species if species in result.card.classes else None
        known = colouring if colouring in charts.data.COLOURINGS else charts.data.TYPE
        try:
            figure, beside = exhibits.embedded(self.library, model, known, chosen)
        except PokeclfError as error:
            line = f"<p>{notices.sentence(error)}</p>"
            nothing = gr.update(value=None, visible=False)
            return {self.line: line, self.chart: nothing, self.picked: "", self.table: "",
                    self.images: ""}  # fmt: skip
        return {
            self.line: READING,
            self.chart: gr.update(value=figure, visible=True),
            self.picked: "",
            self.table: beside(CHART),
            self.images: self._images_of(result, chosen) if chosen else "",
        }

    def pick(self, model: str, event: gr.EventData) -> str:
        """The image whose mark was pointed at, as HTML."""
        result = self.library.shelf().result(model)
        place = picked(event, len(result.labels))
        return self._listing(result, np.array([place]), "The chosen image")

    def _images_of(self, result: Result, slug: str) -> str:
        places = selections.of_species(result, result.card.classes.index(slug))
        return self._listing(result, places, f"Test images of {of(slug).name}")

    def _listing(self, result: Result, places: np.ndarray, caption: str) -> str:
        names = self.pictures.test_images(result.card)
        shown = [replace(answered(result, names, int(place)), place=None) for place in places]
        return listing(self.pictures, shown, ANSWER, caption)

    def _is_there(self, model: str) -> bool:
        try:
            exhibits.places(self.library, model)
        except PokeclfError:
            return False
        return True
