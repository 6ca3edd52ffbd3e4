"""Trading cards in the visitor's picture: which part of which one the model is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from gradio.processing_utils import save_pil_to_cache

from pokeclf import reading
from pokeclf.dashboard import examples, notices
from pokeclf.dashboard.desk import Desk, outlined
from pokeclf.dashboard.inputs import Boxes, Menu, Options, Picture
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.errors import PokeclfError
from pokeclf.imaging import ImageError
from pokeclf.tradingcards import PARTS, WHOLE, TradingCard, views


class CardPanel:
    """What stands below the picture when it holds trading cards.

    Parameters
    ----------
    picture : where the part that the model is asked about is put.
    drawings : the project's own; an address names them and the parts of the cards that they show.
    name : begins the names of the panel's elements.
    decider : of what stands in the input of models, the one that says which part counts; None
        where there is none.
    """

    def __init__(
        self,
        observations: Observations,
        picture: Picture,
        drawings: Sequence[Path] = (),
        name: str = "cards",
        decider: Callable[[Any], str | None] = lambda model: model,
    ) -> None:
        self.observations = observations
        self.picture = picture
        self.drawings = drawings
        self.decider = decider
        self.desk = gr.State()
        with gr.Column(visible=False, elem_id=name) as self.panel:
            self.words = gr.HTML(elem_id=f"{name}-words")
            self.part = Options(
                [(part.capitalize(), part) for part in (*PARTS, WHOLE)],
                label="What is asked about", interactive=True, elem_id=f"{name}-part",
            )  # fmt: skip
            self.card = Menu([], label="Card", interactive=True, elem_id=f"{name}-card")
            with gr.Accordion("Where the card lies", open=False, elem_id=f"{name}-where"):
                self.outlined = gr.Image(
                    show_label=False, interactive=False, buttons=[], elem_id=f"{name}-outlined",
                    format="png",
                )  # fmt: skip
                self.hint = gr.HTML(elem_id=f"{name}-hint", elem_classes="hint")

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that the handlers change."""
        return [
            self.picture, self.desk, self.panel, self.words, self.part, self.card, self.outlined,
            self.hint,
        ]  # fmt: skip

    def listen(
        self, model: Menu | Boxes, asking: dict[str, Any], look: dict[str, Any]
    ) -> list[gr.events.Dependency]:
        """Connect the panel.

        Parameters
        ----------
        model : input of the model, or of several.
        asking : how a listener asks the models, as Gradio's listeners take it; whoever waits for
            the cards to be found sees it where the answer is waited for.
        look : how the answer on the page is made anew.

        Returns
        -------
        The events after which that is done.
        """
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        # The last one counts: another picture may come while the first one waits its turn.
        last = {"trigger_mode": "always_last", **asking}
        events = (
            (self.picture.upload, self.find, [self.picture, model], last),
            (self.part.input, self.choose_part, [self.desk, self.part], last),
            (self.card.input, self.choose_card, [self.desk, self.card, model], last),
            # Every corner counts, also one that is shown before the last one was drawn; they are
            # read one after the other.
            (self.outlined.select, self.click, [self.desk, model],
             {"trigger_mode": "multiple", "concurrency_limit": 1, **quiet}),
        )  # fmt: skip
        self.picture.clear(
            lambda: (None, gr.update(visible=False)), None, [self.desk, self.panel], **quiet
        )
        return [
            # The answer follows whatever happened: the picture itself can still be looked at.
            event(self._guarded(handler), inputs, self.outputs, **how).then(
                trigger_mode="multiple", **look
            )
            for event, handler, inputs, how in events
        ]

    def _guarded(self, handler: Any) -> Any:  # noqa: ANN401 - a handler and a handler
        return notices.guarded(handler, len(self.outputs))

    def find(self, path: str | None, model: Any) -> Updates:  # noqa: ANN401 - what stands in the input
        """Look for cards in a new picture; the part that counts of the largest is looked at."""
        return self._found(path, self.decider(model))

    def _found(self, path: str | None, model: str | None, part: str | None = None) -> Updates:
        desk = self._desk(path)
        if desk is None:
            return {self.desk: None, self.panel: gr.update(visible=False)}
        return self.show(desk, model, part)

    def _desk(self, path: str | None) -> Desk | None:
        """A picture with the cards in it; None where there are none."""
        finder = self.observations.finder
        try:
            picture = self.observations.decode(path) if path and finder else None
        except ImageError:  # The answer will say so.
            picture = None
        found = finder.find(picture) if picture else ()
        return Desk(path, found) if found else None

    def offer(self, path: str | None) -> Updates:
        """The same for a picture that stays as it is until another part is chosen."""
        drawing, part = self._drawn_part(path) or (path, WHOLE)
        return {self.picture: path, **self._found(drawing, None, part)}

    def offer_shown(self, path: str | None) -> Updates:
        """The same for what is on the page already, if that is a drawing.

        The picture is left alone: the visitor may have chosen another one meanwhile.
        """
        if self.in_address(path)["example"] is None:
            return {self.desk: gr.skip()}
        offered = self.offer(path)
        del offered[self.picture]
        return offered

    def drawn(self, name: str, part: str | None) -> str:
        """A file with a drawing, or with a part of its card, where Gradio keeps uploads."""
        path = self.picture.move_resource_to_block_cache(examples.find(self.drawings, name))
        try:
            desk = self._desk(path) if part in PARTS else None
        except PokeclfError as error:  # A finder that is damaged leaves the drawing as it is.
            notices.notify(error)
            desk = None
        return self.part_file(desk, part) if desk else path

    def in_address(self, path: str | None) -> dict[str, str | None]:
        """What an address calls a drawing or a part of its card; nothing for any other file."""
        drawing, part = self._drawn_part(path) or (path, None)
        name = examples.name_of(self.drawings, drawing) if drawing else None
        return {"example": name, "part": part}

    def _drawn_part(self, path: str | None) -> tuple[str, str] | None:
        """The drawing and the part of its card that a file holds; None for any other file."""
        is_part = path and Path(path).stem in map(_stem, PARTS)
        return self._drawn_parts.get(path) if is_part else None

    @cached_property
    def _drawn_parts(self) -> dict[str, tuple[str, str]]:
        """Drawings and parts by their files; Gradio names these by what they hold."""
        desks = filter(None, (self._desk(str(path)) for path in self.drawings))
        return {self.part_file(desk, part): (desk.path, part) for desk in desks for part in PARTS}

    def offer_after(self, shown: gr.events.Dependency, asking: dict[str, Any]) -> None:
        """Offer the parts of the drawing that an event put onto the page.

        Parameters
        ----------
        asking : as :meth:`listen` takes it.
        """
        shown.then(self._guarded(self.offer_shown), self.picture, self.outputs, **asking)

    def show(self, desk: Desk, model: str | None, part: str | None = None) -> Updates:
        """The panel for a desk; the model says which part, unless one is named."""
        part = part or self.counting(desk, model, (*PARTS, WHOLE))
        count = len(desk.cards)
        cards = [(f"{number + 1} of {count}", str(number)) for number in range(count)]
        said = "A trading card was" if count == 1 else f"{count} trading cards were"
        return {
            self.picture: self.part_file(desk, part),
            self.panel: gr.update(visible=True),
            self.words: f"<p>{escape(said)} found in your picture.</p>",
            self.part: part,
            self.card: gr.update(choices=cards, value=str(desk.chosen), visible=count > 1),
            **self._where(desk),
        }

    def counting(self, desk: Desk, model: str | None, views: Sequence[str]) -> str:
        """The one of these views that tells the model most; the illustration without a model.

        Raises
        ------
        PokeclfError
            When the model cannot answer.
        """
        if model is None:
            return "illustration"
        files = {view: self.part_file(desk, view) for view in views}
        seen = {
            view: self.observations.get(path, model).observation for view, path in files.items()
        }
        return reading.counting(seen, desk.card.certain)

    def part_file(self, desk: Desk, part: str) -> str:
        """A file with a part of the chosen card, where Gradio keeps uploads for a time."""
        if part not in PARTS:
            return desk.path
        shown = views(self.observations.decode(desk.path), desk.card.corners)[part]
        return save_pil_to_cache(shown, self.picture.GRADIO_CACHE, _stem(part), "png")

    def choose_part(self, desk: Desk | None, part: str) -> Updates:
        """Ask about another part."""
        desk = _there(desk)
        known = part if part in PARTS else WHOLE
        return {self.picture: self.part_file(desk, known), self.part: known}

    def choose_card(self, desk: Desk | None, number: str, model: Any) -> Updates:  # noqa: ANN401
        """Ask about another card."""
        desk = _there(desk)
        if number not in map(str, range(len(desk.cards))):
            raise PokeclfError("There is no such card.")
        return self._show_card(replace(desk, chosen=int(number), clicked=()), model)

    def click(self, desk: Desk | None, model: Any, event: gr.SelectData) -> Updates:  # noqa: ANN401
        """A corner of the card, shown by the visitor; four of them are another outline."""
        desk = _there(desk)
        desk = replace(desk, clicked=(*desk.clicked, _place(event.index)))
        if len(desk.clicked) < 4:
            return self._where(desk)
        corners = np.float32(desk.clicked)
        desk = replace(desk, clicked=())
        if not cv2.isContourConvex(corners.astype(np.int32)) or cv2.contourArea(corners) < 64:
            notices.notify(PokeclfError("These four corners are no card; please show them again."))
            return self._where(desk)
        cards = list(desk.cards)
        cards[desk.chosen] = TradingCard(corners, 1.0)
        return self._show_card(replace(desk, cards=tuple(cards)), model)

    def _show_card(self, desk: Desk, model: Any) -> Updates:  # noqa: ANN401
        """A card of which somebody says that it is one: the whole picture does not count."""
        model = self.decider(model)
        return self.show(desk, model, self.counting(desk, model, tuple(PARTS)))

    def _where(self, desk: Desk) -> Updates:
        """A desk with its outlines and the corners that were clicked so far."""
        return {
            self.desk: desk,
            self.outlined: outlined(self.observations.decode(desk.path), desk),
            self.hint: _hint(len(desk.clicked)),
        }


def _stem(part: str) -> str:
    """What the file of a part is called."""
    return part.replace(" ", "-")


def _there(desk: Desk | None) -> Desk:
    if desk is None:
        raise PokeclfError("The picture is no longer on the server; please choose it again.")
    return desk


def _place(index: Sequence[int] | Any) -> tuple[int, int]:  # noqa: ANN401 - what a browser sends
    """Where a picture was clicked; raises PokeclfError for anything else."""
    try:
        x, y = (int(each) for each in index)
    except (TypeError, ValueError, OverflowError):
        raise PokeclfError("Click on a corner of the card.") from None
    return min(max(x, 0), 2**14), min(max(y, 0), 2**14)


def _hint(clicked: int) -> str:
    corner = ("top left", "top right", "bottom right", "bottom left")[clicked]
    return (
        "<p>Not right? Click on the four corners of the card in the picture above, as the card is "
        f"read: the next one is the <strong>{corner}</strong> one.</p>"
    )
