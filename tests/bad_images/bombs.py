"""Small files that ask for much: memory, time, or patience."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from tests.bad_images.making import SIZE, png, png_of, quadrants, rows_of, save


def bombs() -> dict[str, bytes]:
    """None of them is larger than three megabytes."""
    return {**_pngs(), **_jpegs(), **_gifs(), **_others()}


def hungry_exif(entries: int = 5000, size: int = 400_000) -> bytes:
    """EXIF each of whose entries says that its value is all of it."""
    body = b"".join(struct.pack("<HHII", tag, 7, size, 8) for tag in range(entries))
    body += bytes(4)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + body + bytes(size - len(body))


def _pngs() -> dict[str, bytes]:
    pixels = rows_of(np.asarray(quadrants()), "u1")
    plain = png(SIZE, 8, 2, pixels)
    header, rest = plain[:33], plain[33:]
    empty = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    text = b"k\0" + zlib.compress(bytes(2_000_000))
    found = {
        f"png that says {width} x {height}": png((width, height), 8, 6, b"\0" * 1000)
        for width, height in ((65535, 65535), (7000, 7000), (65535, 8), (2**31 - 1, 1), (1, 2**30))
    }
    return found | {
        "png with exif that eats memory": png(SIZE, 8, 2, pixels, (b"eXIf", hungry_exif())),
        "png with fifty texts that grow": png(
            SIZE, 8, 2, pixels, *[(b"zTXt", b"k%d\0\0" % n + text[2:]) for n in range(50)]
        ),
        "png with a profile that grows": png(SIZE, 8, 2, pixels, (b"iCCP", b"n\0\0" + text[2:])),
        "png with international text that grows": png(
            SIZE, 8, 2, pixels, (b"iTXt", b"k\0\1\0\0\0" + text[2:])
        ),
        "png in a hundred thousand empty parts": header + empty * 120_000 + rest,
        "png of a hundred thousand frames": png_of(
            (b"IHDR", header[16:29]), (b"acTL", struct.pack(">2I", 100_000, 0)),
            *[(b"fcTL", struct.pack(">5I2H2B", n, *SIZE, 0, 0, 1, 1, 0, 0)) for n in range(2000)],
            (b"IDAT", zlib.compress(pixels)), (b"IEND", b""),
        ),
        "png of 49 megapixels of one colour": png(
            (7000, 7000), 1, 0, bytes(7000 * 876)
        ),
    }  # fmt: skip


def _jpegs() -> dict[str, bytes]:
    plain = save(quadrants(), "JPEG")
    scan = plain.index(b"\xff\xda")

    def after_start(data):
        return plain[:2] + data + plain[2:]

    def exif(data):
        return b"\xff\xe1" + struct.pack(">H", 8 + len(data)) + b"Exif\0\0" + data

    whole = hungry_exif()
    entries = 5400
    several = b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", entries) + b"".join(
        struct.pack("<HHII", tag, 3, 32_000, 8) for tag in range(entries)
    )  # fmt: skip
    progressive = save(Image.new("RGB", (7000, 7000)), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    return {
        "jpeg with exif that eats memory": after_start(
            b"".join(exif(whole[at : at + 65_000]) for at in range(0, len(whole), 65_000))
        ),
        "jpeg with exif in a hundred thousand parts": after_start(exif(b"12345678") * 120_000),
        "jpeg that says it is several, thousands of times": after_start(
            b"\xff\xe2" + struct.pack(">H", 2 + len(several)) + several
        ),
        "jpeg with half a million empty parts": after_start(b"\xff\xe5\0\2" * 500_000),
        "jpeg with two megabytes of padding": after_start(b"\xff" * 2_000_000),
        "jpeg with padding to its end": plain[:2] + b"\xff" * 2_000_000,
        "jpeg with two megabytes of junk": after_start(b"\xff\xe5\0\2" + bytes(2_000_000)),
        "jpeg of 49 megapixels in five hundred passes": progressive[:-2] + 500 * last
        + progressive[-2:],
        "jpeg that says 65500 x 700": plain[: plain.index(b"\xff\xc0") + 5]
        + struct.pack(">2H", 700, 65500) + plain[plain.index(b"\xff\xc0") + 9 :],
        "jpeg with a megabyte after its end": plain + b"\xff\xda" * 500_000,
        "jpeg with a megabyte of restarts": plain[: scan + 14] + b"\xff\xd0" * 500_000,
    }  # fmt: skip


def _gifs() -> dict[str, bytes]:
    plain = save(quadrants().quantize(4), "GIF")
    picture = plain.index(b"\x2c", 13)
    begin, rest = plain[:picture], plain[picture:]
    frame, comment = rest[:-1], b"\x21\xfe"
    return {
        "gif with a comment in a million parts": begin + comment + b"\x01a" * 10**6 + b"\0" + rest,
        "gif with a comment of two megabytes": begin
        + comment + (b"\xff" + b"a" * 255) * 8000 + b"\0" + rest,
        "gif with a hundred thousand comments": begin + (comment + b"\x01a\0") * 120_000
        + rest,
        "gif of five thousand frames": begin + frame * 5000 + b";",
        "gif with a megabyte of junk": begin + b"\x99" * 10**6 + rest,
        "gif of 49 megapixels": save(Image.new("P", (7000, 7000)), "GIF"),
    }  # fmt: skip


def _others() -> dict[str, bytes]:
    return {
        "webp with exif that eats memory": save(
            quadrants(), "WEBP", exif=b"Exif\0\0" + hungry_exif()
        ),
        "webp of 24 megapixels of one colour": save(
            Image.new("RGB", (4900, 4900)), "WEBP", lossless=True, method=0
        ),
        "bmp that says 7000 x 7000": _packed_bmp(7000, 7000, 8, b"\0\1"),
        "bmp that skips to its end": _packed_bmp(7000, 7000, 8, b"\0\2\0\xff" * 1000),
        "bmp of empty lines": _packed_bmp(7000, 7000, 8, b"\1\1\0\0" * 7000),
        "bmp of pixels outside": _packed_bmp(7000, 7000, 8, b"\1\1" * 10**6),
        "bmp of four megapixels of empty lines": _packed_bmp(2000, 2000, 8, b"\1\1\0\0" * 2000),
        "bmp of four megabytes of pixels outside": _packed_bmp(9, 9, 8, b"\1\1" * 1_990_000),
        "bmp of 16 colours, in code": _packed_bmp(6000, 1000, 4, b"\xff\x12" * 30_000),
    }


def _packed_bmp(width: int, height: int, bits: int, data: bytes) -> bytes:
    """A BMP in run-length code."""
    palette = bytes(4 << bits)
    place = 54 + len(palette)
    way = 1 if bits == 8 else 2
    return (
        b"BM" + struct.pack("<I4xI", place + len(data), place)
        + struct.pack("<IiiHHII8xII", 40, width, height, 1, bits, way, len(data), 1 << bits, 0)
        + palette + data
    )  # fmt: skip
