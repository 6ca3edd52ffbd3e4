"""What the parts of the Experiments tab have in common.

Each part has ``outputs``, everything that its ``view`` of a shelf changes and ``drawn``, and
``menus``, whose choices stand in the address of the part. It is drawn when it is first looked at.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import gradio as gr

from pokeclf import exhibits
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import EXPERIMENTS, Address
from pokeclf.dashboard.inputs import Menu, Options
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.library import Library, Shelf


class SubTab(ABC):
    """What all parts have in common; most have no menus."""

    title: str
    view_id: str
    """How an address names the part, one of :data:`~pokeclf.dashboard.address.VIEWS`."""
    menus: tuple[Menu | Options | gr.State, ...] = ()
    outputs: list[gr.components.Component]

    def __init__(self, library: Library) -> None:
        self.library = library
        self.drawn = gr.State()  # when the results on the page were written

    @abstractmethod
    def view(self, shelf: Shelf, asked: Address) -> Updates:
        """Everything, from a shelf, as an address asks for it."""

    def link(self, *chosen: str | list[str] | None) -> str:
        """A link to the part, as HTML; ``chosen`` is what its menus stand at."""
        return Address(EXPERIMENTS, self.view_id, **self.choices(*chosen)).link

    def choices(self) -> dict[str, Any]:
        """What the menus stand at, as an address names it."""
        return {}

    def refresh(
        self,
        drawn: tuple[int, ...] | None = None,
        asked: Address = Address(),  # noqa: B008 - frozen
    ) -> Updates:
        """Draw the part from the results that there are now, unless it stands there already.

        Parameters
        ----------
        drawn : when the results on the page were written.
        asked : what the page was opened with.
        """
        written = self.library.written()
        if drawn == written:
            return {self.drawn: gr.skip()}
        shelf = self.library.shelf()
        if not shelf.tuned:  # which the page says above all parts
            return {self.drawn: gr.skip()}
        own = asked if asked.view == self.view_id else Address()
        return {self.drawn: written, **self.view(shelf, own)}


def asked_or(known: list[str], asked: str | None, usual: str | None) -> str | None:
    """The model that an address names; of one that is not there, a notice says so.

    Parameters
    ----------
    known : ids of the models that the view can show.
    usual : the one that is shown where the address names none that is there.
    """
    if asked is None or asked in known:
        return asked or usual
    instead = f"; {exhibits.name_of(usual)} is shown instead" if usual else ""
    name = exhibits.name_of(asked)
    notices.notify(PokeclfError(f"There is nothing of {name} to show here{instead}."))
    return usual


def model_menu(label: str, name: str) -> Menu:
    """A menu of models."""
    return Menu([], label=label, interactive=True, elem_id=name, min_width=240)


def named(models: list[str]) -> list[tuple[str, str]]:
    """Models as choices of a menu."""
    return [(exhibits.name_of(model), model) for model in models]


def ranked(shelf: Shelf) -> list[str]:
    """Ids of the models that have results, the best first."""
    return [result.card.model for result in shelf.ranked]


def on(
    events: list[Any],
    handler: Callable[..., Any],
    inputs: list[gr.components.Component],
    outputs: list[gr.components.Component],
    **lane: Any,  # noqa: ANN401 - as Gradio has it
) -> gr.events.Dependency:
    """Show another choice; an error is a notice."""
    return gr.on(
        events, notices.guarded(handler, len(outputs)), inputs, outputs,
        show_progress="hidden", api_visibility="private",
        trigger_mode="always_last",  # or a choice that is made while another is answered is lost
        **lane,
    )  # fmt: skip
