"""The study's recipe beside ours: what each achieves, how it learned, and what it looks at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pokeclf import charts, diagnosis, drawings, exhibits, findings, firststeps, recipefindings
from pokeclf.dashboard.address import RECIPES, Address
from pokeclf.dashboard.chart import Chart
from pokeclf.dashboard.examples import title_of
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.subtab import SubTab, asked_or, model_menu, named, on
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.wording import figures
from pokeclf.drawings import Look
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS, explain
from pokeclf.explain.overlay import overlay
from pokeclf.explain.result import to_heatmap
from pokeclf.library import Library, Shelf
from pokeclf.markup import NBSP, percent
from pokeclf.species import of

QUANTITIES = [(label, name) for name, label in exhibits.QUANTITIES.items()]
SIDE = 240
"""Side of the pictures, in pixels."""


class Recipes(SubTab):
    """A network trained twice."""

    title = "Why some failed"
    view_id = RECIPES

    def __init__(self, library: Library, observations: Observations, folder: Path) -> None:
        super().__init__(library)
        self.observations = observations
        self.drawings = drawings.drawings_of(folder)
        self._build()
        self._listen()

    def _build(self) -> None:
        with gr.Row():
            self.model = model_menu("Model", "recipes-model")
            self.quantity = Options(
                QUANTITIES, value=QUANTITIES[0][1], label="What is drawn", interactive=True,
                elem_id="recipes-quantity",
            )  # fmt: skip
        self.line = gr.HTML(elem_id=f"{self.view_id}-line", elem_classes="words")
        self.curves = Chart("recipes-curves")
        self.reading = gr.HTML(findings.CURVES, elem_classes="words", visible=False)
        with gr.Column(visible=False, elem_id="recipes-maps") as self.panel:
            gr.HTML("<h3>What the two looked at in the same picture</h3>")
            self.drawing = Menu(
                [(title_of(path.stem), path.stem) for path in self.drawings],
                value=self.drawings[0].stem if self.drawings else None, label="Drawing",
                interactive=True, elem_id="recipes-drawing",
            )  # fmt: skip
            self.maps = gr.HTML(elem_id="recipes-pictures", elem_classes="words")
        self.settings = gr.HTML(elem_id="recipes-settings", elem_classes="words")
        self.all = gr.HTML(elem_id="recipes", elem_classes="words")
        self.menus = (self.model, self.quantity, self.drawing)

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, *self.menus, *self._shown, self.all]

    @property
    def _shown(self) -> list[gr.components.Component]:
        return [
            self.line, *self.curves.outputs, self.reading, self.panel, self.maps, self.settings
        ]  # fmt: skip

    def _listen(self) -> None:
        menus = list(self.menus)
        on([self.model.input, self.quantity.input], self.show, menus, self._shown)
        on([self.drawing.input], self.maps_of, [self.model, self.drawing], [self.maps])

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The first network of which both recipes were run: the plain CNN, if it was."""
        models = recipefindings.both(shelf)
        if not models:
            return {self.line: "<p>The study's recipe has not been run on these images yet.</p>"}
        model = asked_or(models, asked.model, models[0])
        quantity = asked.quantity or QUANTITIES[0][1]
        names = [path.stem for path in self.drawings]
        drawing = asked.example if asked.example in names else (names or [None])[0]
        return {
            self.model: gr.update(choices=named(models), value=model),
            self.quantity: quantity,
            self.drawing: drawing,
            self.all: recipefindings.all_recipes(shelf),
            **self.show(model, quantity, drawing),
        }

    def choices(
        self, model: str | None = None, quantity: str | None = None, drawing: str | None = None
    ) -> dict[str, Any]:
        """The network, what is drawn, and the drawing."""
        return {"model": model, "quantity": quantity, "example": drawing}

    def show(self, model: str, quantity: str, drawing: str | None) -> Updates:
        """A network's two trainings: words, curves, maps, settings, and its first steps."""
        shelf = self._shelf_with(model)
        steps = diagnosis.of(self.library.root, model)
        known = quantity if quantity in exhibits.QUANTITIES else QUANTITIES[0][1]
        kept = drawings.read(self.library.root / "study" / model)
        classes = len(shelf.study[model].card.classes)
        return {
            self.line: recipefindings.verdict(shelf, model, steps),
            **self.curves.shows(charts.curves(exhibits.both_runs(shelf, model), known)),
            self.reading: gr.update(visible=True),
            self.panel: gr.update(visible=bool(kept)),
            self.maps: self._maps(model, drawing, kept),
            self.settings: recipefindings.differences(shelf, model)
            + firststeps.told(steps, classes),
        }

    def maps_of(self, model: str, drawing: str | None) -> str:
        """What both networks looked at in a drawing, as HTML."""
        self._shelf_with(model)
        return self._maps(model, drawing, drawings.read(self.library.root / "study" / model))

    def _shelf_with(self, model: str) -> Shelf:
        shelf = self.library.shelf()
        if model not in recipefindings.both(shelf):
            raise PokeclfError("Choose a model of which both recipes were run.")
        return shelf

    def _maps(self, model: str, drawing: str | None, kept: Sequence[Look]) -> str:
        theirs = next((look for look in kept if look.drawing == drawing), None)
        path = next((path for path in self.drawings if path.stem == drawing), None)
        if theirs is None or path is None:
            return ""
        seen = self.observations.get(str(path), model)
        own = explain(seen.classifier, seen.observation, method=theirs.method)
        ours = Look(drawing, seen.observation.best, own.method, own.layer, own.evidence)
        picture = seen.observation.crop.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        drawn = [
            (picture, f"The drawing: {title_of(drawing)}"),
            (overlay(picture, to_heatmap(theirs.evidence, SIDE)), _told("The study's", theirs)),
            (overlay(picture, to_heatmap(ours.evidence, SIDE)), _told("Our", ours)),
        ]
        blank = (
            "<p>The map of the study's recipe is empty: nothing in the picture changes what that "
            "network answers.</p>"
        )
        how = METHODS[theirs.method].name
        return (
            f"<p>{how} for what each of them guessed, each on a scale of its own.</p>"
            + figures(drawn)
            + (blank if theirs.evidence.max() == 0 else "")
        )


def _told(whose: str, look: Look) -> str:
    share = percent(look.guess.probability).replace(NBSP, " ")
    return f"{whose} recipe: {of(look.guess.species).name} ({share})"
