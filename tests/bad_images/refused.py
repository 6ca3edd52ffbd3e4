"""Files that are no image, damaged ones, and attacks."""

from __future__ import annotations

import struct
import time

import numpy as np
from PIL import Image

from tests.bad_images.making import (
    REFUSED,
    SIZE,
    Case,
    png,
    png_of,
    quadrants,
    save,
)


def refused() -> dict[str, Case]:
    """What cannot or must not be decoded."""
    plain_png, plain_jpeg = save(quadrants(), "PNG"), save(quadrants((400, 300)), "JPEG")
    progressive = save(quadrants(), "JPEG", progressive=True)
    last_pass = progressive[progressive.rindex(b"\xff\xda") : -2]
    # Noise does not compress, so half of the file is half of the pixels.
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
    begin = time.gmtime(0)
    files = {
        "empty": b"",
        "truncated png": save(noise, "PNG")[:5000],
        "png cut in its header": plain_png[:20],
        "png with a wrong checksum": png_of((b"IHDR", b"\0" * 13))[:-1] + b"!",
        "truncated jpeg": plain_jpeg[: len(plain_jpeg) // 2],
        "jpeg of two thousand passes": progressive[:-2] + 2000 * last_pass + progressive[-2:],
        "truncated webp": save(noise, "WEBP")[:1000],
        "truncated gif": save(noise.quantize(), "GIF")[:1500],
        "truncated bmp": save(noise, "BMP")[:5000],
        "text named .png": b"Bulbasaur, Ivysaur and Venusaur.\n" * 20,
        "eps named .png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n%%EndComments\n"
        b"1 0 0 setrgbcolor 0 0 64 48 rectfill showpage\n%%EOF\n",
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="64"'
        b' height="48"><rect width="64" height="48" fill="red"/></svg>',
        "tiff named .png": save(quadrants(), "TIFF"),
        "ico named .png": save(quadrants(), "ICO"),
        "psd named .png": b"8BPS"
        + struct.pack(">H6xH2I2H", 1, 3, SIZE[1], SIZE[0], 8, 3)
        + bytes(3 * 4 + 2)
        + quadrants().tobytes(),
        "pdf named .png": save(quadrants(), "PDF", creationDate=begin, modDate=begin),
        "png of 13000 x 13000": png((13000, 13000), 1, 0, bytes(13000 * (1 + 13000 // 8))),
        "png with absurd header": png((2**31 - 1, 2**31 - 1), 16, 6, b"\0" * 100),
        "png of six million by eight": png((6_000_000, 8), 1, 0, bytes((1 + 750_000) * 8)),
        "png with nothing across": png((0, 48), 8, 2, b"\0" * 48),
        "1 x 1": save(Image.new("RGB", (1, 1)), "PNG"),
        "5000 x 7": save(Image.new("RGB", (5000, 7)), "PNG"),
    }
    return {name: (data, REFUSED) for name, data in files.items()}
