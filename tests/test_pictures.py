"""Only files that the checkpoints name, with the contents that were measured, are ever read."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from pokeclf import checkpoint, datasummary, hub
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256
from pokeclf.pictures import HOW, SIDE, PictureError, Pictures
from pokeclf.split import SPLIT_FILE, write_split
from tests.tiny_data import write_images, write_world

KANTO = Path(__file__).resolve().parents[2] / "shared" / "kanto"


@pytest.fixture
def world(tmp_path):
    return write_world(tmp_path)


@pytest.fixture
def pictures(world):
    return Pictures(world.checkpoints, world.images)


def test_a_thumbnail_is_a_small_webp_of_the_picture(pictures, world):
    name = world.split.parts["test"][0]
    kind, data = pictures.thumbnail(name).split(",")
    assert kind == "data:image/webp;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.format == "WEBP"
    assert image.size == (48, 40)
    assert max(image.size) <= SIDE
    assert pictures.file(name) == world.images / name
    assert pictures.missing() is None


@pytest.mark.parametrize(
    "name",
    [
        "../checkpoints/split.json", "/etc/passwd", "abra/../../secret.png", "abra", "", ".", "..",
        "abra/0.png/", "abra//1.png", "abra\\1.png", "abra/1.png\0.png", "manifest.csv", None, 3,
        ["abra/1.png"], {"path": "abra/1.png"},
    ],
)  # fmt: skip
def test_no_path_of_a_visitors_choosing_is_read(pictures, world, name):
    Image.new("RGB", (20, 20)).save(world.images.parent / "secret.png")
    for ask in (pictures.file, pictures.thumbnail):
        with pytest.raises(PictureError, match="no such image"):
            ask(name)


def test_training_images_are_not_shown(pictures, world):
    grouped = {path for group in world.split.groups for path in group}
    name = next(path for path in world.split.parts["train"] if path not in grouped)
    with pytest.raises(PictureError, match="no such image"):
        pictures.thumbnail(name)


def test_a_strangers_split_does_not_lead_out_of_the_folder(world, tmp_path):
    """Whoever writes the checkpoints may name any path in them, and its right hash."""
    Image.new("RGB", (20, 20)).save(tmp_path / "secret.png")
    parts = world.split.parts | {"test": (*world.split.parts["test"], "../secret.png")}
    split = replace(world.split, parts=parts)
    raw = json.loads((world.checkpoints / datasummary.FILE).read_text())
    digests = dict(zip(datasummary.pictured(world.split), raw["digests"], strict=True))
    digests["../secret.png"] = datasummary.digest(sha256((tmp_path / "secret.png").read_bytes()))
    raw["digests"] = [digests[name] for name in datasummary.pictured(split)]
    raw["split_fingerprint"] = split.fingerprint
    for table in ("species", "kinds", "sources"):
        next(iter(raw[table].values()))[2] += 1
    write_split(split, world.checkpoints / SPLIT_FILE)
    (world.checkpoints / datasummary.FILE).write_text(json.dumps(raw))
    pictures = Pictures(world.checkpoints, world.images)
    assert pictures.missing() is None
    with pytest.raises(PictureError, match="no such image"):
        pictures.thumbnail("../secret.png")


def test_a_missing_file_and_one_with_other_contents_are_said(pictures, world):
    first, second, third = world.split.parts["test"][:3]
    (world.images / first).unlink()
    with pytest.raises(PictureError, match="not in the folder"):
        pictures.thumbnail(first)
    (world.images / second).write_bytes((world.images / third).read_bytes())
    with pytest.raises(PictureError, match="another than the one"):
        pictures.thumbnail(second)
    assert pictures.thumbnail(third)


def test_a_broken_file_is_said(pictures, world):
    """A file that was broken all along never gets into a split; one may have been made up."""
    name = world.split.parts["test"][0]
    (world.images / name).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    raw = json.loads((world.checkpoints / datasummary.FILE).read_text())
    place = datasummary.pictured(world.split).index(name)
    raw["digests"][place] = datasummary.digest(sha256((world.images / name).read_bytes()))
    (world.checkpoints / datasummary.FILE).write_text(json.dumps(raw))
    with pytest.raises(PokeclfError, match="not an image"):
        pictures.thumbnail(name)


def test_another_data_set_with_the_same_names_is_not_shown(world, tmp_path):
    other = write_images(tmp_path / "other", seed=1)
    pictures = Pictures(world.checkpoints, other)
    with pytest.raises(PictureError, match="another than the one"):
        pictures.thumbnail(world.split.parts["test"][0])


def test_without_a_folder_or_a_summary_there_is_a_sentence(world):
    without = Pictures(world.checkpoints)
    assert without.missing() == HOW
    with pytest.raises(PictureError, match="POKECLF_DATA"):
        without.thumbnail(world.split.parts["test"][0])
    (world.checkpoints / datasummary.FILE).rename(world.checkpoints / "gone.json")
    pictures = Pictures(world.checkpoints, world.images)
    assert "python -m train data" in pictures.missing()
    with pytest.raises(PokeclfError, match="not described yet"):
        pictures.summary()
    (world.checkpoints / "gone.json").rename(world.checkpoints / datasummary.FILE)
    assert pictures.missing() is None  # read again when it has changed


def test_another_splits_predictions_are_not_told_as_this_ones(pictures, world):
    card = checkpoint.read_card(world.checkpoints / "convmixer")
    assert pictures.test_images(card) == world.split.parts["test"]
    with pytest.raises(PokeclfError, match="have changed"):
        pictures.test_images(replace(card, split_fingerprint="another"))


def test_the_bundled_summary_fits_the_real_images():
    if not KANTO.is_dir():
        pytest.skip("the images are not on this machine: no ../shared/kanto")
    pictures = Pictures(hub.BUNDLED, KANTO)
    assert pictures.missing() is None
    for name in pictures.split().parts["test"][::200]:
        assert pictures.file(name).is_file()
