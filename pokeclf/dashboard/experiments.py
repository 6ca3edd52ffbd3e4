"""The Experiments tab: what the fifteen models achieve, compared, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from pokeclf import findings
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import CONFUSION, EXPERIMENTS, GALLERY, ONLY_FIRST, Address
from pokeclf.dashboard.confusions import Confusions, TwoModels, square
from pokeclf.dashboard.embedding import Embedding
from pokeclf.dashboard.gallery import Gallery
from pokeclf.dashboard.inputs import Menu
from pokeclf.dashboard.recipes import Recipes
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.subtab import SubTab, on
from pokeclf.dashboard.subtabs import FURTHER, Leaderboard
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.pictures import Pictures


class Experiments:
    """The parts of the tab, each of which is drawn when it is first looked at."""

    def __init__(
        self,
        library: Library,
        pictures: Pictures,
        observations: Observations,
        drawings: Path,
        workers: int,
    ) -> None:
        self.library = library
        self.problem = gr.HTML(elem_id="experiments-problem")
        self.asked = gr.State(Address())  # what the page was opened with
        self.links: dict[str, gr.HTML] = {}  # to each part as its menus stand
        with gr.Tabs(elem_id="experiments") as self.tabs:
            self.leaderboard = self._part(Leaderboard, library)
            self.recipes = self._part(Recipes, library, observations, drawings)
            further = [self._part(kind, library) for kind in FURTHER]
            self.gallery = self._part(Gallery, library, pictures, observations, workers)
            self.embedding = self._part(Embedding, library, pictures)
        self.parts = (
            self.leaderboard, self.recipes, *further, self.gallery, self.embedding
        )  # fmt: skip
        for part in self.parts:
            if isinstance(part, Confusions):
                self._in_gallery(part.cell.select, self.open_square, part.models)
            if isinstance(part, TwoModels):
                self._in_gallery(part.only_first.click, self.open_only_right, part.models)
                self._in_gallery(part.only_second.click, self.open_only_right, part.models[::-1])

    def _part(self, kind: type[SubTab], *needs: Any) -> SubTab:  # noqa: ANN401
        """A part in its tab, with a link to it as its menus stand."""
        with gr.Tab(kind.title, id=kind.view_id, elem_id=f"view-{kind.view_id}") as tab:
            part = kind(*needs)
            link = self.links[kind.view_id] = gr.HTML(part.link(), padding=False)
        drawn = on([tab.select], part.refresh, [part.drawn, self.asked], part.outputs)
        if part.menus:
            changes = [menu.change for menu in part.menus]
            on(changes, part.link, list(part.menus), [link], **_in_order(part))
            self._link_after(drawn, part)
        return part

    def _link_after(self, drawn: gr.events.Dependency, part: SubTab) -> None:
        """Menus may tell their changes before all of them stand on the page; this link counts."""
        drawn.then(
            notices.guarded(part.link, 1), list(part.menus), self.links[part.view_id],
            show_progress="hidden", api_visibility="private", **_in_order(part),
        )  # fmt: skip

    def _in_gallery(
        self,
        event: Any,  # noqa: ANN401 - as Gradio has it
        handler: Callable[..., Updates],
        models: Sequence[Menu],
    ) -> None:
        """A click opens images in the Gallery, and both models' maps of the first of them."""
        opened = on([event], handler, list(models), [self.tabs, *self.gallery.outputs])
        self._link_after(opened, self.gallery)
        opened.then(notices.guarded(self.gallery.maps_at_once, 2), **self.gallery.explaining)

    def open_square(self, first: str, second: str, event: gr.EventData) -> Updates:
        """Show in the Gallery what a square of a map of confusions counts.

        Parameters
        ----------
        first, second : the models that are compared, twice the same for one alone.

        Raises
        ------
        PokeclfError
            When there is no such square.
        """
        model, species, guessed = square(event, self.library.shelf())
        other = second if model == first else first
        asked = Address(
            EXPERIMENTS, GALLERY, first=model, second=other, show=CONFUSION, species=species,
            guessed=guessed,
        )  # fmt: skip
        return self._gallery_of(asked)

    def open_only_right(self, first: str, second: str) -> Updates:
        """Show in the Gallery the images that the first model gets right and the second does not.

        Raises
        ------
        PokeclfError
            When the two are the same.
        """
        if first == second:
            raise PokeclfError(findings.TWO_MODELS)
        return self._gallery_of(
            Address(EXPERIMENTS, GALLERY, first=first, second=second, show=ONLY_FIRST)
        )

    def _gallery_of(self, asked: Address) -> Updates:
        return {
            self.tabs: gr.update(selected=GALLERY),
            self.gallery.drawn: self.library.written(),
            **self.gallery.view(self.library.shelf(), asked),
        }

    def open(self, asked: Address = Address()) -> Updates:  # noqa: B008 - frozen
        """Choose the part that an address names; it is drawn when the tab is shown.

        Until then its link is the address itself, which the browser keeps.
        """
        if asked.view is None:
            return {}
        return {
            self.tabs: gr.update(selected=asked.view),
            self.asked: asked,
            self.links[asked.view]: asked.link,
        }

    @property
    def opened(self) -> list[gr.blocks.Block]:
        """Everything that :meth:`open` changes."""
        return [self.tabs, self.asked, *self.links.values()]

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        return [self.problem, *self.leaderboard.outputs]

    def refresh(self, drawn: tuple[int, ...] | None = None) -> Updates:
        """Say what is wrong with the results, and bring the leaderboard up to date.

        Parameters
        ----------
        drawn : when the results were written that the leaderboard shows; None where it was not
            looked at yet, as it draws itself then.
        """
        try:
            shelf = self.library.shelf()
            if not shelf.tuned:
                raise PokeclfError("No model is trained yet, so there are no results to compare.")
            updates = {self.problem: "".join(f"<p>{escape(each)}</p>" for each in shelf.problems)}
            return updates | (self.leaderboard.refresh(drawn) if drawn else {})
        except Exception as error:  # A person must see a sentence, whatever happened.
            return {self.problem: f"<p>{notices.sentence(error)}</p>"}


def _in_order(part: SubTab) -> dict[str, str]:
    """A part's links are answered in the order in which they were asked for."""
    return {"concurrency_id": f"{part.view_id}-link"}
