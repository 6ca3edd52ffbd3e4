"""Where ``python -m pokeclf explain`` writes to, and what it says before it computes."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pokeclf import explaincommand
from pokeclf.__main__ import main
from pokeclf.drawings import FOLDER


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with a picture and what may be in the way of a file."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (60, 40), "yellow").save("card.png")
    Path("folder.png").mkdir()
    Path("folder.npy").mkdir()
    Path("file").touch()
    Path("link.npy").symlink_to("map.png")
    Path("link.png").symlink_to("card.png")
    Path("loop.png").symlink_to("other-loop.png")
    Path("other-loop.png").symlink_to("loop.png")
    return tmp_path


@pytest.fixture
def nothing_computed(monkeypatch):
    def compute(*_, **__):
        pytest.fail("this is said before anything is computed")

    monkeypatch.setattr(explaincommand.explain, "explain", compute)
    monkeypatch.setattr(explaincommand.imaging, "decode", compute)


def _explain(root, image, *arguments, model="convmixer"):
    return main([f"--checkpoints={root}", "explain", image, f"--model={model}", *arguments])


def _contents(folder):
    return {p.name: p.read_bytes() if p.is_file() else None for p in folder.iterdir()}


def _refused(root, here, capsys, *arguments, model="convmixer", image="card.png"):
    """The one sentence of a refusal, which leaves the folder as it was."""
    before = _contents(here)
    assert _explain(root, image, *arguments, model=model) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.endswith(".\n")
    assert _contents(here) == before
    return output.err


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--method=Grad-CAM++"], "card-convmixer-grad-cam++.png"),
        ([], "card-convmixer-grad-cam.png"),
    ],
)
def test_without_out_the_file_is_named_after_picture_model_and_method(
    root, here, capsys, arguments, name
):
    folder = here / "elsewhere"
    folder.mkdir()
    Path("card.png").rename(folder / "card.png")
    assert _explain(root, "elsewhere/card.png", *arguments) == 0
    width, height = Image.open(name).size
    assert height > width > 480  # the map, enlarged, and lines below it
    assert capsys.readouterr().out.endswith(f" is written to {name}.\n")


@pytest.mark.usefixtures("nothing_computed")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out=card.png"], "--out and the image are the same file."),
        (["--out=./folder.png/../card.png"], "--out and the image are the same file."),
        (["--out=link.png"], "--out and the image are the same file."),
        (["--out=map.png", "--array=link.npy"], "--out and --array are the same file."),
        (["--out=folder.png"], "folder.png cannot be written: it is not a regular file."),
        (["--array=folder.npy"], "folder.npy cannot be written: it is not a regular file."),
        (["--out=no/map.png"], "no/map.png cannot be written: there is no folder no."),
        (["--out=file/map.png"], "file/map.png cannot be written: there is no folder file."),
        (["--array=no/map.npy"], "no/map.npy cannot be written: there is no folder no."),
        (["--out=map.jpg"], "--out is a PNG: map.jpg does not end in .png."),
        (["--out=map"], "--out is a PNG: map does not end in .png."),
        (["--array=map.png"], "--array is for NumPy: map.png does not end in .npy."),
        ([f"--out={'x' * 252}.png"], "cannot be written: File name too long."),
        (["--out=loop.png/map.png"], "cannot be written: there is no folder loop.png."),
    ],
)
def test_places_that_cannot_be_written_are_refused_at_once(root, here, capsys, arguments, sentence):
    assert _refused(root, here, capsys, *arguments).endswith(f"{sentence}\n")


@pytest.mark.usefixtures("nothing_computed")
def test_the_array_does_not_replace_the_picture_either(root, here, capsys):
    Path("card.png").rename("card.npy")  # whatever it is called, its bytes are a picture's
    said = _refused(root, here, capsys, "--array=card.npy", image="card.npy")
    assert said == "--array and the image are the same file.\n"


@pytest.mark.usefixtures("nothing_computed")
@pytest.mark.parametrize("option", ["--out=map.png", "--array=map.npy"])
def test_a_folder_without_permission_is_refused_at_once(root, here, capsys, monkeypatch, option):
    def refuse(*_, **__):  # permissions do not stop root, who may run the tests
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    said = _refused(root, here, capsys, option)
    assert said.endswith(" cannot be written: Permission denied.\n")


def test_a_loop_of_links_is_no_traceback(root, here, capsys):
    assert "loop.png" in _refused(root, here, capsys, "--out=map.png", image="loop.png")
    assert "same file" in _refused(root, here, capsys, "--out=loop.png", image="loop.png")
    assert _explain(root, "card.png", "--out=loop.png", "--array=map.npy") == 0
    assert Image.open("loop.png").height > 480


def test_a_disk_that_fills_up_leaves_no_half_result(root, here, capsys, monkeypatch):
    written = []

    def full_for_the_second(_):
        written.append(1)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_for_the_second)
    said = _refused(root, here, capsys, "--out=map.png", "--array=map.npy")
    assert said.endswith(" cannot be written: No space left on device.\n")
    assert len(written) == 2


@pytest.mark.usefixtures("nothing_computed")
def test_one_head_has_nothing_to_merge(root, here, capsys):
    arguments = ("--method=attention", "--head=1", "--heads=max")
    said = _refused(root, here, capsys, *arguments, model="vit_frozen")
    assert said == "A single --head leaves nothing to merge, so it takes no --heads.\n"


@pytest.mark.parametrize("option", ["--head=1", "--heads=max"])
def test_one_head_or_a_way_to_merge_them_all_is_fine(root, here, option):
    arguments = ("--method=attention", option, "--out=map.png", "--array=map.npy")
    assert _explain(root, "card.png", *arguments, model="vit_frozen") == 0
    assert np.load("map.npy", allow_pickle=False).shape == (160, 160)


@pytest.mark.usefixtures("nothing_computed")
def test_a_method_that_the_model_lacks_is_said_before_anything_else(root, here, capsys):
    said = _refused(root, here, capsys, "--method=shap")
    assert said.startswith("Model convmixer has no method 'shap'; it has grad-cam, cam, ")


def test_a_map_that_marks_nothing_is_said_to(tmp_path, capsys):
    wanted = ["--species=raichu", "--against=pikachu", f"--out={tmp_path / 'map.png'}"]
    asked = ["--model=resnet18_finetuned", "--method=finer-cam", *wanted]
    assert main(["explain", str(FOLDER / "pikachu.png"), *asked]) == 0
    assert capsys.readouterr().out.endswith("nothing in the picture speaks for this species.\n")
