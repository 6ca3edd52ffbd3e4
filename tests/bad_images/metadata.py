"""EXIF, right and wrong."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from tests.bad_images.making import (
    LOSSY,
    PICTURE,
    SIZE,
    Case,
    png,
    quadrants,
    rows_of,
    save,
)


def metadata() -> dict[str, Case]:
    """EXIF, right and wrong."""
    picture = quadrants()
    cases = {}
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = _as_camera_stores(picture, orientation)
        cases[f"jpeg with exif orientation {orientation}"] = (
            save(stored, "JPEG", exif=exif, comment="a comment"),
            LOSSY,
        )
        cases[f"png with exif orientation {orientation}"] = (
            save(stored, "PNG", exif=exif, dpi=(72, 72)),
            PICTURE,
        )
    exif = Image.Exif()
    exif[0x0112] = 6
    cases["large jpeg with exif orientation 6"] = (
        save(_as_camera_stores(quadrants((1600, 1200)), 6), "JPEG", exif=exif),
        LOSSY._replace(size=(1600, 1200)),
    )
    cases["webp with exif orientation 6"] = (
        save(_as_camera_stores(picture, 6), "WEBP", exif=exif, lossless=True),
        PICTURE,
    )
    header = b"II*\0\x08\0\0\0"
    for name, entry in {
        "99": struct.pack("<HIHxx", 3, 1, 99),
        "0": struct.pack("<HIHxx", 3, 1, 0),
        "text": struct.pack("<HI4s", 2, 4, b"six"),
    }.items():
        exif = b"Exif\0\0" + header + b"\x01\0\x12\x01" + entry + bytes(4)
        cases[f"jpeg with exif orientation {name}"] = (save(picture, "JPEG", exif=exif), LOSSY)
    broken = {
        "without a header": b"this is no EXIF at all",
        "cut short": header + b"\x05\0\x12\x01",
        "pointing outside": header + b"\x01\0\x12\x01\x03\0\xff\xff\xff\xff\xff\xff\xff\x7f",
        "of nothing": b"",
    }
    for name, data in broken.items():
        cases[f"jpeg with exif {name}"] = (
            save(picture, "JPEG", exif=b"Exif\0\0" + data),
            LOSSY,
        )
        cases[f"png with exif {name}"] = (
            png(SIZE, 8, 2, rows_of(np.asarray(picture), "u1"), (b"eXIf", data)),
            PICTURE,
        )
        cases[f"webp with exif {name}"] = (
            save(picture, "WEBP", exif=b"Exif\0\0" + data, lossless=True),
            PICTURE,
        )
    cases["png with a text bomb"] = (
        png(
            SIZE, 8, 2, rows_of(np.asarray(picture), "u1"),
            (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000))),
        ),
        PICTURE,
    )  # fmt: skip
    return cases


def _as_camera_stores(upright: Image.Image, orientation: int) -> Image.Image:
    """The stored image whose EXIF orientation makes it upright, after the standard's table.

    The table names, for each orientation, the visual side on which the 0th row and the 0th column
    of the stored image lie.
    """
    first_row, first_column = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    pixels = np.asarray(upright)
    if first_row in ("left", "right"):
        pixels = pixels.swapaxes(0, 1)
    if first_row in ("bottom", "right"):
        pixels = pixels[::-1]
    if first_column in ("bottom", "right"):
        pixels = pixels[:, ::-1]
    return Image.fromarray(np.ascontiguousarray(pixels))
