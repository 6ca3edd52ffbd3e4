"""Images of the data set as cards with pictures, or as a list where there are no pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr

from pokeclf import findings
from pokeclf.errors import PokeclfError
from pokeclf.markup import table
from pokeclf.pictures import Pictures
from pokeclf.results import Result
from pokeclf.split import image_name

PICK = """
element.addEventListener('click', event => {
	const card = event.target.closest('[data-place]');
	if (card) trigger('select', { place: Number(card.dataset.place) });
});"""
"""For ``gr.HTML(js_on_load=…)``: a click on a card that has a place tells the place."""


@dataclass(frozen=True)
class Shown:
    """An image of the data set, as it is shown.

    Attributes
    ----------
    name : path of the image as the split has it.
    alt : what the picture is, for people who do not see it.
    facts : what else is told of it, one plain text for each column of the list.
    place : number of the image in the split's order; None where there is nothing to choose.
    """

    name: str
    alt: str
    facts: tuple[str, ...]
    place: int | None = None


def answered(result: Result, names: Sequence[str], place: int) -> Shown:
    """A test image and what a model took it for.

    Parameters
    ----------
    names : paths of the test images in the split's order.
    """
    right, guess, share = findings.answer(result, place)
    what = f"{right}, recognised" if right == guess else f"{right}, taken for {guess}"
    return Shown(names[place], f"{what} ({share})", (right, guess, share), place)


def picked(event: gr.EventData, count: int) -> int:
    """The place that was clicked; raises PokeclfError unless it is below ``count``."""
    place = event._data.get("place") if isinstance(event._data, dict) else None
    if type(place) is not int or not 0 <= place < count:
        raise PokeclfError("There is no such image.")
    return place


def listing(pictures: Pictures, shown: Sequence[Shown], header: Sequence[str], caption: str) -> str:
    """Cards, as HTML that needs no further request; without pictures, a table and the reason.

    Parameters
    ----------
    header : names of the facts' columns.
    """
    why = pictures.missing()
    if why is None:
        found = "".join(_card(pictures, each, header) for each in shown)
        return f'<div class="cards">{found}</div>'
    cells = [(*each.facts, image_name(each.name)) for each in shown]
    rows = [[first, *map(escape, others)] for first, *others in cells]
    return f'<p class="hint">{escape(why)}</p>' + table((*header, "image"), rows, caption)


def _card(pictures: Pictures, each: Shown, header: Sequence[str]) -> str:
    picture = _picture(pictures, each)
    if each.place is not None:
        label = escape(f"Choose {each.alt}, {image_name(each.name)}")
        picture = (
            f'<button type="button" data-place="{each.place}" aria-label="{label}">{picture}'
            "</button>"
        )
    facts = "".join(
        f"<div><small>{name}</small> {escape(fact)}</div>"
        for name, fact in zip(header, each.facts, strict=True)
    )
    return (
        f"<figure>{picture}<figcaption>{facts}<small>{escape(image_name(each.name))}</small>"
        "</figcaption></figure>"
    )


def _picture(pictures: Pictures, each: Shown) -> str:
    """A picture, or in its place the sentence why it cannot be shown."""
    try:
        source = pictures.thumbnail(each.name)
    except PokeclfError as error:
        return f'<span class="unseen">{escape(str(error))}</span>'
    return f'<img alt="{escape(each.alt)}" src="{source}">'
