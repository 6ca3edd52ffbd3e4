"""Training pictures as parts of photographed trading cards, which is what collectors upload.

Few training pictures are trading cards, and these are the hard kind. So they may come several
times an epoch, and other pictures take the place of the illustration on one of them: the species is
the illustration's, whatever the text of the card says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from pokeclf.tradingcards import PARTS, part_of, straightened
from train.cardphotos import Scenes

ILLUSTRATION = PARTS["illustration"]
SCALE = 2.0
"""The photos' sides: 324 to 576 pixels."""
UNSURE = 0.012
"""Standard deviation of where a finder sees a corner, in heights of the card."""


@dataclass(frozen=True)
class CardViews:
    """Shows some of the pictures as the application sees a card in a photo.

    Attributes
    ----------
    scenes : of the training images.
    cards : indices of the images that are trading cards.
    share : of the images that are shown so, 0…1.
    """

    scenes: Scenes
    cards: frozenset[int]
    share: float

    def repeated(self, indices: np.ndarray, times: int) -> np.ndarray:
        """Indices of the images of an epoch: those given, the cards among them so many times."""
        cards = indices[np.isin(indices, list(self.cards))]
        return np.concatenate([indices, *[cards] * (times - 1)])

    def view(self, index: int, image: Image.Image, random: np.random.Generator) -> Image.Image:
        """An image, or what is found of it when it is a card, or on a card, in a photo."""
        if random.random() >= self.share:
            return image
        pixels = np.asarray(image)
        if index not in self.cards:
            _, card = self.scenes.cards[random.integers(len(self.scenes.cards))]
            pixels = illustrated(card, pixels)
        photo = replace(self.scenes, cards=[("", pixels)]).photo(random)
        corners = photo.corners[0]
        height = np.linalg.norm(corners[3] - corners[0])
        found = corners + random.normal(0, UNSURE * height, (4, 2))
        upright = straightened(Image.fromarray(photo.picture), found)
        return part_of(upright, tuple(PARTS)[random.integers(len(PARTS))])


def illustrated(card: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A trading card with another illustration, which fills the window and is cut to its shape.

    Parameters
    ----------
    card, picture : uint8 H × W × 3 each; so is the result, of the card's size.
    """
    height, width = card.shape[:2]
    left, right = (round(side * width) for side in ILLUSTRATION[::2])
    top, bottom = (round(side * height) for side in ILLUSTRATION[1::2])
    wide, high = right - left, bottom - top
    scale = max(wide / picture.shape[1], high / picture.shape[0])
    size = max(wide, round(scale * picture.shape[1])), max(high, round(scale * picture.shape[0]))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    beside, above = (size[0] - wide) // 2, (size[1] - high) // 2
    new = card.copy()
    new[top:bottom, left:right] = large[above : above + high, beside : beside + wide]
    return new
