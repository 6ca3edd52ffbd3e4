"""The Experiments tab: what the fifteen models achieve, compared, from stored results alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr

from pokeclf.dashboard import notices
from pokeclf.dashboard.chart import Updates
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
        self.parts = []
        with gr.Tabs(elem_id="experiments"):
            for part in SUBTABS:
                with gr.Tab(part.title):
                    self.parts.append(part(library))
            for build in further:
                build()

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        parts = [output for part in self.parts for output in part.outputs]
        return [self.problem, self.drawn, *parts]

    def refresh(self, drawn: tuple[int, ...] | None = None) -> Updates:
        """Draw everything from the results that there are now, unless it stands there already.

        Parameters
        ----------
        drawn : when the results on the page were written.
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
                updates |= part.view(shelf)
            return updates
        except Exception as error:  # A person must see a sentence, whatever happened.
            return {self.problem: f"<p>{notices.sentence(error)}</p>"}
