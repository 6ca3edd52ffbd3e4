"""The Gallery: test images by what a model made of them, and where models looked in one."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np

from pokeclf.dashboard import notices
from pokeclf.dashboard.address import GALLERY, MISTAKES, ONE_SPECIES, ONLY_FIRST, Address
from pokeclf.dashboard.cards import PICK, answered, listing, picked
from pokeclf.dashboard.gallery_lists import CHOICES, CHOOSES, options, places
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.subtab import SubTab, asked_or, model_menu, named, on, ranked
from pokeclf.dashboard.twomaps import maps
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.findings import ANSWER
from pokeclf.library import Library, Shelf
from pokeclf.pictures import Pictures
from pokeclf.split import image_name

PAGE = 24
SHOW_MAPS = """() => document.getElementById("gallery-maps")
	.scrollIntoView({ behavior: "smooth", block: "nearest" })"""
"""Below a page of images the place where their maps are drawn may be far away."""


class Gallery(SubTab):
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
        self.explained = gr.State()  # the image whose maps are on the page
        self.wanted = gr.State()  # image and models whose maps an address asks for
        with gr.Row():
            self.model = model_menu("Model", "gallery-model")
            self.choice = Menu(
                [], label=CHOOSES[ONE_SPECIES], interactive=True, visible=False, min_width=260,
                elem_id="gallery-choice",
            )  # fmt: skip
        self.which = Options(
            list(CHOICES), value=MISTAKES, label="Test images", interactive=True,
            elem_id="gallery-view",
        )  # fmt: skip
        self.line = gr.HTML(elem_id=f"{self.view_id}-line", elem_classes="words")
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
        self.menus = (
            self.model, self.second, self.which, self.choice, self.page, self.explained
        )  # fmt: skip
        self.listed = [
            self.choice, self.line, self.images, self.page, self.back, self.on, self.panel,
            self.image, self.maps, self.explained, self.stands,
        ]  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        return [self.drawn, self.model, self.second, self.which, self.wanted, *self.listed]

    def _listen(self, workers: int) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        asked = [self.model, self.which, self.choice]
        both = [self.model, self.second]
        on(
            [menu.input for menu in (*asked, self.second)], self.choose,
            [*asked, self.stands, self.second], [self.second, *self.listed],
        )  # fmt: skip
        for button, turn in ((self.back, self.turn_back), (self.on, self.turn_on)):
            on([button.click], turn, [*asked, self.page, self.second], self.listed)
        explained = [self.maps, self.explained]
        chosen = [self.image, *explained]
        self.images.select(
            notices.guarded(self.pick, len(chosen)), self.explained, chosen, **quiet
        ).then(None, js=SHOW_MAPS, api_visibility="private")
        self.image.input(lambda: ("", None), None, explained, **quiet)
        lane = {
            "outputs": explained, "show_progress": "minimal", "show_progress_on": self.maps,
            "api_visibility": "private", "concurrency_limit": workers, "concurrency_id": "models",
        }  # fmt: skip
        self.explaining = {"inputs": [self.image, *both], **lane}
        self.button.click(notices.guarded(self.show_maps, 2), **self.explaining)
        # Not with what the menus stand at: they may not be on the page yet.
        self.wanted.change(
            notices.guarded(self.maps_wanted, 2), self.wanted,
            trigger_mode="once",  # Gradio tells a change twice.
            **lane,
        )  # fmt: skip

    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """The surest mistakes of the best model."""
        models = ranked(shelf)
        model = asked_or(models, asked.first, models[0])
        which = asked.show or MISTAKES
        choice = "/".join(filter(None, (asked.species, asked.guessed))) or None
        second = self.second_beside(model, asked_or(models, asked.second, model))
        result = shelf.result(model)
        if choice and choice not in [value for _, value in options(result, which)]:
            notices.notify(PokeclfError("There are no such images; others are shown instead."))
            choice = None
        names = self.pictures.test_images(result.card)
        image = names[asked.image] if asked.image in range(len(names)) else None
        page = self.show(model, which, choice, asked.sheet or 0, second, image)
        if asked.sheet and page[self.page] != asked.sheet:
            notices.notify(PokeclfError("There are not so many pages; the last one is shown."))
        there = image is not None and page[self.image]["value"] == image
        return {
            self.model: gr.update(choices=named(models), value=model),
            self.second: gr.update(choices=named(models), value=second),
            self.which: which,
            self.wanted: (image, model, second) if there else None,
            **page,
        }

    def choices(
        self,
        model: str | None = None,
        second: str | None = None,
        which: str | None = None,
        choice: str | None = None,
        page: int | None = None,
        explained: str | None = None,
    ) -> dict[str, Any]:
        """Both models, which images are shown, and the one whose maps are."""
        species, _, guessed = (choice or "").partition("/")
        image = self.pictures.split().parts["test"].index(explained) if explained else None
        return {
            "first": model, "second": second, "show": which, "species": species,
            "guessed": guessed, "sheet": page or None, "image": image,
        }  # fmt: skip

    def second_beside(self, model: str, second: str | None) -> str:
        """Another model than the first, where there is one."""
        if second not in (model, None):
            return second
        models = ranked(self.library.shelf())
        return next((each for each in models if each != model), model)

    def turn_back(
        self, model: str, view: str, choice: str | None, page: int, second: str | None = None
    ) -> Updates:
        """The page before."""
        return self.show(model, view, choice, page - 1, second)

    def turn_on(
        self, model: str, view: str, choice: str | None, page: int, second: str | None = None
    ) -> Updates:
        """The next page."""
        return self.show(model, view, choice, page + 1, second)

    def choose(
        self,
        model: str,
        view: str,
        choice: str | None,
        stands: tuple | None,
        second: str | None = None,
    ) -> Updates:
        """:meth:`show` beside another model, unless it stands there: Gradio tells some choices
        twice."""
        second = self.second_beside(model, second)
        if _standing(model, view, choice, second) == stands:
            return {self.second: second}
        return {self.second: second, **self.show(model, view, choice, 0, second)}

    def show(
        self,
        model: str,
        view: str,
        choice: str | None,
        page: int = 0,
        second: str | None = None,
        image: str | None = None,
    ) -> Updates:
        """One page of a view.

        Parameters
        ----------
        second : the other model, where the view is about two.
        image : path of the test image that is chosen where it is on the page, else the first.

        Raises
        ------
        PokeclfError
            When the model is not trained, or the checkpoints changed meanwhile.
        """
        result = self.library.shelf().result(model)
        names = self.pictures.test_images(result.card)
        offered = options(result, view)
        if choice not in [value for _, value in offered]:
            choice = offered[0][1] if offered else None
        beside = self.library.shelf().result(second) if view == ONLY_FIRST else None
        listed = places(result, view, choice, beside)
        page = min(max(page, 0), max(len(listed) - 1, 0) // PAGE)
        shown = [answered(result, names, int(p)) for p in listed[page * PAGE : (page + 1) * PAGE]]
        choices = [(f"{each.alt}: {image_name(each.name)}", each.name) for each in shown]
        on_page = [each.name for each in shown]
        chosen = image if image in on_page else next(iter(on_page), None)
        return {
            self.choice: gr.update(
                choices=offered,
                value=choice,
                visible=bool(offered),
                label=CHOOSES.get(view, CHOOSES[ONE_SPECIES]),
            ),
            self.line: f"<p>{_line(len(listed), page)}</p>",
            self.images: listing(self.pictures, shown, ANSWER, "Test images"),
            self.page: page,
            self.back: gr.update(interactive=page > 0),
            self.on: gr.update(interactive=(page + 1) * PAGE < len(listed)),
            self.panel: gr.update(visible=bool(shown) and self.pictures.missing() is None),
            self.image: gr.update(choices=choices, value=chosen),
            self.maps: "",
            self.explained: None,
            self.stands: _standing(model, view, choice, second),
        }

    def pick(self, explained: str | None, event: gr.EventData) -> Updates:
        """Choose the image whose card was clicked, by its place among the test images."""
        names = self.pictures.split().parts["test"]
        name = names[picked(event, len(names))]
        others = {} if name == explained else {self.maps: "", self.explained: None}
        return {self.image: name, **others}

    def maps_at_once(self, name: str | None, first: str, second: str) -> Updates:
        """:meth:`show_maps` where there are pictures."""
        if not name or self.pictures.missing():
            return {self.maps: ""}
        return self.show_maps(name, first, second)

    def maps_wanted(self, wanted: tuple[str, str, str] | None) -> Updates:
        """The maps that an address asks for."""
        return self.maps_at_once(*wanted) if wanted else {self.maps: gr.skip()}

    def show_maps(self, name: str | None, first: str, second: str) -> Updates:
        """Where two models looked in one image.

        Parameters
        ----------
        name : path of a test image as the split has it.
        """
        result, other = (self.library.shelf().result(each) for each in (first, second))
        names = self.pictures.test_images(result.card)
        if name not in names:
            raise PokeclfError("Choose an image of the list.")
        place = names.index(name)
        likeliest = np.argsort(-result.probabilities[place], kind="stable")
        right = int(result.labels[place])
        rival = next(int(each) for each in likeliest if each != right)
        path = str(self.pictures.file(name))
        models = dict.fromkeys(each.card.model for each in (result, other))
        seen = [self.observations.get(path, model) for model in models]
        drawn = maps(seen, *(result.card.classes[each] for each in (right, rival)))
        return {self.maps: drawn, self.explained: name}


def _standing(model: str, view: str, choice: str | None, second: str | None) -> tuple:
    """What makes a view another one; most do not depend on the second model."""
    return model, view, choice, second if view == ONLY_FIRST else None


def _line(count: int, page: int) -> str:
    """Which images are on the page."""
    if not count:
        return "There are no such images."
    first, last = page * PAGE + 1, min((page + 1) * PAGE, count)
    return escape(f"Images {first:,} to {last:,} of {count:,}")
