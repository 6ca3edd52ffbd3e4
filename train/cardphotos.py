"""Photos of trading cards, made up: cards in perspective over other pictures, in poor light.

The card finder learns on them, and is measured on others: of cards and backgrounds that it has
not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

SHAPES = ((256, 192), (192, 256), (224, 224), (288, 162), (162, 288))
"""Widths and heights of photos at scale 1, in pixels."""
SHARE_EMPTY, SHARE_SCANS, SHARE_SEVERAL = 0.18, 0.12, 0.2
"""Of all photos: those without a card, those that a card fills, those of several."""


@dataclass(frozen=True)
class CardPhoto:
    """A photo and where its cards lie.

    Attributes
    ----------
    picture : uint8 H × W × 3, RGB.
    corners : for each card float32 4 × 2, x and y in pixels: top left, top right, bottom right
        and bottom left as the card is read.
    species : slug of each card, in the same order.
    """

    picture: np.ndarray
    corners: tuple[np.ndarray, ...]
    species: tuple[str, ...]


@dataclass(frozen=True)
class Scenes:
    """Makes up photos.

    Parameters
    ----------
    cards : (species, uint8 h × w × 3) pairs, upright.
    backgrounds : uint8 h × w × 3; one of them without cards is what an empty photo shows.
    scale : side of the photos, in units of :data:`SHAPES`.
    smallest : height of the smallest cards, in shorter sides of the photo.
    """

    cards: Sequence[tuple[str, np.ndarray]]
    backgrounds: Sequence[np.ndarray]
    scale: float = 1.0
    smallest: float = 0.25

    def any_photo(self, random: np.random.Generator) -> CardPhoto:
        """A photo as they come: mostly of one card, at times of several, a scan, or of none."""
        kind = random.random()
        if kind < SHARE_EMPTY:
            return self.empty(random)
        if kind < SHARE_EMPTY + SHARE_SCANS:
            return self.scan(random)
        return self.photo(random, 1 if random.random() > SHARE_SEVERAL else random.integers(2, 5))

    def empty(self, random: np.random.Generator) -> CardPhoto:
        """A picture without a card."""
        picture = self.backgrounds[random.integers(len(self.backgrounds))].astype(np.float32)
        if random.random() < 0.5:
            picture = self._background(random)
        return CardPhoto(_lit(picture, random), (), ())

    def scan(self, random: np.random.Generator) -> CardPhoto:
        """A card that fills the picture, or nearly; at times stretched."""
        species, card = self._card(random)
        height, width = card.shape[:2]
        margin = random.uniform(0, 0.12, 2) * (random.random() < 0.6)
        beside, above = (margin * (width, height)).astype(int)
        colour = random.uniform(0, 255, 3).tolist()
        picture = cv2.copyMakeBorder(
            card, above, above, beside, beside, cv2.BORDER_CONSTANT, value=colour
        )
        corners = _rectangle(width, height) + np.float32([beside, above])
        if random.random() < 0.3:
            stretch = random.uniform(0.7, 1.45)
            picture = cv2.resize(picture, None, fx=stretch, fy=1)
            corners[:, 0] *= stretch
        if random.random() < 0.3:
            picture = _lit(picture.astype(np.float32), random)
        return CardPhoto(picture, (corners,), (species,))

    def photo(self, random: np.random.Generator, count: int = 1) -> CardPhoto:
        """Up to ``count`` cards on something, none upon another."""
        scene = self._background(random)
        size = scene.shape[1], scene.shape[0]
        taken = np.zeros(scene.shape[:2], np.uint8)
        corners, species = [], []
        for _ in range(count):
            name, card = self._card(random)
            share = random.uniform(self.smallest, 0.95 if count == 1 else 0.6)
            place = _place(size, share, card.shape[1] / card.shape[0], random)
            own = np.zeros_like(taken)
            cv2.fillConvexPoly(own, place.astype(int), 1)
            if (own & taken).any():
                continue
            taken |= own
            scene = _laid(scene, card, place, random)
            corners.append(place)
            species.append(name)
        return CardPhoto(_lit(scene, random, corners[0].mean(0)), tuple(corners), tuple(species))

    def _card(self, random: np.random.Generator) -> tuple[str, np.ndarray]:
        return self.cards[random.integers(len(self.cards))]

    def _background(self, random: np.random.Generator) -> np.ndarray:
        """A part of a picture, or blotches: float32 H × W × 3."""
        width, height = (round(self.scale * side) for side in SHAPES[random.integers(len(SHAPES))])
        if random.random() < 0.15:
            blotches = random.normal(0, 1, (*random.integers(2, 60, 2), 1)).astype(np.float32)
            blotches = cv2.resize(blotches, (width, height))[..., None]
            return random.uniform(0, 255, 3) + blotches * random.uniform(0, 40)
        picture = self.backgrounds[random.integers(len(self.backgrounds))]
        picture = np.rot90(picture, random.integers(4))
        if random.random() < 0.5:
            picture = picture[:, ::-1]
        zoom = random.uniform(1, 2.5) * max(width / picture.shape[1], height / picture.shape[0])
        large = cv2.resize(np.ascontiguousarray(picture), None, fx=zoom, fy=zoom)
        large = cv2.resize(large, (max(width, large.shape[1]), max(height, large.shape[0])))
        left = random.integers(large.shape[1] - width + 1)
        top = random.integers(large.shape[0] - height + 1)
        return large[top : top + height, left : left + width].astype(np.float32)


def _rectangle(width: float, height: float) -> np.ndarray:
    """Corners of a rectangle at the origin, float32 4 × 2."""
    return np.float32([[0, 0], [width, 0], [width, height], [0, height]])


def _place(
    size: tuple[int, int], share: float, aspect: float, random: np.random.Generator
) -> np.ndarray:
    """Corners of a card of that height (of the shorter side) somewhere, turned and tilted."""
    height = share * min(size)
    corners = _rectangle(height * aspect, height)
    if random.random() < 0.85:
        corners += random.uniform(-0.08, 0.08, (4, 2)) * height
    angle = np.deg2rad(random.uniform(-45, 45)) if random.random() < 0.8 else 0.0
    if random.random() < 0.25:
        angle += np.pi / 2 * random.integers(1, 4)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners @ turn
    corners -= corners.min(0)
    slack = np.array(size) - corners.max(0)
    # A little of a card may lie outside of the picture; one that is too large is centred.
    corners += random.uniform(-0.03, 1.03, 2) * np.maximum(slack, 0) + np.minimum(slack, 0) / 2
    return corners.astype(np.float32)


def _laid(
    scene: np.ndarray, card: np.ndarray, corners: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """A scene with a card upon it, at times in a sleeve, with round corners and a shadow."""
    height, width = card.shape[:2]
    border = int(random.uniform(0.02, 0.06) * height) if random.random() < 0.35 else 0
    colour = random.uniform(120, 245, 3).tolist()
    card = cv2.copyMakeBorder(
        card, border, border, border, border, cv2.BORDER_CONSTANT, value=colour
    )
    own = _rectangle(width, height) + border
    way = cv2.getPerspectiveTransform(own, corners)
    shrink = np.sqrt(cv2.contourArea(corners) / (width * height))
    if shrink < 0.6:  # or fine print would turn into sparks
        card = cv2.GaussianBlur(card, (0, 0), 0.35 / shrink)
    size = scene.shape[1], scene.shape[0]
    seen = cv2.warpPerspective(card, way, size)
    shape = _rounded(card.shape[:2], int(random.uniform(0, 0.045) * height))
    opacity = cv2.warpPerspective(shape, way, size)[..., None]
    if random.random() < 0.5:
        moved = np.roll(opacity[..., 0], tuple(random.integers(-5, 6, 2)), (0, 1))
        shadow = cv2.GaussianBlur(moved, (0, 0), random.uniform(1, 5))[..., None]
        scene = scene * (1 - random.uniform(0, 0.5) * shadow)
    return scene * (1 - opacity) + seen * opacity


def _rounded(size: tuple[int, int], radius: int) -> np.ndarray:
    """1 inside a rectangle with round corners, 0 outside: float32 of that height and width."""
    height, width = size
    shape = np.zeros(size, np.float32)
    cv2.rectangle(shape, (radius, 0), (width - radius, height), 1, -1)
    cv2.rectangle(shape, (0, radius), (width, height - radius), 1, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(shape, (x, y), radius, 1, -1)
    return shape


def _lit(
    scene: np.ndarray, random: np.random.Generator, centre: np.ndarray | None = None
) -> np.ndarray:
    """A scene as a poor camera sees it: uneven light, a cast, glare, blur, noise, and JPEG.

    Parameters
    ----------
    scene : float32 H × W × 3, 0…255.
    centre : near which the glare falls.
    """
    height, width = scene.shape[:2]
    centre = np.array([width, height]) / 2 if centre is None else centre
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across = random.normal(size=2)
    across /= np.linalg.norm(across)
    slope = (x / width - 0.5) * across[0] + (y / height - 0.5) * across[1]
    cast, exposure = random.uniform(0.85, 1.15, 3), random.uniform(0.5, 1.25)
    scene = scene * (1 + random.uniform(0, 0.6) * slope[..., None]) * (cast * exposure)
    if random.random() < 0.5:
        side = min(height, width)
        spot = centre + random.normal(size=2) * 0.2 * side
        spread = random.uniform(0.04, 0.16) * side
        far = ((x - spot[0]) / spread) ** 2
        far += ((y - spot[1]) / (spread * random.uniform(0.4, 2.5))) ** 2
        scene = scene + np.exp(-far / 2)[..., None] * random.uniform(40, 220)
    blur = random.uniform(0, 1.2) * min(height, width) / 192
    if blur > 0.3:
        scene = cv2.GaussianBlur(scene, (0, 0), blur)
    scene = scene + random.normal(0, random.uniform(0, 8), scene.shape)
    picture = scene.clip(0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 95))]
    return cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
