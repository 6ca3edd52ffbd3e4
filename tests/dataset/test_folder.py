"""Which files of a folder are its images."""

import errno
from pathlib import Path

from pokeclf import imaging
from pokeclf.dataset import open_folder
from tests.bad_images import save
from tests.dataset.conftest import CLASSES, fill, picture, refusal


def test_a_folder_of_classes(opened, root):
    assert opened.classes == CLASSES
    assert not opened.broken
    paths = [entry.path for entry in opened.entries]
    assert len(paths) == 42
    assert paths == sorted(paths)
    assert opened.labels().tolist() == [0] * 14 + [1] * 14 + [2] * 14
    for index, entry in enumerate(opened.entries):
        assert entry.label == entry.path.split("/")[0]
        assert opened.image(index) == imaging.decode(root / entry.path)


def test_large_images_are_kept_small(root, tmp_path):
    large = picture(7, (900, 600))
    (root / "mew" / "large.jpg").write_bytes(save(large, "JPEG"))
    opened = open_folder(root, tmp_path / "work")
    index = [entry.path for entry in opened.entries].index("mew/large.jpg")
    assert opened.image(index).size == (256, 171)
    assert opened.image(index) == imaging.canonical(imaging.decode(root / "mew" / "large.jpg"))


def test_broken_files_are_listed_and_skipped(root, tmp_path):
    (root / "mew" / "empty.png").touch()
    (root / "mew" / "text.jpg").write_text("This is Mew.")
    (root / "mew" / "cut.png").write_bytes(save(picture(50), "PNG")[:3000])
    opened = open_folder(root, tmp_path / "work")
    assert [path for path, _ in opened.broken] == ["mew/cut.png", "mew/empty.png", "mew/text.jpg"]
    assert all(reason.endswith(".") for _, reason in opened.broken)
    assert len(opened.entries) == 42
    # They are known from the cache as well.
    assert open_folder(root, tmp_path / "work").broken == opened.broken


def test_a_file_that_may_not_be_read_is_listed_and_skipped(root, tmp_path, monkeypatch):
    really_open = Path.open

    def open_others(path, *arguments, **options):
        if path.name == "03.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_others)
    opened = open_folder(root, tmp_path / "work")
    assert opened.broken == tuple(
        (f"{name}/03.png", "The file 03.png cannot be read.") for name in CLASSES
    )


def test_what_is_no_image_is_no_part_of_the_data(root, tmp_path):
    (root / "LICENSE").write_text("free")
    (root / "cover.png").write_bytes(save(picture(1), "PNG"))
    (root / "mew" / "notes.txt").write_text("shy")
    (root / "mew" / "more").mkdir()
    (root / "mew" / "folder.png").mkdir()
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "00-checkpoint.png").write_bytes(save(picture(2), "PNG"))
    opened = open_folder(root, tmp_path / "work")
    assert opened.classes == CLASSES
    assert len(opened.entries) == 42


def test_a_class_with_too_few_images_is_named(root, tmp_path):
    fill(root / "ditto", 500, 9)
    assert refusal(open_folder, root, tmp_path / "work") == (
        "Class 'ditto' has 9 readable images; at least 10 are needed."
    )


def test_a_class_of_broken_images_is_named(root, tmp_path):
    (root / "ditto").mkdir()
    for number in range(12):
        (root / "ditto" / f"{number}.png").write_bytes(b"I am a picture.")
    assert "'ditto' has 0 readable images" in refusal(open_folder, root, tmp_path / "work")


def test_no_folder_and_nothing_in_it(tmp_path):
    assert "There is no folder" in refusal(open_folder, tmp_path / "none", tmp_path / "work")
    (tmp_path / "empty").mkdir()
    assert "no class folders" in refusal(open_folder, tmp_path / "empty", tmp_path / "work")
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "mew.png").write_bytes(save(picture(0), "PNG"))
    assert "no class folders" in refusal(open_folder, tmp_path / "flat", tmp_path / "work")
    assert not (tmp_path / "work").exists()
