"""The Experiments tab: what the fifteen models achieve, compared, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr

from pokeclf.dashboard import notices
from pokeclf.dashboard.address import Address
from pokeclf.dashboard.chart import Updates
from pokeclf.dashboard.subtab import SubTab
from pokeclf.dashboard.subtabs import SUBTABS
from pokeclf.errors import PokeclfError
from pokeclf.library import Library


class Experiments:
    """The parts of the tab; everything is drawn when it is first looked at."""

    def __init__(self, library: Library, further: Sequence[Callable[[], Any]] = ()) -> None:
        """``further``: what builds the tabs that stand behind those of this class."""
        self.library = library
        self.problem = gr.HTML(elem_id="experiments-problem")
        self.drawn = gr.State()  # when what stands on the page was written
        self.asked = gr.State(Address())  # what the page was opened with
        self.parts = []
        with gr.Tabs(elem_id="experiments") as self.tabs:
            for part in SUBTABS:
                with gr.Tab(part.title, id=part.view_id, elem_id=f"view-{part.view_id}"):
                    self.parts.append(part(library))
                    self._link_to(self.parts[-1])
            for build in further:
                build()

    @staticmethod
    def _link_to(part: SubTab) -> None:
        """A link to a part with what its menus stand at."""
        link = gr.HTML(part.link(), padding=False)
        if part.menus:
            gr.on(
                [menu.change for menu in part.menus], notices.guarded(part.link, 1),
                list(part.menus), link, show_progress="hidden", api_visibility="private",
            )  # fmt: skip

    def open(self, asked: Address = Address()) -> Updates:  # noqa: B008 - frozen
        """Choose the part that an address names; it is drawn when the tab is shown."""
        if asked.view is None:
            return {}
        return {self.tabs: gr.update(selected=asked.view), self.asked: asked}

    @property
    def opened(self) -> list[gr.blocks.Block]:
        """Everything that :meth:`open` changes."""
        return [self.tabs, self.asked]

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        parts = [output for part in self.parts for output in part.outputs]
        return [self.problem, self.drawn, *parts]

    def refresh(
        self,
        drawn: tuple[int, ...] | None = None,
        asked: Address = Address(),  # noqa: B008 - frozen
    ) -> Updates:
        """Draw everything from the results that there are now, unless it stands there already.

        Parameters
        ----------
        drawn : when the results on the page were written.
        asked : what is chosen at first; models without results are left out.
        """
        try:
            written = self.library.written()
            if drawn == written:
                return {self.problem: gr.skip()}
            shelf = self.library.shelf()
            if not shelf.tuned:
                raise PokeclfError("No model is trained yet, so there are no results to compare.")
            updates = {
                self.problem: "".join(f"<p>{escape(each)}</p>" for each in shelf.problems),
                self.drawn: written,
            }
            for part in self.parts:
                updates |= part.view(shelf, asked if asked.view == part.view_id else Address())
            return updates
        except Exception as error:  # A person must see a sentence, whatever happened.
            return {self.problem: f"<p>{notices.sentence(error)}</p>"}
