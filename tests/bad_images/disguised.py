"""What is no picture under a picture's name, and what is a picture and something else as well."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile

from tests.bad_images.making import quadrants, save

SCRIPT = b"<script>alert(1)</script>"
PAGE = b"<!doctype html><html><body>" + SCRIPT + b"</body></html>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48" onload="alert(1)">'
    + SCRIPT + b"</svg>"
)  # fmt: skip


def disguised() -> dict[str, bytes]:
    """Other kinds of files, by what they are."""
    picture = quadrants()
    others = {
        kind: save(picture, kind)
        for kind in ("TIFF", "ICO", "PPM", "TGA", "PCX", "SGI", "IM", "DDS", "JPEG2000",
                     "ICNS", "EPS", "MSP", "XBM", "SPIDER", "BLP", "AVIF")
        if _can_save(kind)
    }  # fmt: skip
    return {
        **{f"{kind.lower()} as an image": data for kind, data in others.items()},
        "a web page": PAGE,
        "a web page after a byte order mark": b"\xef\xbb\xbf" + PAGE,
        "a drawing with a script": SVG,
        "a drawing that reads a file": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM '
        b'"file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
        "a drawing with a billion laughs": b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "'
        + b"&a;" * 1000 + b'">]><svg>' + b"&b;" * 1000 + b"</svg>",
        "postscript that runs a program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n"
        b"%%EndComments\n(%pipe%touch /tmp/run) (w) file\n%%EOF\n",
        "a script for a shell": b"#!/bin/sh\ntouch /tmp/run\n",
        "a program": b"\x7fELF\x02\x01\x01" + bytes(200),
        "a pickle": pickle.dumps({"a": [1, 2, 3]}),
        "an archive": _archive({"picture.png": save(picture, "PNG")}),
        "an archive that leaves its folder": _archive({"../../etc/passwd": b"x"}),
        "something packed": gzip.compress(bytes(10**6), mtime=0),
        "json": json.dumps({"path": "/etc/passwd"}).encode(),
        "the address of another file": b"file:///etc/passwd\n",
        "a film": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100),
        "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100),
        "a font": b"\x00\x01\x00\x00\x00\x0c" + bytes(100),
        "zeros": bytes(10_000),
        "ones": b"\xff" * 10_000,
        "one byte": b"\x89",
        "line ends": b"\r\n" * 5000,
        "text in every script": "Pokémon ポケモン 口袋妖怪 포켓몬 Покемон 🔎".encode() * 100,
        **_both(),
    }  # fmt: skip


def _both() -> dict[str, bytes]:
    """Pictures that are something else as well."""
    plain = {kind: save(quadrants(), kind) for kind in ("PNG", "JPEG", "WEBP", "BMP")}
    plain["GIF"] = save(quadrants().quantize(4), "GIF")
    found = {}
    for kind, data in plain.items():
        name = kind.lower()
        found |= {
            f"{name} and a web page": data + PAGE,
            f"{name} and an archive": data + _archive({"run.sh": b"#!/bin/sh\n"}),
            f"{name} and a pickle": data + pickle.dumps([1]),
            f"{name} under the signature of another": plain["PNG"][:8] + data,
        }
    comment = b"\x21\xfe" + bytes([len(SCRIPT)]) + SCRIPT + b"\0"
    gif = plain["GIF"]
    at = gif.index(b"\x2c", 13)
    return found | {
        "gif and javascript": b"GIF89a/*" + gif[8:at] + comment + gif[at:] + b"*/=alert(1)",
        "gif with a script in a comment": gif[:at] + comment + gif[at:],
        "jpeg with a script in a comment": plain["JPEG"][:2]
        + b"\xff\xfe" + (2 + len(PAGE)).to_bytes(2, "big") + PAGE + plain["JPEG"][2:],
        "pdf in front of a jpeg": b"%PDF-1.4\n" + plain["JPEG"],
    }  # fmt: skip


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


def _can_save(kind: str) -> bool:
    try:
        save(quadrants(), kind)
    except (KeyError, OSError, ValueError):  # not built into this Pillow, or not in colours
        return False
    return True
