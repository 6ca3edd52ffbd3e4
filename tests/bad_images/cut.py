"""Whole files of every accepted format, and the same cut off at many places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.bad_images.making import SIZE, save

BEGINNINGS = (1, 3, 8, 13, 20, 26, 33, 60)
"""Bytes that are left: in the signature, in the header, and before the first pixels."""
SHARES = (0.3, 0.6, 0.9, 0.99)


def whole() -> dict[str, bytes]:
    """Noise, which no format can compress to nothing, in every way that a format stores it."""
    random = np.random.default_rng(0)
    noise = Image.fromarray(random.integers(0, 256, (*SIZE[::-1], 3), np.uint8))
    other = Image.fromarray(random.integers(0, 256, (*SIZE[::-1], 3), np.uint8))
    alpha = noise.convert("RGBA")
    alpha.putalpha(other.convert("L"))
    deep = Image.fromarray(np.asarray(noise)[..., 0].astype(np.uint16))
    moving = {"save_all": True, "append_images": [other], "duration": 50}
    return {
        "png of noise": save(noise, "PNG"),
        "rgba png of noise": save(alpha, "PNG"),
        "palette png of noise": save(noise.quantize(64), "PNG"),
        "16-bit png of noise": save(deep, "PNG"),
        "moving png of noise": save(noise, "PNG", **moving),
        "jpeg of noise": save(noise, "JPEG"),
        "progressive jpeg of noise": save(noise, "JPEG", progressive=True),
        "cmyk jpeg of noise": save(noise.convert("CMYK"), "JPEG"),
        "jpeg with restarts of noise": save(noise, "JPEG", restart_marker_rows=1),
        "webp of noise": save(noise, "WEBP"),
        "lossless webp of noise": save(alpha, "WEBP", lossless=True),
        "moving webp of noise": save(noise, "WEBP", **moving),
        "gif of noise": save(noise.quantize(64), "GIF"),
        "moving gif of noise": save(noise.quantize(64), "GIF", save_all=True,
                           append_images=[other.quantize(64)]),
        "bmp of noise": save(noise, "BMP"),
        "palette bmp of noise": save(noise.quantize(64), "BMP"),
    }  # fmt: skip


def cut() -> dict[str, bytes]:
    """Each of :func:`whole`, cut off."""
    return dict(_cut())


def _cut() -> Iterator[tuple[str, bytes]]:
    for name, data in whole().items():
        for length in (*BEGINNINGS, *(int(share * len(data)) for share in SHARES)):
            yield f"{name}, {length} bytes", data[:length]
