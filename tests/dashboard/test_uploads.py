"""Uploads: no other file is read, and they go when nobody uses them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from pokeclf.dashboard import page, uploads
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.uploads import UNUSED, VARIABLE
from pokeclf.errors import PokeclfError
from tests.dashboard.conftest import PIKACHU


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where Gradio keeps uploads."""
    place = tmp_path / "uploads"
    place.mkdir()
    monkeypatch.setenv(VARIABLE, str(place))
    return place


@pytest.fixture
def upload(folder):
    """A picture that a visitor uploaded."""
    path = folder / "abc" / "mine.png"
    path.parent.mkdir()
    path.write_bytes(Path(PIKACHU).read_bytes())
    return path


def test_only_uploads_are_read(folder, upload, tmp_path):
    assert uploads.path_of({"path": str(upload)}) == str(upload)
    address = f"http://localhost/gradio_api/file={quote(str(upload))}"
    assert uploads.path_of({"path": address}) == str(upload)
    secret = tmp_path / "secret.png"
    secret.write_bytes(upload.read_bytes())
    (folder / "link.png").symlink_to(secret)
    (folder / "round.png").symlink_to(folder / "round.png")
    for path in (
        str(secret), PIKACHU, "/etc/passwd", "/dev/zero", f"{folder}/../secret.png",
        f"{folder}/abc/../../secret.png", f"{folder}-2/a.png", str(folder / "link.png"),
        "secret.png", "~/a.png", "file:///etc/passwd", "http://localhost/a.png",
        "data:image/png;base64,AAAA", "a\0b", "%2e%2e/secret.png", "x" * 10_000,
        f"http://localhost/gradio_api/file={secret}",
    ):  # fmt: skip
        with pytest.raises(PokeclfError, match="no other files and no addresses"):
            uploads.path_of({"path": path})
    for file in (
        {},
        {"path": ""},
        {"path": None},
        {"url": "file:///etc/passwd"},
        str(upload),
        None,
    ):
        with pytest.raises(PokeclfError, match="uploaded"):
            uploads.path_of(file)


def test_files_are_found_wherever_they_are_named(upload):
    sent = [1, {"gallery": [{"image": {"path": str(upload)}}]}]
    assert uploads.uploads_only(sent) == sent
    sent[1]["gallery"].append({"image": {"path": "/etc/passwd"}})
    with pytest.raises(PokeclfError, match="Only uploaded"):
        uploads.uploads_only(sent)


def test_what_nobody_uses_goes_after_an_hour(folder, upload):
    other = folder / "def" / "other.png"
    other.parent.mkdir()
    other.touch()
    half = folder / "tmp12345"  # of an upload that broke off
    half.write_bytes(b"half")
    now = time.time()
    uploads.sweep(folder, now + UNUSED - 60, UNUSED)
    assert upload.exists()
    assert other.exists()
    assert half.exists()
    uploads.sweep(folder, now + UNUSED + 60, UNUSED)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    uploads.sweep(folder, now + 2 * UNUSED + 60, UNUSED)
    assert list(folder.iterdir()) == []


def test_a_picture_that_is_used_stays(store, folder, upload):
    observations = Observations(store)
    observations.get(str(upload), "convmixer")
    before = upload.stat().st_ctime_ns
    time.sleep(0.05)
    observations.get(str(upload), "convmixer")  # known already
    assert upload.stat().st_ctime_ns > before


def test_files_that_are_no_uploads_are_not_touched(store, folder, tmp_path):
    path = tmp_path / "of the data set.png"
    path.write_bytes(Path(PIKACHU).read_bytes())
    before = path.stat()
    Observations(store).get(str(path), "convmixer")
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)


def test_a_picture_that_went_is_said_and_the_page_goes_on(identify, look, warnings, upload):
    shown = look(path=str(upload))["shown"]
    upload.unlink()
    updates = look(path=str(upload), shown=shown, method="layer-cam")
    assert updates == {"picture": None}
    assert "choose it again" in warnings[0]
    assert "example" not in identify.link_of(shown)


def test_a_server_has_a_folder_of_its_own_that_goes_with_it(folder):
    with uploads.kept_apart() as place:
        assert place.parent == folder
        assert place.stat().st_mode & 0o077 == 0
        assert os.environ[VARIABLE] == str(place)
        (place / "a.png").touch()
    assert not place.exists()


def test_what_a_killed_server_left_goes_when_another_one_begins(folder, monkeypatch):
    left, link = folder / f"{uploads.PREFIX}killed", folder / f"{uploads.PREFIX}link"
    (left / "abc").mkdir(parents=True)
    (left / "abc" / "mine.png").touch()
    others = folder / "of another program"
    others.mkdir()
    (others / "a.png").touch()
    link.symlink_to(others)
    with uploads.kept_apart():
        assert left.exists()  # another server may be at work on it
    later = time.time() + UNUSED + 60
    monkeypatch.setattr(uploads.time, "time", lambda: later)
    with uploads.kept_apart():
        assert not left.exists()
    assert (others / "a.png").exists()


def test_the_folder_is_swept_while_the_server_runs(folder, monkeypatch):
    monkeypatch.setattr(uploads, "EVERY", 0.01)
    monkeypatch.setattr(uploads, "UNUSED", 0.2)
    with uploads.kept_apart() as place:
        (place / "a.png").touch()
        until = time.monotonic() + 20
        while (place / "a.png").exists():
            assert time.monotonic() < until
            time.sleep(0.01)


def test_the_page_says_when_pictures_go():
    assert UNUSED == 3600
    assert "an hour after they were last used" in page.FOOTER.replace("\n", " ")


def test_a_name_that_is_no_path_is_not_marked(folder):
    uploads.mark_used("\0")
