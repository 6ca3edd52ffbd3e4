"""The report of a comparison: one file that says everything and asks for nothing."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import gradio as gr
import pytest
from PIL import Image

from pokeclf import hub
from pokeclf.dashboard import report
from pokeclf.dashboard.address import SAME
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.comparison import pictures
from pokeclf.dashboard.seen import Observations
from pokeclf.imaging import decode
from pokeclf.markup import TABLES_CSS
from pokeclf.modelstore import ModelStore
from tests.dashboard.conftest import DRAWINGS, plain

MODELS = ["convmixer", "vit_frozen", "extra_trees_exp2"]


@pytest.fixture(scope="module")
def tab():
    with gr.Blocks():
        return Compare(Observations(ModelStore(hub.BUNDLED)), DRAWINGS, workers=1)


@pytest.fixture(scope="module")
def upload(tmp_path_factory):
    """A photo with a name and metadata that nobody else should read."""
    exif = Image.Exif()
    exif[0x010E] = "my home address"
    path = tmp_path_factory.mktemp("upload") / "<b>secret name.jpg"
    image = Image.open(DRAWINGS / "pikachu.png").convert("RGB")
    image.save(path, exif=exif, comment=b"my home address")
    return str(path)


@pytest.fixture(scope="module")
def found(tab, upload):
    *_, last = tab.compare(upload, MODELS, SAME)
    return last[tab.found]


@pytest.fixture(scope="module")
def html(tab, found):
    """The file that a person downloads."""
    link = tab.more.reported(found, "convmixer", "vit_frozen")
    assert 'download="compare-pikachu.html"' in link
    data = re.search('href="data:text/html;base64,([^"]+)"', link)[1]
    return base64.b64decode(data).decode()


def test_it_holds_everything(html, found):
    text = plain(html)
    assert TABLES_CSS.read_text(encoding="utf-8") in html
    for seat in found.seats:
        test = seat.card.test
        assert f">{seat.name}</th><td>{100 * test.accuracy:.1f} %" in text
        assert f"({100 * test.accuracy_low:.1f} % to {100 * test.accuracy_high:.1f} %)" in text
        assert f"{seat.name}, {seat.method.name}, {seat.layer}: Pikachu" in text
        assert seat.card.weights_sha256[:12] in text
        assert seat.card.weights_sha256 not in text
        assert seat.method.sentence in text.replace("&#x27;", "'")
    assert "All 3 say Pikachu." in text
    assert "Where two maps differ" in text
    assert text.count("<figure>") == 1 + 4 + 3


def test_it_asks_for_nothing_and_runs_nothing(html):
    class Tags(HTMLParser):
        found: list[tuple[str, dict]] = []  # noqa: RUF012 - of one parser

        def handle_starttag(self, tag, attrs):
            self.found.append((tag, dict(attrs)))

    parser = Tags()
    parser.feed(html)
    assert not {tag for tag, _ in parser.found} & {"script", "link", "iframe", "object", "a"}
    for _, attributes in parser.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:").startswith("data:")
    assert not re.search(r"url\(|@import|https?://", html)
    assert "default-src 'none'" in html


def test_nothing_of_the_uploaded_file_but_its_pixels_is_in_it(html):
    for data in re.findall('data:image/webp;base64,([^"]+)', html):
        content = base64.b64decode(data)
        assert b"my home address" not in content
        image = Image.open(io.BytesIO(content))
        assert not image.getexif()
        assert image.width <= report.SIDE
    assert "secret name" not in html
    assert "upload" not in html


def test_names_that_look_like_html_are_text(tab, found, upload):
    """Classes of somebody's own images may be called anything."""
    name = "<script>alert(1)</script>"
    seats = tuple(
        replace(
            seat,
            species=name,
            guesses=(replace(seat.guesses[0], species=name), *seat.guesses[1:]),
        )
        for seat in found.seats
    )
    hostile = replace(found, top=None, seats=seats)
    drawn = pictures(tab.observations, hostile)
    page = report.page(hostile, decode(upload), drawn, "", date(2026, 3, 1))
    assert "<script" not in page
    assert "&lt;script" in page
    assert "on 1 March 2026" in page


def test_there_is_none_before_a_comparison_and_when_the_picture_is_gone(tab, found):
    with pytest.raises(Exception, match="nothing to report"):
        tab.more.reported(None, None, None)
    with pytest.raises(Exception, match="no longer on the server"):
        tab.more.reported(replace(found, path="gone.png"), "convmixer", "vit_frozen")
