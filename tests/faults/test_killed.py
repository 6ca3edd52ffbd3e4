"""Killed with SIGKILL: started again, nothing finished is lost and nothing broken is served."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import count

import pytest

from pokeclf import checkpoint
from pokeclf.classifier import ModelStore
from pokeclf.files import folder_written_whole, write_atomically, write_together
from tests.faults.breaking import killed_at, run

OLD, NEW = b"old" * 1000, b"new" * 2000


def _kills(work):
    """Do some work again and again, killed before each of its steps in turn; yields after each."""
    for step in count():
        if not killed_at(step, work):
            assert step > 0, "nothing was killed"
            return
        yield step


def test_a_file_is_old_or_new_whenever_its_writer_is_killed(tmp_path):
    path = tmp_path / "card.json"
    write_atomically(path, OLD)
    seen = set()
    for _ in _kills(lambda: write_atomically(path, NEW)):
        seen.add(path.read_bytes())
        write_atomically(path, OLD)
    assert seen <= {OLD, NEW}
    assert path.read_bytes() == NEW


def test_several_files_are_whole_whenever_their_writer_is_killed(tmp_path):
    first, second = tmp_path / "map.png", tmp_path / "map.npy"
    for _ in _kills(lambda: write_together({first: NEW, second: NEW})):
        for path in (first, second):
            assert not path.exists() or path.read_bytes() == NEW


def test_a_folder_is_old_or_new_whenever_its_writer_is_killed(tmp_path):
    target = tmp_path / "convmixer"

    def save(contents):
        with folder_written_whole(target) as folder:
            for name in ("weights.safetensors", "card.json"):
                write_atomically(folder / name, contents)

    for _ in _kills(lambda: save(NEW)):
        assert _contents(target) in ({}, _both(NEW))
    assert _contents(target) == _both(NEW)
    save(OLD)
    for step in _kills(lambda: save(NEW)):
        assert _contents(target) in (_both(OLD), _both(NEW)), f"killed before step {step}"
        save(OLD)
    assert _contents(target) == _both(NEW)


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def _both(contents):
    return {"weights.safetensors": contents, "card.json": contents}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, image_folder):
    """A folder of checkpoints from a training that nothing happened to, and how to do it."""
    place = tmp_path_factory.mktemp("whole")

    def command(out):
        return ["convmixer", f"--data={image_folder}", f"--out={out}", f"--work={out.parent}/work"]

    subprocess.run(
        [sys.executable, "-m", "tests.faults.training", *command(place / "checkpoints")],
        check=True, capture_output=True,
    )  # fmt: skip
    return place / "checkpoints", command


@pytest.mark.parametrize(
    ("place", "epochs"),
    [
        ("state.pt:2", 2),  # while the second epoch is kept
        ("card.json:1", 0),  # while the finished model is written
    ],
)
def test_a_killed_training_goes_on_to_the_same_result(whole, place, epochs, tmp_path):
    root, command = whole
    out = tmp_path / "checkpoints"
    killed = run("kill", place, "tests.faults.training", *command(out))
    assert killed.returncode == -signal.SIGKILL
    assert ModelStore(out).status("convmixer").state == "not trained"
    again = subprocess.run(
        [sys.executable, "-m", "tests.faults.training", *command(out)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert (
        again.stdout.count("; validation loss") + again.stderr.count("; validation loss") == epochs
    )
    assert ModelStore(out).status("convmixer").state == "trained"
    for name in ("weights_1.safetensors", checkpoint.PREDICTIONS):
        assert (out / "convmixer" / name).read_bytes() == (root / "convmixer" / name).read_bytes()
