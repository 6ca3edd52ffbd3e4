"""Every way to store a pixel."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image

from tests.bad_images.making import (
    BLUE,
    GREEN,
    LOSSY,
    PALETTE,
    PICTURE,
    RED,
    SIZE,
    WHITE,
    Case,
    Shows,
    indexed_quadrants,
    png,
    quadrants,
    rows_of,
    save,
)


def colours() -> dict[str, Case]:
    """Every way to store a pixel."""
    picture = quadrants()
    rgb = np.asarray(picture).astype(np.uint16)
    indexed = indexed_quadrants()
    greys = np.array([0x1000, 0x7F00, 0xC0FF, 0xFFFF])
    dark_to_white = Shows(SIZE, ((0x10,) * 3, (0x7F,) * 3, (0xC0,) * 3, WHITE))
    alphas = np.array([0, 128, 255, 64])
    # 128 of 255 over white leaves 255 - 128 of what the colour lacks.
    faded = Shows(SIZE, (WHITE, (127, 255, 127), BLUE, WHITE), 1)
    rgba = np.dstack([np.asarray(picture), alphas[indexed]]).astype(np.uint8)
    grey_alpha = np.dstack([np.full_like(indexed, 100), alphas[indexed]]).astype(np.uint8)
    grey_faded = Shows(SIZE, (WHITE, (177,) * 3, (100,) * 3, (216,) * 3), 1)
    black_hidden = np.dstack([np.zeros((*indexed.shape, 3), int), 0 * indexed]).astype(np.uint8)
    paletted = (b"PLTE", PALETTE)
    packed = {
        depth: np.packbits(
            np.unpackbits(indexed[..., None], axis=-1)[..., -depth:].reshape(SIZE[1], -1), axis=1
        )
        for depth in (2, 4)
    }
    one_bit = Image.fromarray(indexed % 2 == 1)
    black_white = Shows(SIZE, ((0, 0, 0), WHITE) * 2)
    return {
        "rgb png": (save(picture, "PNG"), PICTURE),
        "16-bit grey png": (
            save(Image.fromarray(greys[indexed].astype(np.uint16)), "PNG"),
            dark_to_white,
        ),
        "16-bit grey png with transparent colour": (
            png(SIZE, 16, 0, rows_of(greys[indexed], ">u2"), (b"tRNS", struct.pack(">H", 0x1000))),
            dark_to_white._replace(colours=(WHITE, (0x7F,) * 3, (0xC0,) * 3, WHITE)),
        ),
        "16-bit rgb png": (png(SIZE, 16, 2, rows_of(rgb * 257, ">u2")), PICTURE),
        "16-bit rgb png with transparent red": (
            png(SIZE, 16, 2, rows_of(rgb * 200, ">u2"), (b"tRNS", struct.pack(">3H", 51000, 0, 0))),
            Shows(SIZE, (WHITE, (0, 199, 0), (0, 0, 199), (199,) * 3)),
        ),
        "16-bit grey and alpha png": (
            png(SIZE, 16, 4, rows_of(grey_alpha.astype(np.uint16) * 257, ">u2")),
            grey_faded,
        ),
        "16-bit rgba png": (png(SIZE, 16, 6, rows_of(rgba.astype(np.uint16) * 257, ">u2")), faded),
        "transparent rgba png": (save(Image.fromarray(rgba), "PNG"), faded),
        "wholly transparent black png": (
            save(Image.fromarray(black_hidden), "PNG"),
            Shows(SIZE, (WHITE,) * 4),
        ),
        "transparent grey png": (save(Image.fromarray(grey_alpha), "PNG"), grey_faded),
        "rgb png with transparent red": (
            png(SIZE, 8, 2, rows_of(rgb, "u1"), (b"tRNS", struct.pack(">3H", *RED))),
            Shows(SIZE, (WHITE, GREEN, BLUE, WHITE)),
        ),
        "grey png with transparent colour": (
            png(SIZE, 8, 0, rows_of(indexed * 60, "u1"), (b"tRNS", struct.pack(">H", 60))),
            Shows(SIZE, ((0, 0, 0), WHITE, (120,) * 3, (180,) * 3)),
        ),
        "2-bit grey png with transparent colour": (
            png(SIZE, 2, 0, rows_of(packed[2], "u1"), (b"tRNS", struct.pack(">H", 1))),
            Shows(SIZE, ((0, 0, 0), WHITE, (170,) * 3, WHITE)),
        ),
        "4-bit grey png with transparent colour": (
            png(SIZE, 4, 0, rows_of(packed[4], "u1"), (b"tRNS", struct.pack(">H", 1))),
            Shows(SIZE, ((0, 0, 0), WHITE, (34,) * 3, (51,) * 3)),
        ),
        "palette png": (png(SIZE, 8, 3, rows_of(indexed, "u1"), paletted), PICTURE),
        "2-bit palette png": (png(SIZE, 2, 3, rows_of(packed[2], "u1"), paletted), PICTURE),
        "palette png with alpha": (
            png(SIZE, 8, 3, rows_of(indexed, "u1"), paletted, (b"tRNS", bytes((0, 128)))),
            Shows(SIZE, (WHITE, (127, 255, 127), BLUE, WHITE), 1),
        ),
        "palette png with one transparent colour": (
            png(SIZE, 8, 3, rows_of(indexed, "u1"), paletted, (b"tRNS", b"\xff\xff\0")),
            Shows(SIZE, (RED, GREEN, WHITE, WHITE)),
        ),
        "1-bit png": (save(one_bit, "PNG"), black_white),
        "1-bit png with transparent black": (
            save(one_bit, "PNG", transparency=0),
            Shows(SIZE, (WHITE,) * 4),
        ),
        "1-bit bmp": (save(one_bit, "BMP"), black_white),
        "grey jpeg": (
            save(Image.fromarray(indexed * 80), "JPEG"),
            Shows(SIZE, tuple((80 * number,) * 3 for number in range(4)), 6),
        ),
        "cmyk jpeg": (save(picture.convert("CMYK"), "JPEG"), LOSSY),
        "large cmyk jpeg": (
            save(quadrants((1600, 1200)).convert("CMYK"), "JPEG"),
            LOSSY._replace(size=(1600, 1200)),
        ),
    }
