"""What a picture tells besides its pixels (where, when and by whom it was taken) goes nowhere."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from pokeclf.dashboard.api import Api
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.identify import Identify
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.uploads import VARIABLE
from pokeclf.dashboard.waiting import Latest
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from tests.bad_images import quadrants
from tests.tiny_checkpoints import write_random_checkpoint

SECRET = "Lavender Town 7"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
DRAWINGS = Path(__file__).resolve().parent.parent / "examples"


def _told(kind):
    """An image of a format with the secret in every place that the format has for such."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x9286] = SECRET  # description, artist, comment
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0), 29: SECRET}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    text.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
    xmp = f"<x>{SECRET}</x>".encode()
    options = {
        "JPEG": {"exif": exif, "comment": SECRET, "icc_profile": profile, "xmp": xmp},
        "PNG": {"exif": exif, "pnginfo": text, "icc_profile": profile},
        "WEBP": {"exif": exif, "xmp": xmp, "icc_profile": profile},
        "GIF": {"comment": SECRET},
    }
    buffer = io.BytesIO()
    quadrants((64, 48)).save(buffer, kind, **options[kind])
    assert SECRET.encode() in buffer.getvalue()
    return buffer.getvalue()


@pytest.fixture(scope="module")
def observations(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkpoints")
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(root, model)
    return Observations(ModelStore(root))


@pytest.fixture(params=FORMATS)
def upload(request, tmp_path, monkeypatch):
    """The path of a picture that tells a secret, where uploads are."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    path = tmp_path / f"mine.{request.param.lower()}"
    path.write_bytes(_told(request.param))
    return str(path)


def _files_in(html):
    """The pictures and files in a page's text, decoded."""
    return [base64.b64decode(data) for data in re.findall(r";base64,([\w+/=]+)", html)]


def _keeps_the_secret(*files):
    assert files
    for data in files:
        assert SECRET.encode() not in data
        if not data.startswith(b"\x93NUMPY"):
            with Image.open(io.BytesIO(data)) as image:
                assert not image.getexif()
                assert set(image.info) <= {"dpi", "loop", "background", "timestamp", "duration"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_decoded_picture_is_pixels_only(kind):
    image = decode(_told(kind))
    assert image.info == {}
    assert not image.getexif()


def test_what_programs_get_keeps_the_secret(observations, upload):
    picture = {"path": upload, "orig_name": "mine.png"}
    answer, drawn = Api(observations).explain(picture, "convmixer")
    _keeps_the_secret(Path(drawn["path"]).read_bytes())
    assert SECRET not in str(answer)


def test_what_is_saved_keeps_the_secret(observations, upload):
    with gr.Blocks():
        identify = Identify(observations, DRAWINGS, workers=1)
    settings = (None, None, "mean", "all", 0)
    updates = identify.look(
        upload, "convmixer", 3, None, None, 60, 0, None, Latest(), *settings
    )  # fmt: skip
    _keeps_the_secret(*_files_in(identify.keep.keep(updates[identify.shown])))


def test_a_report_keeps_the_secret(observations, upload):
    with gr.Blocks():
        compare = Compare(observations, DRAWINGS, workers=1)
    *_, last = compare.compare(upload, ["convmixer", "vit_frozen"], "same")
    found = last[compare.found]
    link = compare.more.reported(found, "convmixer", "vit_frozen")
    (page,) = _files_in(link)
    _keeps_the_secret(*_files_in(page.decode()))
