"""Maps as colours over the image that they explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = matplotlib.colormaps["inferno"]
"""Perceptually uniform and readable with every kind of colour blindness."""
DIFFERENCE = matplotlib.colormaps["PuOr_r"]
"""Purple to orange over white: a diverging map that stays readable with colour blindness."""
_FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
_SIDE = 480
_MARGIN, _LINE = 12, 20


@dataclass(frozen=True)
class Paint:
    """How colours are laid over a picture.

    Attributes
    ----------
    strength : 0 shows the picture alone, 1 hides it where the map is strongest.
    threshold : places whose heat is below it, 0…1, keep the picture as it is.

    Raises
    ------
    ValueError
        When one of them is not within 0…1.
    """

    strength: float = 0.6
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.strength <= 1 and 0 <= self.threshold <= 1):
            raise ValueError(f"{self} is not within 0…1")


def overlay(
    crop: Image.Image,
    heatmap: np.ndarray,
    paint: Paint = Paint(),
) -> Image.Image:
    """Lay a map over the crop that the model saw.

    Weak places are the picture's own, darkened, so that one still sees what is there.

    Parameters
    ----------
    heatmap : float32 S × S, 0…1, of the crop's size.

    Returns
    -------
    RGB image of the crop's size.
    """
    # Half of the strength everywhere, so that dark means "looked past" and not "unchanged".
    opacity = paint.strength * (0.5 + 0.5 * heatmap) * (heatmap >= paint.threshold)
    return _mixed(crop, COLOURS(heatmap), opacity)


def difference_overlay(
    crop: Image.Image,
    difference: np.ndarray,
    paint: Paint = Paint(),
) -> Image.Image:
    """Lay the difference of two maps over a grey crop: orange where it is above 0, purple below.

    The crop loses its own colours, as orange on a yellow Pikachu would not be seen.

    Parameters
    ----------
    difference : float32 S × S, -1…1.
    """
    size = np.abs(difference)
    opacity = np.sqrt(size * paint.strength) * (size >= paint.threshold)
    return _mixed(crop.convert("L"), DIFFERENCE(0.5 + 0.5 * difference), opacity)


def captioned(picture: Image.Image, lines: Sequence[str]) -> Image.Image:
    """A picture that explains itself: enlarged, with lines of text and the scale of colours.

    Returns
    -------
    RGB image, as wide as the text needs.
    """
    font = ImageFont.truetype(str(_FONT), 13)
    picture = picture.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    width = max([_SIDE, *(round(font.getlength(line)) for line in lines)]) + 2 * _MARGIN
    top = _SIDE + 2 * _MARGIN
    sheet = Image.new("RGB", (width, top + (len(lines) + 2) * _LINE + _MARGIN), "white")
    sheet.paste(picture, (_MARGIN, _MARGIN))
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, top + number * _LINE), line, "black", font)
    below = top + (len(lines) + 0.4) * _LINE
    scale = COLOURS(np.linspace(0, 1, 160))[None, :, :3].repeat(12, 0)
    left = _MARGIN + round(font.getlength("looked past ")) + 4
    draw.text((_MARGIN, below), "looked past", "black", font)
    sheet.paste(Image.fromarray((255 * scale).round().astype(np.uint8)), (left, round(below) + 3))
    draw.text((left + 168, below), "counted most", "black", font)
    return sheet


def _mixed(crop: Image.Image, colours: np.ndarray, opacity: np.ndarray) -> Image.Image:
    picture = np.asarray(crop.convert("RGB"), np.float32)
    over = colours[..., :3].astype(np.float32) * 255
    mixed = picture * (1 - opacity[..., None]) + over * opacity[..., None]
    return Image.fromarray(mixed.round().astype(np.uint8))
