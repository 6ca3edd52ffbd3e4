import errno
import os
import stat
from pathlib import Path

import pytest

from pokeclf import files
from pokeclf.errors import PokeclfError
from pokeclf.files import (
    check_folder_writable,
    check_writable,
    folder_written_whole,
    sha256,
    to_json,
    write_atomically,
    write_together,
)


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def refuse(code):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    return fail


def check_sentence(caught, path):
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "cannot be written" in message
    assert message.endswith(".")
    assert "\n" not in message


def test_hash_and_json():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert to_json({"name": "Nidoran♀"}) == '{\n "name": "Nidoran♀"\n}\n'.encode()


# One file


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "deep" / "down" / "card.json"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["card.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize(("owner", "function"), [(os, "fsync"), (Path, "replace")])
def test_a_failure_leaves_the_old_file(owner, function, tmp_path, monkeypatch):
    path = tmp_path / "card.json"
    write_atomically(path, b"old")
    monkeypatch.setattr(owner, function, refuse(errno.ENOSPC))
    with pytest.raises(PokeclfError) as caught:
        write_atomically(path, b"new")
    check_sentence(caught, path)
    assert "No space left on device" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["card.json"]


def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "card.json"
    write_atomically(path, b"old")

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["card.json"]


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(PokeclfError, match="not a regular file"):
            write_atomically(path, b"")
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "card.json"
    with pytest.raises(PokeclfError) as caught:
        write_atomically(path, b"")
    check_sentence(caught, path)


def test_a_folder_in_the_way_of_a_file(tmp_path):
    path = tmp_path / "card.json"
    path.mkdir()
    with pytest.raises(PokeclfError) as caught:
        write_atomically(path, b"")
    check_sentence(caught, path)
    assert names(tmp_path) == ["card.json"]


# Several files


@pytest.mark.parametrize("failing", [1, 2])
def test_several_files_are_written_together_or_not_at_all(failing, tmp_path, monkeypatch):
    first, second = tmp_path / "map.npy", tmp_path / "map.png"
    write_together({first: b"old", second: b"old"})
    calls = []

    def fail_later(_):
        calls.append(1)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail_later)
    with pytest.raises(PokeclfError) as caught:
        write_together({first: b"new", second: b"new"})
    check_sentence(caught, (first, second)[failing - 1])
    assert first.read_bytes() == second.read_bytes() == b"old"
    assert names(tmp_path) == ["map.npy", "map.png"]


def test_whether_a_file_can_be_written_is_known_before(tmp_path):
    check_writable(tmp_path / "map.png")
    assert names(tmp_path) == []
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "no" / "map.png", tmp_path / "file" / "map.png"):
        with pytest.raises(PokeclfError) as caught:
            check_writable(path)
        check_sentence(caught, path)


def test_whether_a_folder_can_be_written_is_known_before(tmp_path):
    check_folder_writable(tmp_path / "deep" / "down")
    assert names(tmp_path / "deep" / "down") == []
    (tmp_path / "file").touch()
    with pytest.raises(PokeclfError) as caught:
        check_folder_writable(tmp_path / "file")
    check_sentence(caught, tmp_path / "file")


# A whole folder


@pytest.fixture
def target(tmp_path):
    """A folder with one file, which is to be replaced."""
    target = tmp_path / "convmixer"
    target.mkdir()
    (target / "old.json").write_text("old")
    return target


def test_a_new_folder(tmp_path):
    target = tmp_path / "checkpoints" / "convmixer"
    with folder_written_whole(target) as folder:
        (folder / "card.json").write_text("new")
        assert not target.exists()
    assert names(target) == ["card.json"]
    assert names(target.parent) == ["convmixer"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_the_old_folder_stays_until_the_new_one_is_whole(target):
    with folder_written_whole(target) as folder:
        (folder / "new.json").write_text("new")
        assert names(target) == ["old.json"]
    assert names(target) == ["new.json"]
    assert names(target.parent) == ["convmixer"]


@pytest.mark.parametrize("error", [ValueError("a defect"), KeyboardInterrupt()])
def test_an_exception_in_the_block_leaves_the_old_folder(error, target):
    def write_half():
        with folder_written_whole(target) as folder:
            (folder / "new.json").write_text("half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert names(target) == ["old.json"]
    assert (target / "old.json").read_text() == "old"
    assert names(target.parent) == ["convmixer"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "convmixer"
    with pytest.raises(PokeclfError) as caught, folder_written_whole(target):
        pytest.fail("the block must not run")
    check_sentence(caught, target)
    assert names(tmp_path) == ["file"]


def test_a_full_disk_inside_the_block_is_a_sentence(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "card.json").write_text("old")

    def fill_the_disk():
        with folder_written_whole(target) as folder:
            (folder / "card.json").write_text("new")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(PokeclfError) as caught:
        fill_the_disk()
    check_sentence(caught, target)
    assert (target / "card.json").read_text() == "old"
    assert names(tmp_path) == ["model"]


def test_where_folders_cannot_be_exchanged_one_makes_room_for_the_other(target, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    with folder_written_whole(target) as folder:
        (folder / "new.json").write_text("new")
    assert names(target) == ["new.json"]
    assert names(target.parent) == ["convmixer"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    target = tmp_path / "model"
    target.mkdir()
    (target / "card.json").write_text("old")
    rename = Path.rename

    def fail_for_the_new_one(self, other):
        if ".new." in self.name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with pytest.raises(PokeclfError) as caught, folder_written_whole(target) as folder:
        (folder / "card.json").write_text("new")
    check_sentence(caught, target)
    assert (target / "card.json").read_text() == "old"
    assert names(tmp_path) == ["model"]
