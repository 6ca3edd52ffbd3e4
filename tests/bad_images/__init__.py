"""Odd, broken and hostile images, made in code, each with what `imaging.decode` owes for it."""

from __future__ import annotations

from tests.bad_images.colours import colours
from tests.bad_images.containers import containers, shapes
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

__all__ = [
    "BLUE",
    "GREEN",
    "RED",
    "REFUSED",
    "TEN",
    "WHITE",
    "Shows",
    "bad_images",
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
