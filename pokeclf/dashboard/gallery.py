"""The Gallery: test images by what a model made of them, and where models looked in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from pokeclf import selections
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import EXPERIMENTS, GALLERY, Address
from pokeclf.dashboard.cards import ANSWER, PICK, answered, listing, picked, title
from pokeclf.dashboard.chart import Updates
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.picker import ranked
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.twomaps import maps
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.pictures import Pictures
from pokeclf.results import Result
from pokeclf.species import of

MISTAKES, UNSURE, SPECIES, CONFUSION = "mistakes", "unsure", "species", "confusion"
VIEWS = (
    ("the surest mistakes", MISTAKES),
    ("the least sure right answers", UNSURE),
    ("one species", SPECIES),
    ("one taken for another", CONFUSION),
)
PAGE = 24
SHOW_MAPS = """() => document.getElementById("gallery-maps")
	.scrollIntoView({ behavior: "smooth", block: "nearest" })"""
"""Below a page of images the place where their maps are drawn may be far away."""


class Gallery:
    """Components and handlers of the tab; everything is drawn when it is first looked at."""

    def __init__(
        self, library: Library, pictures: Pictures, observations: Observations, workers: int
    ) -> None:
        self.library = library
        self.pictures = pictures
        self.observations = observations
        with gr.Tab("Gallery", id=GALLERY, elem_id=f"view-{GALLERY}") as self.tab:
            gr.HTML(Address(EXPERIMENTS, GALLERY).link, padding=False)
            self._build()
        self._listen(workers)

    def _build(self) -> None:
        self.drawn = gr.State()  # when the results on the page were written
        self.page = gr.State(0)
        with gr.Row():
            self.model = Menu(
                [], label="Model", interactive=True, min_width=260, elem_id="gallery-model"
            )
            self.choice = Menu(
                [], label="Which", interactive=True, visible=False, min_width=260,
                elem_id="gallery-choice",
            )  # fmt: skip
        self.view = Options(
            list(VIEWS), value=MISTAKES, label="Test images", interactive=True,
            elem_id="gallery-view",
        )  # fmt: skip
        self.line = gr.HTML(elem_id="gallery-line")
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
                self.second = Menu(
                    [], label="Second model", interactive=True, min_width=260,
                    elem_id="gallery-second",
                )  # fmt: skip
            self.button = gr.Button("Show the maps", variant="primary", elem_id="gallery-show")
            self.maps = gr.HTML(elem_id="gallery-result", elem_classes="words")

    def _listen(self, workers: int) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        asked = [self.model, self.view, self.choice]
        listed = [
            self.choice, self.line, self.images, self.page, self.back, self.on, self.panel,
            self.image, self.maps,
        ]  # fmt: skip
        changed = [self.model.input, self.view.input, self.choice.input]
        gr.on(changed, self._guarded(self.show, listed), asked, listed, **quiet)
        self.model.input(
            self._guarded(self.second_beside, [self.second]), [self.model, self.second],
            self.second, **quiet,
        )  # fmt: skip
        for button, turn in ((self.back, self.turn_back), (self.on, self.turn_on)):
            button.click(self._guarded(turn, listed), [*asked, self.page], listed, **quiet)
        chosen = [self.image, self.maps]
        self.images.select(self._guarded(self.pick, chosen), self.image, chosen, **quiet).then(
            None, js=SHOW_MAPS, api_visibility="private"
        )
        self.image.input(lambda: "", None, self.maps, **quiet)
        self.button.click(
            self._guarded(self.show_maps, [self.maps]), [self.image, self.model, self.second],
            self.maps, show_progress="minimal", api_visibility="private",
            concurrency_limit=workers, concurrency_id="models",
        )  # fmt: skip
        everything = [self.drawn, self.model, self.second, self.view, *listed]
        self.tab.select(
            self._guarded(self.refresh, everything), self.drawn, everything, **quiet
        )  # fmt: skip

    @staticmethod
    def _guarded(
        handler: Callable[..., Any], outputs: Sequence[gr.components.Component]
    ) -> Callable[..., Any]:
        return notices.guarded(handler, len(outputs))

    def refresh(self, drawn: tuple[int, ...] | None = None) -> Updates:
        """Draw the gallery from the results that there are now, unless it stands there already.

        Parameters
        ----------
        drawn : when the results on the page were written.
        """
        if drawn == self.library.written():
            return {self.drawn: gr.skip()}
        shelf = self.library.shelf()
        if not shelf.tuned:
            return {self.line: "<p>No model is trained yet, so there is nothing to see.</p>"}
        return self.opened(ranked(shelf)[0][1])

    def opened(self, model: str, view: str = MISTAKES, choice: str | None = None) -> Updates:
        """The gallery at one of its views.

        Parameters
        ----------
        choice : for one species its slug, for a confusion ``"<right>/<guessed>"``.

        Raises
        ------
        PokeclfError
            When the model is not trained.
        """
        names = ranked(self.library.shelf())
        return {
            self.drawn: self.library.written(),
            self.model: gr.update(choices=names, value=model),
            self.second: gr.update(choices=names, value=self.second_beside(model, model)),
            self.view: view,
            **self.show(model, view, choice),
        }

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
        }

    def pick(self, shown: str | None, event: gr.EventData) -> Updates:
        """Choose the image whose card was clicked, by its place among the test images."""
        names = self.pictures.split().parts["test"]
        place = picked(event, len(names))
        return {self.image: names[place], self.maps: gr.skip() if names[place] == shown else ""}

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
    if view == SPECIES:
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
    if view in (SPECIES, CONFUSION):
        if choice is None:
            return np.array([], int)
        numbers = [result.card.classes.index(slug) for slug in choice.split("/")]
        chosen = selections.of_species if view == SPECIES else selections.of_confusion
        return chosen(result, *numbers)
    return selections.confident_mistakes(result)


def _line(count: int, page: int) -> str:
    """Which images are on the page."""
    if not count:
        return "There are no such images."
    first, last = page * PAGE + 1, min((page + 1) * PAGE, count)
    return escape(f"Images {first:,} to {last:,} of {count:,}")
