"""Every accepted format, still and moving, and every shape."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.bad_images.making import (
    BLUE,
    GREEN,
    LOSSY,
    PALETTE,
    PICTURE,
    SIZE,
    WHITE,
    Case,
    Shows,
    indexed_quadrants,
    quadrants,
    save,
)


def containers() -> dict[str, Case]:
    """Every accepted format, still and moving."""
    picture = quadrants()
    other = Image.new("RGB", SIZE, (120, 120, 0))
    moving = {"save_all": True, "append_images": [other, other], "duration": 50}
    see_through = picture.convert("RGBA")
    see_through.putalpha(128)
    half = Shows(SIZE, ((255, 127, 127), (127, 255, 127), (127, 127, 255), WHITE), 2)
    indexed = Image.fromarray(indexed_quadrants(), "P")
    indexed.putpalette(PALETTE)
    return {
        "jpeg": (save(picture, "JPEG"), LOSSY),
        "progressive jpeg": (save(picture, "JPEG", progressive=True), LOSSY),
        "jpeg of several pictures": (
            save(picture, "MPO", save_all=True, append_images=[other], quality=95, subsampling=0),
            LOSSY,
        ),
        "bmp": (save(picture, "BMP"), PICTURE),
        "gif": (save(indexed, "GIF"), PICTURE),
        "gif with transparent colour": (
            save(indexed, "GIF", transparency=0),
            Shows(SIZE, (WHITE, GREEN, BLUE, WHITE)),
        ),
        "animated gif": (
            save(indexed, "GIF", save_all=True, append_images=[other.quantize()]),
            PICTURE,
        ),
        "animated png": (save(picture, "PNG", **moving), PICTURE),
        "webp": (save(picture, "WEBP", quality=100), LOSSY._replace(tolerance=20)),
        "lossless webp": (save(picture, "WEBP", lossless=True), PICTURE),
        "transparent webp": (save(see_through, "WEBP", lossless=True), half),
        "animated webp": (save(picture, "WEBP", lossless=True, **moving), PICTURE),
        "animated transparent webp": (save(see_through, "WEBP", lossless=True, **moving), half),
        "large rgba png": (
            save(see_through.resize((1280, 960), Image.Resampling.NEAREST), "PNG"),
            half._replace(size=(1280, 960)),
        ),
        "large palette png": (
            save(indexed.resize((1281, 963)), "PNG", transparency=0),
            Shows((1281, 963), (WHITE, GREEN, BLUE, WHITE)),
        ),
        "large 1-bit png": (
            save(Image.fromarray(indexed_quadrants() % 2 == 1).resize((1280, 960)), "PNG"),
            Shows((1280, 960), ((0, 0, 0), WHITE) * 2),
        ),
        "large 16-bit grey png": (
            save(Image.fromarray(indexed_quadrants(np.uint16) * 0x5500).resize((1280, 960)), "PNG"),
            Shows((1280, 960), tuple((0x55 * number,) * 3 for number in range(4))),
        ),
    }


def shapes() -> dict[str, Case]:
    """Extreme aspect ratios, and the smallest image that is accepted."""
    return {
        f"{width} x {height}": (
            save(quadrants((width, height)), "PNG"),
            Shows((width, height)),
        )
        for width, height in ((8, 8), (5000, 8), (8, 5000), (3000, 30), (1023, 769), (65535, 16))
    }
