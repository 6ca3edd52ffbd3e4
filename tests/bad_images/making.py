"""Making images: with Pillow, and by hand what Pillow cannot write.

Most show one picture: four quadrants in red, green, blue and white, wider than high, so that lost
colours, a wrong turn or a reflection all show.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

REFUSED = "refused"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
Colour = tuple[int, int, int]


class Shows(NamedTuple):
    """What a decoded image must show.

    ``colours`` are those of the quadrants: top left, top right, bottom left and bottom right.
    ``size`` is that of the file; a large image may come back smaller in the same shape.
    """

    size: tuple[int, int]
    colours: tuple[Colour, Colour, Colour, Colour] = (RED, GREEN, BLUE, WHITE)
    tolerance: int = 0


Case = tuple[bytes, Shows | str]
SIZE = (64, 48)
PICTURE = Shows(SIZE)
LOSSY = Shows(SIZE, tolerance=6)


def quadrants(size: tuple[int, int] = SIZE) -> Image.Image:
    """Red, green, blue and white."""
    image = Image.new("RGB", size, WHITE)
    width, height = size[0] // 2, size[1] // 2
    image.paste(RED, (0, 0, width, height))
    image.paste(GREEN, (width, 0, size[0], height))
    image.paste(BLUE, (0, height, width, size[1]))
    return image


def save(image: Image.Image, format: str, **options: Any) -> bytes:
    """An image as a file's bytes; JPEG in full colour resolution."""
    if format == "JPEG":
        options = {"quality": 95, "subsampling": 0, **options}
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(
    size: tuple[int, int], depth: int, colour_type: int, rows: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG by hand, for what Pillow cannot write; ``rows`` each start with a filter byte."""
    header = struct.pack(">2I5B", *size, depth, colour_type, 0, 0, 0)
    return png_of((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks, each a kind and its data."""
    packed = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        checksum = zlib.crc32(kind + data)
        packed += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
    return packed


def rows_of(values: np.ndarray, kind: str) -> bytes:
    """PNG rows of an array, height × width × channels, big-endian, unfiltered."""
    return b"".join(b"\0" + row.astype(kind).tobytes() for row in values)


RGBA_BLUE = bytes((*BLUE, 255))
PALETTE = bytes((*RED, *GREEN, *BLUE, *WHITE))


def indexed_quadrants(dtype: type = np.uint8) -> np.ndarray:
    """The quadrants' numbers 0 to 3, height × width."""
    top, left = np.arange(SIZE[1]) < SIZE[1] // 2, np.arange(SIZE[0]) < SIZE[0] // 2
    return (2 * ~top[:, None] + ~left[None]).astype(dtype)
