"""Images of up to 49 million pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.bad_images.making import (
    BLUE,
    PALETTE,
    REFUSED,
    RGBA_BLUE,
    WHITE,
    Case,
    Shows,
    png,
    quadrants,
    save,
)


def huge_images() -> dict[str, Callable[[], Case]]:
    """The same for images of up to 49 million pixels, each made when it is called for."""
    side = 7000
    shown = Shows((side, side))
    half = (255, 127, 127), (127, 255, 127), (127, 127, 255), WHITE
    seen_through = Shows((side, side), half, 1)
    flat = Shows((side, side), ((0, 0, 200),) * 4, 6)
    lossy = Shows((side, side), tolerance=6)
    return {
        "png rgb, 49 megapixels": lambda: (_huge_png(side, 2, b"\xff\0\0", b"\0\xff\0"), shown),
        "png rgba, 49 megapixels": lambda: (
            _huge_png(side, 6, b"\xff\0\0\x80", b"\0\xff\0\x80"),
            seen_through,
        ),
        "png rgb with transparent white, 49 megapixels": lambda: (
            _huge_png(side, 2, b"\xff\0\0", b"\0\xff\0", (b"tRNS", struct.pack(">3H", *WHITE))),
            shown,
        ),
        "png palette with alpha, 49 megapixels": lambda: (
            _huge_png(side, 3, b"\0", b"\1", (b"PLTE", PALETTE), (b"tRNS", b"\x80" * 4)),
            seen_through,
        ),
        "png 16-bit grey with transparency, 49 megapixels": lambda: (
            _huge_png(side, 0, b"\x40\x00", b"\xc0\x00", (b"tRNS", b"\x40\x00"), depth=16),
            Shows((side, side), (WHITE, (192,) * 3, WHITE, (192,) * 3)),
        ),
        "png 16-bit rgba, 49 megapixels": lambda: (
            _huge_png(side, 6, b"\xff\xff\0\0\0\0\x80\0", b"\0\0\xff\xff\0\0\x80\0", depth=16),
            seen_through,
        ),
        "png 1-bit, 49 megapixels": lambda: (
            png((6400, 7000), 1, 0, (b"\0" + b"\0" * 400 + b"\xff" * 400) * 7000),
            Shows((6400, 7000), ((0, 0, 0), WHITE) * 2),
        ),
        "png rgba, 65000 x 700": lambda: (
            png((65000, 700), 8, 6, (b"\0" + RGBA_BLUE * 65000) * 700),
            Shows((65000, 700), (BLUE,) * 4),
        ),
        "jpeg, 49 megapixels": lambda: (save(quadrants((side, side)), "JPEG"), lossy),
        "progressive jpeg, 49 megapixels": lambda: (
            save(Image.new("RGB", (side, side), (0, 0, 200)), "JPEG", progressive=True),
            flat,
        ),
        "progressive jpeg, 49000 x 1000": lambda: (
            save(Image.new("RGB", (49000, 1000), (0, 0, 200)), "JPEG", progressive=True),
            flat._replace(size=(49000, 1000)),
        ),
        "progressive cmyk jpeg, 49 megapixels": lambda: (
            save(Image.new("CMYK", (side, side), (255, 255, 0, 55)), "JPEG", progressive=True),
            flat,
        ),
        "gif, 49 megapixels": lambda: (
            save(Image.new("P", (side, side)), "GIF", transparency=0),
            Shows((side, side), (WHITE,) * 4),
        ),
        "webp, 24 megapixels": lambda: (
            save(Image.new("RGBA", (4900, 4900), (0, 0, 200, 255)), "WEBP", quality=1, method=0),
            flat._replace(size=(4900, 4900)),
        ),
        "lossless webp, 24 megapixels": lambda: (
            save(Image.new("RGBA", (4900, 4900), (*BLUE, 128)), "WEBP", lossless=True, method=0),
            Shows((4900, 4900), ((127, 127, 255),) * 4, 1),
        ),
        "webp, 49 megapixels": lambda: (
            save(Image.new("RGB", (side, side)), "WEBP", quality=1, method=0),
            REFUSED,
        ),
    }


def _huge_png(
    side: int, colour_type: int, left: bytes, right: bytes, *chunks: tuple[bytes, bytes], depth=8
) -> bytes:
    """Two pixels' bytes, each over half of a row; the lower half has blue and white instead."""
    blue, white = {
        (2, 8): (bytes(BLUE), bytes(WHITE)),
        (3, 8): (b"\2", b"\3"),
        (6, 8): (RGBA_BLUE[:3] + left[3:], bytes(WHITE) + left[3:]),
        (0, 16): (left, right),
        (6, 16): (b"\0\0\0\0\xff\xff\x80\0", b"\xff\xff" * 3 + b"\x80\0"),
    }[colour_type, depth]
    upper = (b"\0" + left * (side // 2) + right * (side // 2)) * (side // 2)
    lower = (b"\0" + blue * (side // 2) + white * (side // 2)) * (side // 2)
    return png((side, side), depth, colour_type, upper + lower, *chunks)
