"""Near-duplicates stay together, and every class is in every part."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from pokeclf import dataset
from pokeclf.dataset import ImageFolder, open_folder
from pokeclf.split import PARTS, make_split, read_split, write_split
from tests.bad_images import save
from tests.dataset.conftest import CLASSES, fill, part_of, picture, refusal

REPOSITORY = Path(__file__).parents[2]
KANTO = REPOSITORY.parent / "shared" / "kanto"
COMMITTED_SPLIT = REPOSITORY / "checkpoints" / "split.json"


# Near-duplicates


def test_equal_and_nearly_equal_images_are_one_group(root, tmp_path):
    original = picture(105)  # mew/05.png
    copies = {
        "mew/same.png": save(original, "PNG"),
        "mew/jpeg.jpg": save(original, "JPEG", quality=60),
        "mew/resized.png": save(original.resize((66, 55), Image.Resampling.BICUBIC), "PNG"),
        "mew/mirrored.png": save(ImageOps.mirror(original), "PNG"),
        "zubat/stray.webp": save(original, "WEBP"),
    }
    for path, data in copies.items():
        (root / path).write_bytes(data)
    opened = open_folder(root, tmp_path / "work")
    groups = dataset.near_duplicate_groups(opened.entries)
    numbers = {entry.path: group for entry, group in zip(opened.entries, groups, strict=True)}
    alike = {path for path, group in numbers.items() if group == numbers["mew/05.png"]}
    assert alike == {"mew/05.png", *copies}
    # All others are alone.
    assert len(set(groups)) == 42
    for seed in range(5):
        split = make_split(opened, seed)
        parts = part_of(split)
        assert len({parts[path] for path in alike}) == 1
        assert split.groups == (tuple(sorted(alike)),)


def test_alike_to_alike_is_one_group(root, tmp_path):
    """A is near B and B is near C, though C may be far from A."""
    for number in range(6):
        shade = Image.blend(picture(105), picture(777), number / 12)
        (root / "mew" / f"step{number}.png").write_bytes(save(shade, "PNG"))
    opened = open_folder(root, tmp_path / "work")
    groups = dataset.near_duplicate_groups(opened.entries)
    hashes = {entry.path: int(entry.hash, 16) for entry in opened.entries}
    numbers = {entry.path: group for entry, group in zip(opened.entries, groups, strict=True)}
    for one in hashes:
        for other in hashes:
            if (hashes[one] ^ hashes[other]).bit_count() <= dataset.NEAR_DUPLICATE_BITS:
                assert numbers[one] == numbers[other]
    first, last = "mew/step0.png", "mew/step5.png"
    assert (hashes[first] ^ hashes[last]).bit_count() > dataset.NEAR_DUPLICATE_BITS
    assert numbers[first] == numbers[last]


# The split


def test_the_split_is_whole_stratified_and_without_repetition(opened):
    split = make_split(opened, seed=0)
    assert tuple(split.parts) == PARTS
    paths = [path for part in split.parts.values() for path in part]
    assert sorted(paths) == [entry.path for entry in opened.entries]
    assert all(list(part) == sorted(part) for part in split.parts.values())
    for part, count in (("train", 10), ("validation", 2), ("test", 2)):
        classes = Counter(path.split("/")[0] for path in split.parts[part])
        assert classes == dict.fromkeys(CLASSES, count), part
    assert split.data_fingerprint == opened.fingerprint
    assert split.groups == ()


def test_shares_of_a_larger_folder(tmp_path):
    for number, name in enumerate(CLASSES):
        fill(tmp_path / "data" / name, 100 * number, 40)
    split = make_split(open_folder(tmp_path / "data", tmp_path / "work"), seed=0)
    assert {part: len(paths) for part, paths in split.parts.items()} == {
        "train": 84,
        "validation": 18,
        "test": 18,
    }


@pytest.mark.parametrize("count", [10, 11, 14, 19, 20, 25])
def test_a_small_class_beside_a_large_one_is_in_every_part(count):
    """With hashes made up, for speed."""
    sizes = {"large": 90, "small": count, "smaller": 10}
    for seed in range(3):
        split = make_split(described(sizes), seed)
        for name in sizes:
            counts = [
                sum(path.startswith(name + "/") for path in split.parts[part])
                for part in split.parts
            ]
            assert min(counts) >= 1
            assert counts[0] == max(counts)


def described(sizes: dict[str, int], alike: dict[str, int] | None = None) -> ImageFolder:
    """A folder without images; the first ``alike`` of a class are near-duplicates."""
    random = np.random.default_rng(0)
    entries = []
    for name, count in sorted(sizes.items()):
        common = f"{random.integers(2**63):016x}"
        for number in range(count):
            near = number < (alike or {}).get(name, 0)
            one, other = (f"{random.integers(2**63):016x}" for _ in range(2))
            path = f"{name}/{number:03}.png"
            entries.append(dataset.Entry(path, name, path, 8, 8, 0, common if near else one, other))
    return ImageFolder(tuple(entries), (), tuple(sorted(sizes)), "made up", {}, np.empty(0))


def test_kinds_of_held_out_images_are_kept_with_the_split(tmp_path):
    folder = described({"a": 30, "b": 12})
    kinds = {entry.path: "card" if entry.label == "a" else "art" for entry in folder.entries[:-1]}
    split = make_split(replace(folder, kinds=kinds), 0)
    for part in ("validation", "test"):
        found = dict(zip(split.parts[part], split.kinds_of(part), strict=True))
        assert found == {path: kinds.get(path, "") for path in split.parts[part]}
    held_out = {*split.parts["validation"], *split.parts["test"]}
    assert {path for paths in split.kinds.values() for path in paths} <= held_out
    write_split(split, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json") == split
    # Without a manifest nothing is known, and nothing is wrong.
    assert set(make_split(folder, 0).kinds_of("test")) == {""}


def test_a_manifest_tells_the_kinds(tmp_path, root):
    (root / "manifest.csv").write_text("file,kind\nabra/00.png,card\n")
    assert open_folder(root, tmp_path / "work").kinds == {"abra/00.png": "card"}
    (root / "manifest.csv").write_text("something,else\n1,2\n")
    assert open_folder(root, tmp_path / "work").kinds == {}


def test_near_duplicates_leave_every_class_in_every_part():
    for seed in range(5):
        split = make_split(described({"a": 30, "b": 12, "c": 10}, {"b": 9, "c": 8}), seed)
        parts = part_of(split)
        for name, near in (("b", 9), ("c", 8)):
            group = {parts[f"{name}/{number:03}.png"] for number in range(near)}
            assert len(group) == 1
            of_class = {part for path, part in parts.items() if path.startswith(name)}
            assert of_class == set(PARTS)


@pytest.mark.parametrize("sizes", [{"a": 30, "b": 12}, {"b": 12}])
def test_a_class_of_near_duplicates_is_named(sizes):
    message = refusal(make_split, described(sizes, {"b": 11}), 0)
    assert message.startswith("Class 'b' cannot be split into train, validation, test")
    refusal(make_split, described(sizes, {"b": 12}), 0)


def test_the_split_depends_on_the_seed_alone(opened):
    assert make_split(opened, seed=3) == make_split(opened, seed=3)
    fingerprints = {make_split(opened, seed).fingerprint for seed in range(4)}
    assert len(fingerprints) == 4


def test_indices_find_the_images(opened):
    split = make_split(opened, seed=0)
    for part, paths in split.parts.items():
        found = [opened.entries[index].path for index in split.indices(opened, part)]
        assert found == list(paths)


def test_a_split_is_read_as_written(opened, tmp_path):
    split = make_split(opened, seed=0)
    write_split(split, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json") == split
    assert read_split(tmp_path / "split.json").fingerprint == split.fingerprint


def test_a_split_that_was_tampered_with_is_refused(opened, tmp_path):
    path = tmp_path / "split.json"
    write_split(make_split(opened, seed=0), path)
    written = json.loads(path.read_text())
    moved = json.loads(path.read_text())
    moved["parts"]["train"].append(moved["parts"]["test"].pop())
    path.write_text(json.dumps(moved))
    assert "was changed" in refusal(read_split, path)
    path.write_text(json.dumps({**written, "fingerprint": "0" * 64}))
    assert "was changed" in refusal(read_split, path)
    path.write_text(json.dumps(written))
    read_split(path)


@pytest.mark.parametrize(
    "contents",
    [b"", b"{", b"[]", b"7", b"{}", b'{"parts": 5}', b"\xff\xfe", b'{"parts": {"train": []}}'],
)
def test_what_is_no_split_is_refused(contents, tmp_path):
    path = tmp_path / "split.json"
    path.write_bytes(contents)
    assert refusal(read_split, path) == f"{path.name} is not a readable split file."


def test_no_split_file(tmp_path):
    assert "not a readable split" in refusal(read_split, tmp_path / "none.json")
    assert "not a readable split" in refusal(read_split, tmp_path)


# The real data


@pytest.mark.skipif(not COMMITTED_SPLIT.exists(), reason="checkpoints/split.json is not there")
def test_the_committed_split_keeps_near_duplicates_together():
    split = read_split(COMMITTED_SPLIT)
    parts = part_of(split)
    assert len(parts) == sum(len(paths) for paths in split.parts.values())
    assert all(len({parts[path] for path in group}) == 1 for group in split.groups)


@pytest.mark.skipif(not COMMITTED_SPLIT.exists(), reason="checkpoints/split.json is not there")
@pytest.mark.skipif(not KANTO.is_dir(), reason="the images are not in ../shared/kanto")
def test_the_committed_split_is_of_the_real_images():
    split = read_split(COMMITTED_SPLIT)
    parts = part_of(split)
    files = {path.relative_to(KANTO).as_posix() for path in KANTO.glob("*/*.jpg")}
    assert set(parts) == files
    for part, share in (("train", 70), ("validation", 15), ("test", 15)):
        paths = split.parts[part]
        assert len({path.split("/")[0] for path in paths}) == 151
        assert 100 * len(paths) / len(files) == pytest.approx(share, abs=0.5)
