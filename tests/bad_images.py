"""Odd, broken and hostile images, made in code, each with what `imaging.decode` owes for it.

Most show one picture: four quadrants in red, green, blue and white, wider than high, so that lost
colours, a wrong turn or a reflection all show.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
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


TEN = (
    "empty",
    "truncated png",
    "text named .png",
    "eps named .png",
    "svg",
    "png of 13000 x 13000",
    "1 x 1",
    "animated gif",
    "cmyk jpeg",
    "16-bit grey png",
)
"""The kinds that are tried on the page and on the command line as well."""


def bad_images() -> dict[str, Case]:
    """Name to bytes and expectation (:class:`Shows` or ``"refused"``); small and fast to make."""
    return {**_refused(), **_colours(), **_containers(), **_metadata(), **_shapes()}


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
            _huge_png(side, 3, b"\0", b"\1", (b"PLTE", _PALETTE), (b"tRNS", b"\x80" * 4)),
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


# Making images


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
    return _png_of((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))


def _png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    packed = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        checksum = zlib.crc32(kind + data)
        packed += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
    return packed


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


def _rows(values: np.ndarray, kind: str) -> bytes:
    """PNG rows of an array, height × width × channels, big-endian, unfiltered."""
    return b"".join(b"\0" + row.astype(kind).tobytes() for row in values)


RGBA_BLUE = bytes((*BLUE, 255))
_PALETTE = bytes((*RED, *GREEN, *BLUE, *WHITE))


def _indexed(dtype: type = np.uint8) -> np.ndarray:
    """The quadrants' numbers 0 to 3, height × width."""
    top, left = np.arange(SIZE[1]) < SIZE[1] // 2, np.arange(SIZE[0]) < SIZE[0] // 2
    return (2 * ~top[:, None] + ~left[None]).astype(dtype)


# The kinds


