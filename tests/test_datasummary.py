"""The data set in figures: counted right, and refused when it is damaged or of another split."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from PIL import Image

from pokeclf import dataset, datasummary
from pokeclf.errors import PokeclfError
from pokeclf.files import sha256
from pokeclf.split import PARTS, SPLIT_FILE, make_split, write_split
from tests.tiny_data import SIZE, SPECIES, write_images, write_world
from train.__main__ import main


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def altered(world, tmp_path):
    """Writes ``data.json`` with other contents and reads it."""

    def read(**changes):
        raw = json.loads((world.checkpoints / datasummary.FILE).read_text())
        (tmp_path / datasummary.FILE).write_text(json.dumps(raw | changes))
        return datasummary.read(tmp_path, world.split)

    return read


def test_images_are_counted_by_species_kind_source_and_size(world):
    summary = datasummary.read(world.checkpoints, world.split)
    assert set(summary.species) == set(SPECIES)
    assert summary.images == tuple(len(world.split.parts[part]) for part in PARTS)
    assert {name: sum(row) for name, row in summary.kinds.items()} == {"art": 45, "card": 15}
    assert {name: sum(row) for name, row in summary.sources.items()} == {"somewhere": 60}
    assert summary.sizes == ((*SIZE, 60),)
    assert summary.group_sizes == ((2, 1),)
    assert summary.mixed_groups == 1


def test_digests_are_of_the_files_that_may_be_shown(world):
    summary = datasummary.read(world.checkpoints, world.split)
    shown = datasummary.pictured(world.split)
    assert set(world.split.parts["test"]) <= set(shown)
    assert {"abra/0.png", "bulbasaur/0.png"} <= set(shown)
    for name, digest in zip(shown, summary.digests, strict=True):
        assert sha256((world.images / name).read_bytes()).startswith(digest)


def test_sizes_are_those_of_the_files_and_broken_ones_are_counted(tmp_path):
    images = write_images(tmp_path / "images")
    Image.new("RGB", (700, 300), "red").save(images / "abra" / "wide.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (30, 20), "blue").save(images / "abra" / "turned.jpg", exif=turned)
    (images / "abra" / "broken.png").write_bytes(b"not an image")
    (images / "manifest.csv").unlink()
    work, root = tmp_path / "work", tmp_path / "checkpoints"
    split = make_split(dataset.open_folder(images, work), 0)
    write_split(split, root / SPLIT_FILE)
    arguments = ["data", f"--data={images}", f"--out={root}", f"--work={work}"]
    assert main(arguments) == 0
    summary = datasummary.read(root, split)
    assert set(summary.sizes) == {(*SIZE, 60), (700, 300, 1), (20, 30, 1)}
    assert summary.broken == 1
    assert summary.kinds == summary.sources == {}
    assert str(tmp_path) not in (root / datasummary.FILE).read_text()


def test_images_of_another_split_are_not_described(tmp_path, world, capsys):
    other = write_images(tmp_path / "images", seed=1)
    arguments = [f"--data={other}", f"--out={world.checkpoints}", f"--work={tmp_path / 'work'}"]
    assert main(["data", *arguments]) == 2
    assert "belongs to other images" in capsys.readouterr().err


def test_what_is_missing_or_of_another_split_is_said(world, tmp_path):
    with pytest.raises(PokeclfError, match="not described yet: python -m train data"):
        datasummary.read(tmp_path, world.split)
    with pytest.raises(PokeclfError, match="another split"):
        datasummary.read(world.checkpoints, replace(world.split, data_fingerprint="another"))


@pytest.mark.parametrize(
    "changes",
    [
        {"species": {"abra": [1, 2, 3]}},  # does not add up to the split
        {"species": {"abra": [42, 9, "9"]}},
        {"species": {}},
        {"kinds": {"card": [1]}},
        {"sizes": [[48, 40, -60]]},
        {"sizes": [[48, 40]]},
        {"sizes": 3},
        {"group_sizes": [[2, True]]},
        {"broken": "none"},
        {"digests": []},
        {"digests": ["../../../../etc/x"] * 11},
        {"further": 1},
    ],
)
def test_damaged_figures_are_refused(altered, changes):
    with pytest.raises(PokeclfError, match=r"data\.json is damaged"):
        altered(**changes)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"species": 1}'])
def test_a_file_that_is_no_summary_is_refused(world, tmp_path, text):
    (tmp_path / datasummary.FILE).write_text(text)
    with pytest.raises(PokeclfError, match=r"data\.json is damaged"):
        datasummary.read(tmp_path, world.split)
