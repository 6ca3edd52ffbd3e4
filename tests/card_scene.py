"""A picture with one of the project's own drawings of trading cards in it."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
from PIL import Image

from pokeclf import drawings
from pokeclf.imaging import decode
from pokeclf.tradingcards import TradingCard

CORNERS = np.float32([[210, 60], [420, 130], [330, 400], [120, 330]])


def card_scene(corners=CORNERS, name="card-oddish", size=(640, 480), ground=(90, 120, 70)):
    """A card between four corners, on noise."""
    card = np.asarray(decode(drawings.FOLDER / f"{name}.png"))
    height, width = card.shape[:2]
    own = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    way = cv2.getPerspectiveTransform(own, corners)
    scene = np.full((size[1], size[0], 3), ground, np.uint8)
    scene += np.random.default_rng(0).integers(0, 25, scene.shape, dtype=np.uint8)
    seen = cv2.warpPerspective(card, way, size, flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.full((height, width), 255, np.uint8), way, size)
    scene[inside > 127] = seen[inside > 127]
    return Image.fromarray(scene)


def finder_of_scenes(probability=1.0):
    """Finds the card of a scene, and in smaller pictures none."""
    card = TradingCard(CORNERS, probability)
    return SimpleNamespace(find=lambda picture: (card,) if picture.size == (640, 480) else ())