def _refused() -> dict[str, Case]:
    plain_png, plain_jpeg = save(quadrants(), "PNG"), save(quadrants((400, 300)), "JPEG")
    progressive = save(quadrants(), "JPEG", progressive=True)
    last_pass = progressive[progressive.rindex(b"\xff\xda") : -2]
    # Noise does not compress, so half of the file is half of the pixels.
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8))
    refused = {
        "empty": b"",
        "truncated png": save(noise, "PNG")[:5000],
        "png cut in its header": plain_png[:20],
        "png with a wrong checksum": _png_of((b"IHDR", b"\0" * 13))[:-1] + b"!",
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
        "pdf named .png": save(quadrants(), "PDF"),
        "png of 13000 x 13000": png((13000, 13000), 1, 0, bytes(13000 * (1 + 13000 // 8))),
        "png with absurd header": png((2**31 - 1, 2**31 - 1), 16, 6, b"\0" * 100),
        "png of six million by eight": png((6_000_000, 8), 1, 0, bytes((1 + 750_000) * 8)),
        "png with nothing across": png((0, 48), 8, 2, b"\0" * 48),
        "png with a text bomb": _png_of(
            (b"IHDR", struct.pack(">2I5B", *SIZE, 8, 2, 0, 0, 0)),
            (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000))),
            (b"IDAT", zlib.compress(_rows(np.zeros((*SIZE[::-1], 3)), "u1"))),
            (b"IEND", b""),
        ),
        "1 x 1": save(Image.new("RGB", (1, 1)), "PNG"),
        "5000 x 7": save(Image.new("RGB", (5000, 7)), "PNG"),
    }
    return {name: (data, REFUSED) for name, data in refused.items()}


def _colours() -> dict[str, Case]:
    """Every way to store a pixel."""
    picture = quadrants()
    rgb = np.asarray(picture).astype(np.uint16)
    indexed = _indexed()
    greys = np.array([0x1000, 0x7F00, 0xC0FF, 0xFFFF])
    dark_to_white = Shows(SIZE, ((0x10,) * 3, (0x7F,) * 3, (0xC0,) * 3, WHITE))
    alphas = np.array([0, 128, 255, 64])
    # 128 of 255 over white leaves 255 - 128 of what the colour lacks.
    faded = Shows(SIZE, (WHITE, (127, 255, 127), BLUE, WHITE), 1)
    rgba = np.dstack([np.asarray(picture), alphas[indexed]]).astype(np.uint8)
    grey_alpha = np.dstack([np.full_like(indexed, 100), alphas[indexed]]).astype(np.uint8)
    grey_faded = Shows(SIZE, (WHITE, (177,) * 3, (100,) * 3, (216,) * 3), 1)
    black_hidden = np.dstack([np.zeros((*indexed.shape, 3), int), 0 * indexed]).astype(np.uint8)
    paletted = (b"PLTE", _PALETTE)
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
            png(SIZE, 16, 0, _rows(greys[indexed], ">u2"), (b"tRNS", struct.pack(">H", 0x1000))),
            dark_to_white._replace(colours=(WHITE, (0x7F,) * 3, (0xC0,) * 3, WHITE)),
        ),
        "16-bit rgb png": (png(SIZE, 16, 2, _rows(rgb * 257, ">u2")), PICTURE),
        "16-bit rgb png with transparent red": (
            png(SIZE, 16, 2, _rows(rgb * 200, ">u2"), (b"tRNS", struct.pack(">3H", 51000, 0, 0))),
            Shows(SIZE, (WHITE, (0, 199, 0), (0, 0, 199), (199,) * 3)),
        ),
        "16-bit grey and alpha png": (
            png(SIZE, 16, 4, _rows(grey_alpha.astype(np.uint16) * 257, ">u2")),
            grey_faded,
        ),
        "16-bit rgba png": (png(SIZE, 16, 6, _rows(rgba.astype(np.uint16) * 257, ">u2")), faded),
        "transparent rgba png": (save(Image.fromarray(rgba), "PNG"), faded),
        "wholly transparent black png": (
            save(Image.fromarray(black_hidden), "PNG"),
            Shows(SIZE, (WHITE,) * 4),
        ),
        "transparent grey png": (save(Image.fromarray(grey_alpha), "PNG"), grey_faded),
        "rgb png with transparent red": (
            png(SIZE, 8, 2, _rows(rgb, "u1"), (b"tRNS", struct.pack(">3H", *RED))),
            Shows(SIZE, (WHITE, GREEN, BLUE, WHITE)),
        ),
        "grey png with transparent colour": (
            png(SIZE, 8, 0, _rows(indexed * 60, "u1"), (b"tRNS", struct.pack(">H", 60))),
            Shows(SIZE, ((0, 0, 0), WHITE, (120,) * 3, (180,) * 3)),
        ),
        "2-bit grey png with transparent colour": (
            png(SIZE, 2, 0, _rows(packed[2], "u1"), (b"tRNS", struct.pack(">H", 1))),
            Shows(SIZE, ((0, 0, 0), WHITE, (170,) * 3, WHITE)),
        ),
        "4-bit grey png with transparent colour": (
            png(SIZE, 4, 0, _rows(packed[4], "u1"), (b"tRNS", struct.pack(">H", 1))),
            Shows(SIZE, ((0, 0, 0), WHITE, (34,) * 3, (51,) * 3)),
        ),
        "palette png": (png(SIZE, 8, 3, _rows(indexed, "u1"), paletted), PICTURE),
        "2-bit palette png": (png(SIZE, 2, 3, _rows(packed[2], "u1"), paletted), PICTURE),
        "palette png with alpha": (
            png(SIZE, 8, 3, _rows(indexed, "u1"), paletted, (b"tRNS", bytes((0, 128)))),
            Shows(SIZE, (WHITE, (127, 255, 127), BLUE, WHITE), 1),
        ),
        "palette png with one transparent colour": (
            png(SIZE, 8, 3, _rows(indexed, "u1"), paletted, (b"tRNS", b"\xff\xff\0")),
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


def _containers() -> dict[str, Case]:
    """Every accepted format, still and moving."""
    picture = quadrants()
    other = Image.new("RGB", SIZE, (120, 120, 0))
    moving = {"save_all": True, "append_images": [other, other], "duration": 50}
    see_through = picture.convert("RGBA")
    see_through.putalpha(128)
    half = Shows(SIZE, ((255, 127, 127), (127, 255, 127), (127, 127, 255), WHITE), 2)
    indexed = Image.fromarray(_indexed(), "P")
    indexed.putpalette(_PALETTE)
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
            save(Image.fromarray(_indexed() % 2 == 1).resize((1280, 960)), "PNG"),
            Shows((1280, 960), ((0, 0, 0), WHITE) * 2),
        ),
        "large 16-bit grey png": (
            save(Image.fromarray(_indexed(np.uint16) * 0x5500).resize((1280, 960)), "PNG"),
            Shows((1280, 960), tuple((0x55 * number,) * 3 for number in range(4))),
        ),
    }


def _metadata() -> dict[str, Case]:
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
            png(SIZE, 8, 2, _rows(np.asarray(picture), "u1"), (b"eXIf", data)),
            PICTURE,
        )
        cases[f"webp with exif {name}"] = (
            save(picture, "WEBP", exif=b"Exif\0\0" + data, lossless=True),
            PICTURE,
        )
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


def _shapes() -> dict[str, Case]:
    """Extreme aspect ratios, and the smallest image that is accepted."""
    return {
        f"{width} x {height}": (
            save(quadrants((width, height)), "PNG"),
            Shows((width, height)),
        )
        for width, height in ((8, 8), (5000, 8), (8, 5000), (3000, 30), (1023, 769), (65535, 16))
    }
