"""Files whose headers lie, and files with bytes that are wrong."""

from __future__ import annotations

import struct
import zlib
from itertools import product

import numpy as np

from tests.bad_images.cut import whole
from tests.bad_images.making import SIZE, png_of, quadrants, save


def spoiled() -> dict[str, bytes]:
    """Lying headers of each format, and damage at places that are drawn by lot."""
    return {**_damaged(), **_pngs(), **_jpegs(), **_gifs(), **_webps(), **_bmps()}


def _damaged() -> dict[str, bytes]:
    """Wrong bytes, zeros, bytes too many, and a second copy of a part."""
    random = np.random.default_rng(1)
    found = {}
    for name, data in whole().items():
        start = int(random.integers(0, len(data) // 2))
        length = int(random.integers(1, len(data) // 4))
        spots = np.frombuffer(data, np.uint8).copy()
        spots[random.integers(0, len(data), 20)] ^= random.integers(1, 256, 20, np.uint8)
        found |= {
            f"{name}, with wrong bytes": spots.tobytes(),
            f"{name}, with zeros": data[:start] + bytes(length) + data[start + length :],
            f"{name}, with a part twice": data[: start + length] + data[start:],
            f"{name}, with a part missing": data[:start] + data[start + length :],
            f"{name}, backwards": data[::-1],
            f"{name}, after a blank": b" " + data,
            f"{name}, twice": data + data,
        }
    return found


def _pngs() -> dict[str, bytes]:
    pixels = zlib.compress(bytes(10_000))
    end = (b"IEND", b"")

    def header(width=SIZE[0], height=SIZE[1], depth=8, colour=2, *rest):
        ways = rest or (0, 0, 0)
        return b"IHDR", struct.pack(">2I5B", width, height, depth, colour, *ways)

    found = {
        f"png of {depth} bits in colours {colour}": png_of(
            header(depth=depth, colour=colour), (b"IDAT", pixels), end
        )
        for depth, colour in product((0, 1, 3, 16, 255), (0, 1, 3, 4, 6, 255))
    }
    sizes = {"0": 0, "2 to the 31st": 2**31, "2 to the 32nd less one": 2**32 - 1}
    found |= {f"png {name} wide": png_of(header(size), (b"IDAT", pixels), end)
              for name, size in sizes.items()}  # fmt: skip
    plain = header()
    idat = b"IDAT", pixels
    return found | {
        "png without pixels": png_of(plain, end),
        "png without an end": png_of(plain, idat),
        "png without a header": png_of(idat, end),
        "png with two headers": png_of(plain, header(8, 8), idat, end),
        "png with its palette last": png_of(header(colour=3), idat, (b"PLTE", b"abc"), end),
        "png with half a palette": png_of(header(colour=3), (b"PLTE", b"ab"), idat, end),
        "png with a palette too long": png_of(header(colour=3), (b"PLTE", bytes(3000)), idat, end),
        "png with too much transparency": png_of(plain, (b"tRNS", bytes(999)), idat, end),
        "png with no transparency": png_of(plain, (b"tRNS", b""), idat, end),
        "png with pixels that are no stream": png_of(plain, (b"IDAT", b"\xff" * 99), end),
        "png with an unknown compression": png_of(header(SIZE[0], SIZE[1], 8, 2, 9, 0, 0), idat),
        "png with an unknown filter": png_of(header(SIZE[0], SIZE[1], 8, 2, 0, 9, 0), idat, end),
        "png with wrong filters": png_of(plain, (b"IDAT", zlib.compress(b"\x09" * 9408)), end),
        "png interlaced": png_of(header(SIZE[0], SIZE[1], 8, 2, 0, 0, 1), idat, end),
        "png with a chunk of 4 GB": png_of(plain) + b"\xff\xff\xff\xffIDAT" + pixels,
        "png with an unknown vital chunk": png_of(plain, (b"ABCD", b"?"), idat, end),
        "png of a frame that is elsewhere": png_of(
            plain, (b"acTL", struct.pack(">2I", 2**31, 0)),
            (b"fcTL", struct.pack(">5I2H2B", 0, *SIZE, 2**31, 2**31, 1, 1, 9, 9)), idat, end,
        ),
        "png with a profile that is junk": png_of(plain, (b"iCCP", b"n\0\0" + b"\xaa" * 50), idat,
                                                  end),
    }  # fmt: skip


def _segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(data)) + data


def _jpegs() -> dict[str, bytes]:
    plain = save(quadrants(), "JPEG")
    frame = plain.index(b"\xff\xc0")
    scan = plain.index(b"\xff\xda")

    def sized(height, width):
        return plain[: frame + 5] + struct.pack(">2H", height, width) + plain[frame + 9 :]

    def after_start(data):
        return plain[:2] + data + plain[2:]

    found = {
        f"jpeg of {height} x {width}": sized(height, width)
        for height, width in ((0, 0), (0, 64), (48, 0), (65535, 65535), (65535, 64), (8, 8))
    }
    for kind in (0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCF):
        found[f"jpeg of frame {kind:x}"] = plain[: frame + 1] + bytes([kind]) + plain[frame + 2 :]
    for components in (0, 2, 4, 255):
        found[f"jpeg of {components} colours"] = (
            plain[: frame + 9] + bytes([components]) + plain[frame + 10 :]
        )
    return found | {
        "jpeg of 12 bits": plain[: frame + 4] + b"\x0c" + plain[frame + 5 :],
        "jpeg with samples of 0": plain[: frame + 11] + b"\0" + plain[frame + 12 :],
        "jpeg without tables": plain[:2] + plain[frame:scan] + plain[scan:],
        "jpeg without a frame": plain[:frame] + plain[scan:],
        "jpeg without a scan": plain[:scan] + b"\xff\xd9",
        "jpeg that ends at once": b"\xff\xd8\xff\xd9" + plain,
        "jpeg with two frames": plain[:scan] + plain[frame:],
        "jpeg with a table too long": after_start(_segment(0xC4, b"\0" + b"\xff" * 200)),
        "jpeg with a table of nothing": after_start(_segment(0xDB, b"")),
        "jpeg with a segment of length 0": after_start(b"\xff\xe1\0\0"),
        "jpeg with a segment of length 1": after_start(b"\xff\xc4\0\1"),
        "jpeg with padding": after_start(b"\xff" * 500),
        "jpeg with junk": after_start(_segment(0xE0, b"JFIF") + b"junk" * 50),
        "jpeg with unknown markers": after_start(b"\xff\x02\xff\x42\xff\xbf"),
        "jpeg that restarts after 1": after_start(_segment(0xDD, b"\0\1")),
        "jpeg with adobe's colours 255": after_start(_segment(0xEE, b"Adobe\0d\0\0\0\0\xff")),
        "jpeg with half of adobe": after_start(_segment(0xEE, b"Adobe")),
        "jpeg with a profile that is junk": after_start(
            _segment(0xE2, b"ICC_PROFILE\0\x09\x01" + b"\xaa" * 99)
        ),
        "jpeg with photoshop's junk": after_start(
            _segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0\xff\xff\xff\xff")
        ),
        "jpeg that says it is several": after_start(_segment(0xE2, b"MPF\0II*\0\x08\0\0\0\xff")),
        "jpeg in arithmetic code": plain[: frame + 1] + b"\xc9" + plain[frame + 2 : scan]
        + _segment(0xCC, b"\0\x10") + plain[scan:],
    }  # fmt: skip


def _gifs() -> dict[str, bytes]:
    plain = save(quadrants().quantize(4), "GIF")
    picture = plain.index(b"\x2c", 13)
    code = picture + 10

    def framed(left, top, width, height):
        return (
            plain[: picture + 1] + struct.pack("<4H", left, top, width, height) + plain[code - 1 :]
        )

    found = {
        f"gif with codes of {bits} bits": plain[:code] + bytes([bits]) + plain[code + 1 :]
        for bits in (0, 1, 9, 12, 13, 255)
    }
    return found | {
        "gif of 0 x 0": plain[:6] + bytes(4) + plain[10:],
        "gif of 65535 x 65535": plain[:6] + b"\xff" * 4 + plain[10:],
        "gif with a frame outside": framed(60000, 60000, 64, 48),
        "gif with a frame too large": framed(0, 0, 65535, 65535),
        "gif with a frame of nothing": framed(0, 0, 0, 0),
        "gif without a palette": plain[:10] + b"\0" + plain[11:],
        "gif without a frame": plain[:picture] + b";",
        "gif that ends first": plain[:picture] + b";" + plain[picture:],
        "gif with an endless comment": plain[:picture] + b"\x21\xfe" + b"\xff" * 300,
        "gif with junk between": plain[:picture] + b"\x99" * 50 + plain[picture:],
        "gif of codes that are not there": plain[: code + 2] + b"\xff" * 250 + b"\0;",
        "gif with half of a control": plain[:picture] + b"\x21\xf9\x01\xff\0" + plain[picture:],
        "gif 90z": b"GIF90z" + plain[6:],
    }


def _webps() -> dict[str, bytes]:
    lossy, moving = whole()["webp of noise"], whole()["moving webp of noise"]
    frame, header = moving.index(b"ANMF"), moving.index(b"VP8X")

    def sized(data, size):
        return data[:4] + struct.pack("<I", size) + data[8:]

    return {
        "webp of size 0": sized(lossy, 0),
        "webp of 4 GB": sized(lossy, 2**32 - 1),
        "webp of an odd size": sized(lossy, len(lossy) - 9),
        "webp with no pixels": lossy[:12],
        "webp of an unknown chunk": lossy[:12] + b"ABCD" + lossy[16:],
        "webp of 16383 x 16383": lossy[:26] + b"\xff\x3f\xff\x3f" + lossy[30:],
        "webp of 0 x 0": lossy[:26] + bytes(4) + lossy[30:],
        "webp of 2 to the 24th": moving[: header + 12] + b"\xff" * 6 + moving[header + 18 :],
        "webp with a frame outside": moving[: frame + 8] + b"\xff" * 6 + moving[frame + 14 :],
        "webp with a frame too large": moving[: frame + 14] + b"\xff" * 6 + moving[frame + 20 :],
        "webp with all flags": moving[: header + 8] + b"\xff" + moving[header + 9 :],
        "webp with a part of 4 GB": lossy[:16] + b"\xff" * 4 + lossy[20:],
        "riff that is a sound": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(16),
    }


def _bmps() -> dict[str, bytes]:
    plain = save(quadrants(), "BMP")

    def with_field(place, kind, value):
        size = struct.calcsize(kind)
        return plain[:place] + struct.pack(kind, value) + plain[place + size :]

    found = {f"bmp of {bits} bits": with_field(28, "<H", bits) for bits in (0, 2, 3, 16, 32, 64)}
    found |= {f"bmp packed in way {way}": with_field(30, "<I", way) for way in (1, 2, 3, 4, 5, 99)}
    found |= {f"bmp with a header of {size}": with_field(14, "<I", size)
              for size in (0, 12, 16, 64, 108, 124, 2**31)}  # fmt: skip
    found |= {f"bmp {width} wide": with_field(18, "<i", width) for width in (0, -64, 2**31 - 1)}
    found |= {f"bmp {height} high": with_field(22, "<i", height) for height in (0, -48, -(2**31))}
    for place in (0, 10, 2**31, 2**32 - 1):
        found[f"bmp with pixels at {place}"] = with_field(10, "<I", place)
    for colours in (1, 257, 2**31):
        found[f"bmp of {colours} colours"] = with_field(46, "<I", colours)
    return found
