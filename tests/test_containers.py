"""What a picture does not need is taken out of its file; the picture stays the same."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import ExifTags, Image

from pokeclf import containers
from pokeclf.containers import TooManyPiecesError, bare, jpeg_passes, orientation
from tests.bad_images import REFUSED, bad_images, quadrants, save

READABLE = {name: data for name, (data, expected) in bad_images().items() if expected != REFUSED}
SECRET = b"51.4778 N 0.0014 W"


@pytest.mark.filterwarnings(r"ignore:::PIL\.")
@pytest.mark.parametrize("name", sorted(set(READABLE) - {"png with a text bomb"}))
def test_the_pixels_stay_the_same(name):
    with Image.open(io.BytesIO(READABLE[name])) as image:
        before = image.size, image.convert("RGBA").tobytes()
    stripped, _ = bare(READABLE[name])
    with Image.open(io.BytesIO(stripped)) as image:
        assert (image.size, image.convert("RGBA").tobytes()) == before
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info) or name[:4] == "webp"


def _with_secrets(kind):
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET.decode()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    if kind == "GIF":
        return save(quadrants(), kind, comment=SECRET)
    return save(quadrants(), kind, exif=exif, comment=SECRET, icc_profile=SECRET * 9, xmp=SECRET)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_is_told_beside_the_pixels_goes(kind):
    data = _with_secrets(kind)
    assert SECRET in data
    stripped, exif = bare(data)
    assert SECRET not in stripped
    assert (SECRET in exif) == (kind != "GIF")


def test_other_files_come_back_as_they_are():
    for data in (b"", b"text", save(quadrants(), "BMP"), save(quadrants(), "WEBP")):
        assert bare(data) == (data, b"")


def test_what_follows_the_picture_is_kept_from_nobody_but_png():
    film = b"a film \xff\xda\xff\xd9" * 3
    assert bare(save(quadrants(), "JPEG") + film)[0].endswith(film)
    assert bare(save(quadrants(), "PNG") + film)[0].endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe5\0\2" * 2000,
        b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1a\0" * 2000,
        b"GIF89a\1\0\1\0\0\0\0" + b"?" * 2000,
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 2000,
    ],
    ids=["jpeg", "gif", "gif of junk", "png"],
)
def test_too_many_pieces_are_refused(data, monkeypatch):
    bare(data)
    monkeypatch.setattr(containers, "MAX_PIECES", 1000)
    with pytest.raises(TooManyPiecesError):
        bare(data)


@pytest.mark.parametrize(("options", "passes"), [({}, 1), ({"progressive": True}, 10)])
def test_the_passes_of_a_jpeg_are_counted_up_to_its_end(options, passes):
    data = save(quadrants((400, 300)), "JPEG", **options)
    assert jpeg_passes(data) == passes
    assert jpeg_passes(data + b"\xff\xda" * 9) == passes  # a film, or another picture
    assert jpeg_passes(data[:-2] + b"\xff\xff\xff\xda\0\2" * 9 + data[-2:]) == passes + 9


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_the_orientation_is_read_in_every_way_that_it_is_written(order, kind):
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    for number in range(1, 9):
        value = struct.pack(order + {1: "B3x", 3: "H2x", 4: "I"}[kind], number)
        other = struct.pack(f"{order}HHI4s", 0x010F, 2, 4, b"abc\0")
        entry = struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
        tiff = mark + struct.pack(f"{order}IH", 8, 2) + other + entry + bytes(4)
        assert orientation(tiff) == orientation(b"Exif\0\0" + tiff) == number
        assert all(orientation(tiff[:length]) is None for length in range(len(tiff) - 8))


def test_the_orientation_is_the_one_that_pillow_writes():
    for number in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = number
        assert orientation(exif.tobytes()) == number
    assert orientation(Image.Exif().tobytes()) is None
