"""The address of a view: what a person looks at, as the query of the page's address.

An address names choices and one of the project's own drawings, never an uploaded picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from html import escape
from urllib.parse import urlencode

from pokeclf import confusions, exhibits
from pokeclf.charts.data import COLOURINGS
from pokeclf.explain import HEADS, METHODS
from pokeclf.study import BY_ID, STUDY
from pokeclf.tradingcards import PARTS

IDENTIFY, COMPARE, COLLECTION, EXPERIMENTS, DATA = TABS = (
    "identify", "compare", "collection", "experiments", "data"
)  # fmt: skip
SAME, EACH, OWN = MAPS = ("same", "each", "own")
"""What Compare's maps are for: one species on one scale, one species, each model's own guess."""
RECIPES, GALLERY, EMBEDDING = "recipes", "gallery", "embedding"
VIEWS = (
    "leaderboard", "training", RECIPES, "two-models", "mistakes", "calibration", "trees", GALLERY,
    EMBEDDING,
)  # fmt: skip
"""The parts of Experiments."""
MISTAKES, UNSURE, ONLY_FIRST, ONE_SPECIES, CONFUSION = SHOWN = (
    "mistakes", "unsure", "only-first", "species", "confusion"
)  # fmt: skip
"""Which test images the Gallery shows."""
RUNS = frozenset(f"{model.id}-{recipe}" for model in STUDY for recipe in model.recipes)
"""Trainings, by model and recipe."""
_GRADIOS = ("api", "settings")
"""Panels that Gradio opens by the same name as our views."""
_NUMBER = re.compile(r"[0-9]{1,5}")
_LAYER = re.compile(r"(input of )?[a-z]+ \d{1,2} of \d{1,2}")


@dataclass(frozen=True)
class Address:
    """A view; what is None or empty is left to the page.

    Attributes
    ----------
    example : a drawing's name.
    part : of the trading card in it, of :data:`~pokeclf.tradingcards.PARTS`.
    species : slug of the explained class.
    layer : the place that is looked at, where it is not the method's default.
    against : slug of the class that the map is compared with.
    heads, head, discard : see :class:`~pokeclf.explain.Options`; ``discard`` is in percent.
    strength, threshold : see :class:`~pokeclf.explain.overlay.Paint`, in percent.
    models : those that are compared.
    maps : one of :data:`MAPS`.
    top : the model whose best guess Compare's maps are for.
    view : one of :data:`VIEWS`.
    sort : the order of the leaderboard, of :data:`~pokeclf.exhibits.SORTS`.
    first, second : the two models there, or whose maps Compare subtracts; a single one is
        ``model``.
    runs : trainings whose curves are drawn, of :data:`RUNS`.
    quantity : what is drawn of them, of :data:`~pokeclf.exhibits.QUANTITIES`.
    extent : which confusions are drawn, of :data:`~pokeclf.confusions.EXTENTS`.
    show : one of :data:`SHOWN`; of a confusion, images of ``species`` taken for ``guessed``.
    sheet : number of the Gallery's page, from 0; Gradio reads ``page`` itself, as one of its own.
    image : place among the test images of the one whose maps the Gallery shows.
    colours : what the marks of the embedding are coloured by.
    """

    tab: str = IDENTIFY
    view: str | None = None
    example: str | None = None
    part: str | None = None
    model: str | None = None
    species: str | None = None
    method: str | None = None
    layer: str | None = None
    against: str | None = None
    heads: str | None = None
    head: int | None = None
    discard: int | None = None
    strength: int | None = None
    threshold: int | None = None
    models: tuple[str, ...] = ()
    maps: str | None = None
    top: str | None = None
    sort: str | None = None
    first: str | None = None
    second: str | None = None
    runs: tuple[str, ...] = ()
    quantity: str | None = None
    extent: str | None = None
    show: str | None = None
    guessed: str | None = None
    sheet: int | None = None
    image: int | None = None
    colours: str | None = None

    @property
    def query(self) -> str:
        """What follows the page's own address, ``?`` included."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        written = {
            name: _written(value) for name, value in values.items() if value not in (None, "", ())
        }
        return "?" + urlencode(written, safe=",")

    @property
    def link(self) -> str:
        """A link to the view, as HTML; ``page.js`` shows its target as the page's address."""
        return f'<a class="address" href="{escape(self.query)}">Copy the address of this view</a>'


def read(
    query: Mapping[str, str], drawings: Collection[str], species: Collection[str]
) -> tuple[Address, tuple[str, ...]]:
    """The view that a query names, and the names of its parts that mean nothing here.

    Whatever is not among the known values is left out, so that nothing of a query's wording
    reaches the page or becomes a path; parts of other names belong to Gradio or to nobody.

    Parameters
    ----------
    drawings, species : what an example and a species may be called.
    """
    readers = {
        "tab": _one_of(TABS),
        "view": _one_of(VIEWS),
        "sort": _one_of(exhibits.SORTS),
        "example": _one_of(drawings),
        "part": _one_of(PARTS),
        "model": _one_of(BY_ID),
        "species": _one_of(species),
        "method": _one_of(METHODS),
        "layer": lambda text: text if _LAYER.fullmatch(text) else None,
        "against": _one_of(species),
        "heads": _one_of(HEADS),
        "head": _up_to(100),
        "discard": _up_to(100),
        "strength": _up_to(100),
        "threshold": _up_to(100),
        "models": _some_of(BY_ID),
        "maps": _one_of(MAPS),
        "top": _one_of(BY_ID),
        "first": _one_of(BY_ID),
        "second": _one_of(BY_ID),
        "runs": _some_of(RUNS),
        "quantity": _one_of(exhibits.QUANTITIES),
        "extent": _one_of(confusions.EXTENTS),
        "show": _one_of(SHOWN),
        "guessed": _one_of(species),
        "sheet": _up_to(99_999),
        "image": _up_to(99_999),
        "colours": _one_of(COLOURINGS),
    }
    values = {name: readers[name](query[name]) for name in readers if query.get(name)}
    if values.get("view", "") is None and query["view"] in _GRADIOS:
        del values["view"]
    known = {name: value for name, value in values.items() if value is not None}
    return Address(**known), tuple(name for name in values if name not in known)


def _one_of(known: Collection[str]) -> Callable[[str], str | None]:
    return lambda text: text if text in known else None


def _some_of(known: Collection[str]) -> Callable[[str], tuple[str, ...] | None]:
    """Reads names between commas; one that is unknown makes all of them so."""

    def names(text: str) -> tuple[str, ...] | None:
        asked = tuple(dict.fromkeys(text.split(",")))
        return asked if set(asked) <= set(known) else None

    return names


def _up_to(most: int) -> Callable[[str], int | None]:
    """Reads whole numbers that are not negative."""
    return lambda text: int(text) if _NUMBER.fullmatch(text) and int(text) <= most else None


def _written(value: str | int | tuple[str, ...]) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
