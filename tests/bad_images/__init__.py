"""Odd, broken and hostile images, made in code, each with what `imaging.decode` owes for it."""

from __future__ import annotations

from tests.bad_images.bombs import bombs
from tests.bad_images.colours import colours
from tests.bad_images.containers import containers, shapes
from tests.bad_images.cut import cut, whole
from tests.bad_images.disguised import disguised
from tests.bad_images.huge import huge_images
from tests.bad_images.making import (
    BLUE,
    GREEN,
    RED,
    REFUSED,
    WHITE,
    Case,
    Shows,
    quadrants,
    save,
)
from tests.bad_images.metadata import metadata
from tests.bad_images.refused import refused
from tests.bad_images.spoiled import spoiled

__all__ = [
    "BLUE",
    "GREEN",
    "RED",
    "REFUSED",
    "TEN",
    "WHITE",
    "Shows",
    "bad_images",
    "corpus",
    "huge_images",
    "quadrants",
    "save",
]

TEN = (
    "empty",
    "truncated png",
    "text named .png",
    "eps named .png",
    "svg",
    "png of 13000 x 13000",
    "1 x 1",
    "animated gif",
    "cmyk jpeg",
    "16-bit grey png",
)
"""The kinds that are tried on the page and on the command line as well."""


def bad_images() -> dict[str, Case]:
    """Name to bytes and expectation (:class:`Shows` or ``"refused"``); small and fast to make."""
    return {**refused(), **colours(), **containers(), **metadata(), **shapes()}


def corpus() -> dict[str, bytes]:
    """More than 300 hostile and odd files by what they are; always the same ones.

    Of most of them it is not said whether they can be read: what Pillow makes of damage is its own
    affair, as long as nothing worse comes of it than a picture or a refusal.
    """
    known = {name: data for name, (data, _) in bad_images().items()}
    kinds = (known, whole(), cut(), spoiled(), bombs(), disguised())
    files = {name: data for kind in kinds for name, data in kind.items()}
    assert len(files) == sum(map(len, kinds)), "two files have the same name"
    return files
