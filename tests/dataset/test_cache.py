"""Images are decoded once and then come from the cache."""

import errno

import numpy as np
import pytest

from pokeclf import imaging
from pokeclf.dataset import open_folder
from tests.bad_images import save
from tests.dataset.conftest import picture, refusal


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that are decoded."""
    names = []
    decode = imaging.decode

    def note(path):
        names.append(path.name)
        return decode(path)

    monkeypatch.setattr(imaging, "decode", note)
    return names


def test_the_cache_is_used_again(root, tmp_path, decoded):
    first = open_folder(root, tmp_path / "work")
    assert len(decoded) == 42
    second = open_folder(root, tmp_path / "work")
    assert len(decoded) == 42
    assert second.entries == first.entries
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.pixels, first.pixels)


def test_the_cache_is_for_contents_and_not_for_where_they_are(root, tmp_path, decoded):
    first = open_folder(root, tmp_path / "work")
    root.rename(tmp_path / "moved")
    moved = open_folder(tmp_path / "moved", tmp_path / "work")
    assert len(decoded) == 42
    assert moved.fingerprint == first.fingerprint


@pytest.mark.parametrize("change", ["contents", "name", "one more", "one less"])
def test_a_changed_folder_is_decoded_anew(change, root, tmp_path, decoded):
    first = open_folder(root, tmp_path / "work")
    image = root / "mew" / "05.png"
    new = save(picture(999), "PNG")
    match change:
        case "contents":
            image.write_bytes(new)
        case "name":
            image.rename(root / "mew" / "5.png")
        case "one more":
            (root / "mew" / "99.png").write_bytes(new)
        case "one less":
            image.unlink()
    second = open_folder(root, tmp_path / "work")
    assert len(decoded) > 80
    assert second.fingerprint != first.fingerprint
    for index, entry in enumerate(second.entries):
        assert second.image(index) == imaging.decode(root / entry.path)


def test_a_cache_that_was_not_finished_is_made_anew(root, tmp_path, decoded):
    def stop(images, count):
        assert count == 42
        for number, image in enumerate(images):
            if number == 20:
                raise KeyboardInterrupt
            yield image

    with pytest.raises(KeyboardInterrupt):
        open_folder(root, tmp_path / "work", stop)
    assert not list((tmp_path / "work").iterdir())
    # As an older version left it: pixels without a description of them.
    opened = open_folder(root, tmp_path / "work")
    (cache,) = (tmp_path / "work").iterdir()
    (cache / "index.json").unlink()
    (cache / "pixels.bin").write_bytes(b"half")
    again = open_folder(root, tmp_path / "work")
    assert again.entries == opened.entries
    assert again.image(41) == imaging.decode(root / again.entries[41].path)


def test_making_a_cache_does_not_disturb_who_reads_the_same(root, tmp_path):
    reader = open_folder(root, tmp_path / "work")
    before = reader.pixels.copy()
    (cache,) = (tmp_path / "work").iterdir()
    (cache / "index.json").unlink()
    open_folder(root, tmp_path / "work")
    assert np.array_equal(reader.pixels, before)


def test_a_full_disk_is_told_in_a_sentence(root, tmp_path, monkeypatch):
    def full(_images, _count):
        raise OSError(errno.ENOSPC, "No space left on device")

    message = refusal(open_folder, root, tmp_path / "work", full)
    assert "cannot be written: No space left on device." in message
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in refusal(open_folder, root, tmp_path / "file")
