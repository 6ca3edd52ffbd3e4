"""An image's file without what a picture does not need: text, profiles, previews, films.

Pillow reads all of that in Python before the first pixel. There are files of a few hundred
kilobytes whose EXIF takes gigabytes of memory, and of a few megabytes whose comments take hours.
So it is given what makes the pixels and nothing else; the orientation is read here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

MAX_PIECES = 100_000
"""Segments, chunks or blocks before the picture. A file of 40 MB can have millions."""
_JPEG, _GIF, _PNG = b"\xff\xd8\xff", b"GIF8", b"\x89PNG\r\n\x1a\n"

# Tables, frames, the restart interval, and who wrote the colours: JFIF and Adobe.
_JPEG_KEPT = {*range(0xC0, 0xD0), 0xDB, 0xDD, 0xE0, 0xEE}
_JPEG_BARE = {0x00, 0x01, *range(0xD0, 0xDA)}
"""Markers that no length follows; the first is no marker."""
_JPEG_EXIF, _JPEG_SCAN, _JPEG_END = 0xE1, 0xDA, 0xD9
_JPEG_MARKER = re.compile(rb"\xff([^\xff])")
_JPEG_AFTER_SCAN = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd8])")
_GIF_EXTENSION, _GIF_CONTROL, _GIF_PICTURE, _GIF_END = 0x21, 0xF9, 0x2C, 0x3B
_PNG_KEPT, _PNG_END = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}, b"IEND"


class TooManyPiecesError(Exception):
    """A file in so many pieces that it was made to keep a decoder busy."""


def bare(data: bytes) -> tuple[bytes, bytes]:
    """A JPEG, PNG or GIF without what its picture does not need, and its EXIF as it stands there.

    Any other file comes back as it is. Whether the picture is whole is for the decoder to find out.

    Raises
    ------
    TooManyPiecesError
        When there are more than :data:`MAX_PIECES`.
    """
    for beginning, strip in _STRIPPED.items():
        if data.startswith(beginning):
            return strip(data)
    return data, b""


def _bare_jpeg(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [data[:2]], b"", 2
    for _ in range(MAX_PIECES):
        found = _JPEG_MARKER.search(data, at)
        if found is None:
            return b"".join(kept), exif
        marker, start, at = found[1][0], *found.span()
        if marker == _JPEG_SCAN:
            return _joined(kept, data, start), exif
        if marker in _JPEG_BARE:
            continue
        at += _big(data, at, 2)
        if marker in _JPEG_KEPT:
            kept.append(data[start:at])
        elif marker == _JPEG_EXIF and not exif and data.startswith(b"Exif\0\0", start + 4):
            exif = data[start + 4 : at]
    raise TooManyPiecesError


def _bare_gif(data: bytes) -> tuple[bytes, bytes]:
    header = data[:13].ljust(13, b"\0")
    at = 13 + (3 << (header[10] & 7) + 1 if header[10] & 0x80 else 0)  # a palette for all frames
    kept, pieces = [data[:at]], 0
    while at < len(data) and data[at] not in (_GIF_PICTURE, _GIF_END):
        start = at
        if data[at] != _GIF_EXTENSION:  # damage
            at += 1
        else:
            at += 2
            while at < len(data) and data[at]:  # blocks, until one is empty
                at += 1 + data[at]
                pieces += 1
            at += 1
            if data[start + 1] == _GIF_CONTROL:
                kept.append(data[start:at])
        pieces += 1
        if pieces > MAX_PIECES:
            raise TooManyPiecesError
    return _joined(kept, data, at), b""


def _bare_png(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [_PNG], b"", len(_PNG)
    for _ in range(MAX_PIECES):
        start, at = at, at + 12 + _big(data, at, 4)
        kind = data[start + 4 : start + 8]
        if kind in _PNG_KEPT:
            kept.append(data[start:at])
        elif kind == b"eXIf" and not exif:
            exif = data[start + 8 : at - 4]
        if kind == _PNG_END or at >= len(data):
            return b"".join(kept), exif
    raise TooManyPiecesError


def _joined(kept: list[bytes], data: bytes, rest: int) -> bytes:
    """The pieces that are kept, and all of a file from some place on."""
    return b"".join([*kept, memoryview(data)[rest:]])


def _big(data: bytes, at: int, size: int) -> int:
    """A big-endian number; what is missing at the end of the file counts as 0."""
    return int.from_bytes(data[at : at + size].ljust(size, b"\0"), "big")


_STRIPPED: dict[bytes, Callable[[bytes], tuple[bytes, bytes]]] = {
    _JPEG: _bare_jpeg,
    _GIF: _bare_gif,
    _PNG: _bare_png,
}


def jpeg_passes(data: bytes) -> int:
    """How often the decoder of a JPEG goes over its pixels: once for each scan of the picture."""
    passes, at = 0, 2
    while (found := _JPEG_AFTER_SCAN.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker == _JPEG_END:
            break
        passes += marker == _JPEG_SCAN
        at += max(2, _big(data, at, 2))
    return passes


def orientation(exif: bytes) -> int | None:
    """What EXIF says of how the picture is turned, usually 1 to 8; None where it says nothing."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for place in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, place)
            if tag == 0x0112 and kind in _WHOLE_NUMBERS:
                return struct.unpack_from(f"{order}{_WHOLE_NUMBERS[kind]}", tiff, place + 8)[0]
    except struct.error:  # EXIF that is cut off or points outside of itself
        pass
    return None


_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I"}
"""Types of EXIF: byte, short and long."""
