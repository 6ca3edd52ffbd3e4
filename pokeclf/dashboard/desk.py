"""A visitor's picture with the trading cards that lie in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from pokeclf.tradingcards import TradingCard

OUTLINE, CHOSEN, CLICKED = (255, 196, 0), (230, 40, 40), (40, 90, 230)
"""Colours of outlines, of the chosen card's, and of corners that were clicked: RGB."""


@dataclass(frozen=True)
class Desk:
    """A visitor's picture with the cards that lie in it.

    Attributes
    ----------
    path : the picture as it was uploaded.
    cards : the largest first.
    chosen : place of the card that is looked at.
    clicked : corners that the visitor has shown so far, x and y.
    """

    path: str
    cards: tuple[TradingCard, ...]
    chosen: int = 0
    clicked: tuple[tuple[int, int], ...] = ()

    @property
    def card(self) -> TradingCard:
        """The one that is looked at."""
        return self.cards[self.chosen]


def outlined(picture: Image.Image, desk: Desk) -> Image.Image:
    """A picture with the outlines of its cards, the chosen one's in another colour."""
    pixels = np.array(picture)
    width = max(2, round(max(pixels.shape) / 160))
    for number, card in enumerate(desk.cards):
        colour = CHOSEN if number == desk.chosen else OUTLINE
        outline = card.corners.round().astype(np.int32)
        cv2.polylines(pixels, [outline], True, colour, width, cv2.LINE_AA)
    for place in desk.clicked:
        cv2.circle(pixels, place, 2 * width, CLICKED, -1, cv2.LINE_AA)
    return Image.fromarray(pixels)
