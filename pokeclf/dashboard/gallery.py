"""The Gallery: test images by what a model made of them, and where models looked in one."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from pokeclf import selections
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import (
    CONFUSION,
    GALLERY,
    MISTAKES,
    ONE_SPECIES,
    UNSURE,
    Address,
)  # fmt: skip
from pokeclf.dashboard.cards import ANSWER, PICK, answered, listing, picked, title
from pokeclf.dashboard.chart import Updates
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.picker import ranked
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.subtab import LaterSubTab, asked_or, model_menu, on
from pokeclf.dashboard.twomaps import maps
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf
from pokeclf.pictures import Pictures
from pokeclf.results import Result
from pokeclf.species import of

CHOICES = (
    ("the surest mistakes", MISTAKES),
    ("the least sure right answers", UNSURE),
    ("one species", ONE_SPECIES),
    ("one taken for another", CONFUSION),
)
PAGE = 24
SHOW_MAPS = """() => document.getElementById("gallery-maps")
	.scrollIntoView({ behavior: "smooth", block: "nearest" })"""
"""Below a page of images the place where their maps are drawn may be far away."""


class Gallery(LaterSubTab):
    """Components and handlers of the tab."""

    title = "Gallery"
    view_id = GALLERY

    def __init__(
        self, library: Library, pictures: Pictures, observations: Observations, workers: int
    ) -> None:
        super().__init__(library)
        self.pictures = pictures
        self.observations = observations
        self._build()
        self._listen(workers)

    def _build(self) -> None:
        self.page = gr.State(0)
        self.stands = gr.State()  # model, selection and choice that are on the page
        with gr.Row():
            self.model = model_menu("Model", "gallery-model")
            self.choice = Menu(
                [], label="Which", interactive=True, visible=False, min_width=260,
                elem_id="gallery-choice",
            )  # fmt: skip
        self.which = Options(
            list(CHOICES), value=MISTAKES, label="Test images", interactive=True,
            elem_id="gallery-view",
        )  # fmt: skip
        self.line.render()
        self.images = gr.HTML(elem_id="gallery-images", js_on_load=PICK)
        with gr.Row():
            self.back = gr.Button("Earlier images", size="sm", interactive=False, min_width=120)
            self.on = gr.Button("Further images", size="sm", interactive=False, min_width=120)
        with gr.Column(visible=False, elem_id="gallery-maps") as self.panel:
            gr.HTML("<h2>Where two models looked</h2>")
            with gr.Row():
                self.image = Menu(
                    [], label="Image", interactive=True, min_width=260, elem_id="gallery-image"
                )
                self.second = model_menu("Second model", "gallery-second")
            self.button = gr.Button("Show the maps", variant="primary", elem_id="gallery-show")
            self.maps = gr.HTML(elem_id="gallery-result", elem_classes="words")
        self.menus = (self.model, self.second, self.which, self.choice)
        self.listed = [
            self.choice, self.line, self.images, self.page, self.back, self.on, self.panel,
            self.image, self.maps, self.stands,
        ]  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, self.model, self.second, self.which, *self.listed]

    def _listen(self, workers: int) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        asked = [self.model, self.which, self.choice]
        on([menu.input for menu in asked], self.choose, [*asked, self.stands], self.listed)
        both = [self.model, self.second]
        on([self.model.input], self.second_beside, both, [self.second])
        for button, turn in ((self.back, self.turn_back), (self.on, self.turn_on)):
            on([button.click], turn, [*asked, self.page], self.listed)
        chosen = [self.image, self.maps]
        self.images.select(
            notices.guarded(self.pick, len(chosen)), self.image, chosen, **quiet
        ).then(None, js=SHOW_MAPS, api_visibility="private")
        self.image.input(lambda: "", None, self.maps, **quiet)
        self.explaining = {
            "inputs": [self.image, *both], "outputs": self.maps, "show_progress": "minimal",
            "api_visibility": "private", "concurrency_limit": workers, "concurrency_id": "models",
        }  # fmt: skip
        self.button.click(notices.guarded(self.show_maps, 1), **self.explaining)

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The surest mistakes of the best model."""
        names = ranked(shelf)
        models = [model for _, model in names]
        model = asked_or(models, asked.first, models[0])
        which = asked.show or MISTAKES
        choice = "/".join(filter(None, (asked.species, asked.guessed)))
        second = self.second_beside(model, asked_or(models, asked.second, model))
        return {
            self.model: gr.update(choices=names, value=model),
            self.second: gr.update(choices=names, value=second),
            self.which: which,
            **self.show(model, which, choice or None),
        }

    def choices(
        self,
        model: str | None = None,
        second: str | None = None,
        which: str | None = None,
        choice: str | None = None,
    ) -> dict[str, Any]:
        """Both models, and which images are shown."""
        species, _, guessed = (choice or "").partition("/")
        return {
            "first": model, "second": second, "show": which, "species": species,
            "guessed": guessed,
        }  # fmt: skip

    def second_beside(self, model: str, second: str) -> str:
        """Another model than the first, where there is one."""
        if second != model:
            return second
        names = ranked(self.library.shelf())
        return next((each for _, each in names if each != model), model)

    def turn_back(self, model: str, view: str, choice: str | None, page: int) -> Updates:
        """The page before."""
        return self.show(model, view, choice, page - 1)

    def turn_on(self, model: str, view: str, choice: str | None, page: int) -> Updates:
        """The next page."""
        return self.show(model, view, choice, page + 1)

    def choose(self, model: str, view: str, choice: str | None, stands: tuple | None) -> Updates:
        """:meth:`show`, unless it stands there: Gradio tells some choices twice."""
        if (model, view, choice) == stands:
            return {self.stands: gr.skip()}
        return self.show(model, view, choice)

    def show(self, model: str, view: str, choice: str | None, page: int = 0) -> Updates:
        """One page of a view.

        Raises
        ------
        PokeclfError
            When the model is not trained, or the checkpoints changed meanwhile.
        """
        result = self.library.shelf().result(model)
        names = self.pictures.test_images(result.card)
        options = _options(result, view)
        if choice not in [value for _, value in options]:
            choice = options[0][1] if options else None
        places = _places(result, view, choice)
        page = min(max(page, 0), max(len(places) - 1, 0) // PAGE)
        shown = [answered(result, names, int(p)) for p in places[page * PAGE : (page + 1) * PAGE]]
        choices = [(f"{each.alt}: {title(each.name)}", each.name) for each in shown]
        return {
            self.choice: gr.update(choices=options, value=choice, visible=bool(options)),
            self.line: f"<p>{_line(len(places), page)}</p>",
            self.images: listing(self.pictures, shown, ANSWER, "Test images"),
            self.page: page,
            self.back: gr.update(interactive=page > 0),
            self.on: gr.update(interactive=(page + 1) * PAGE < len(places)),
            self.panel: gr.update(visible=bool(shown) and self.pictures.missing() is None),
            self.image: gr.update(choices=choices, value=shown[0].name if shown else None),
            self.maps: "",
            self.stands: (model, view, choice),
        }

    def pick(self, shown: str | None, event: gr.EventData) -> Updates:
        """Choose the image whose card was clicked, by its place among the test images."""
        names = self.pictures.split().parts["test"]
        place = picked(event, len(names))
        return {self.image: names[place], self.maps: gr.skip() if names[place] == shown else ""}

    def maps_at_once(self, name: str | None, first: str, second: str) -> str:
        """:meth:`show_maps` where there are pictures."""
        return self.show_maps(name, first, second) if name and not self.pictures.missing() else ""

    def show_maps(self, name: str | None, first: str, second: str) -> str:
        """Where two models looked in one image, as HTML.

        Parameters
        ----------
        name : path of a test image as the split has it.
        """
        result, other = (self.library.shelf().result(each) for each in (first, second))
        names = self.pictures.test_images(result.card)
        if name not in names:
            raise PokeclfError("Choose an image of the list.")
        place = names.index(name)
        ranked = np.argsort(-result.probabilities[place], kind="stable")
        right = int(result.labels[place])
        rival = next(int(each) for each in ranked if each != right)
        path = str(self.pictures.file(name))
        models = dict.fromkeys(each.card.model for each in (result, other))
        seen = [self.observations.get(path, model) for model in models]
        return maps(seen, *(result.card.classes[each] for each in (right, rival)))


def _options(result: Result, view: str) -> list[tuple[str, str]]:
    """What there is to choose from in a view."""
    classes = result.card.classes
    if view == ONE_SPECIES:
        slugs = sorted(classes, key=lambda slug: of(slug).number)
        return [(of(slug).name, slug) for slug in slugs]
    if view == CONFUSION:
        found = []
        for each in selections.confusions(result):
            right, guessed = classes[each.right], classes[each.guessed]
            images = "1 image" if each.images == 1 else f"{each.images} images"
            label = f"{of(right).name} taken for {of(guessed).name}: {images}"
            found.append((label, f"{right}/{guessed}"))
        return found
    return []


def _places(result: Result, view: str, choice: str | None) -> np.ndarray:
    """Places of the images of a view, in the order in which they are shown."""
    if view == UNSURE:
        return selections.unsure_answers(result)
    if view in (ONE_SPECIES, CONFUSION):
        if choice is None:
            return np.array([], int)
        numbers = [result.card.classes.index(slug) for slug in choice.split("/")]
        chosen = selections.of_species if view == ONE_SPECIES else selections.of_confusion
        return chosen(result, *numbers)
    return selections.confident_mistakes(result)


def _line(count: int, page: int) -> str:
    """Which images are on the page."""
    if not count:
        return "There are no such images."
    first, last = page * PAGE + 1, min((page + 1) * PAGE, count)
    return escape(f"Images {first:,} to {last:,} of {count:,}")
