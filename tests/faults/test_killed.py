"""Killed with SIGKILL: started again, nothing finished is lost and nothing broken is served."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import count

import pytest
from PIL import Image

from pokeclf import checkpoint
from pokeclf.__main__ import main
from pokeclf.catalogtable import Table
from pokeclf.files import folder_written_whole, write_atomically, write_together
from pokeclf.modelstore import ModelStore
from tests.faults.breaking import killed_at, run
from tests.faults.conftest import train

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
    left = [path for path in tmp_path.iterdir() if path != target]
    assert left
    for path in left:
        os.utime(path, (0, 0))
    save(NEW)
    assert list(tmp_path.iterdir()) == [target]


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def _both(contents):
    return {"weights.safetensors": contents, "card.json": contents}


@pytest.mark.parametrize(
    ("place", "epochs"),
    [
        ("state.pt:2", 2),  # while the second epoch is kept
        ("card.json:1", 0),  # while the finished model is written
    ],
)
def test_a_killed_training_goes_on_to_the_same_result(whole, place, epochs, tmp_path):
    killed = run("kill", place, *train(whole, tmp_path))
    assert killed.returncode == -signal.SIGKILL
    out = tmp_path / "checkpoints"
    assert ModelStore(out).status("convmixer").state == "not trained"
    again = run("nothing", "", *train(whole, tmp_path))
    assert again.returncode == 0
    assert again.stdout.count("; validation loss") == epochs
    assert ModelStore(out).status("convmixer").state == "trained"
    for name in ("weights_1.safetensors", checkpoint.PREDICTIONS):
        assert (out / "convmixer" / name).read_bytes() == (whole / "convmixer" / name).read_bytes()


def test_a_catalogue_that_is_killed_while_it_is_made_loses_nothing(root, tmp_path):
    folder, out = tmp_path / "many", tmp_path / "out.csv"
    folder.mkdir()
    names = [f"{number:03}.png" for number in range(400)]
    for number, name in enumerate(names):
        Image.new("RGB", (64, 64), (number % 256, 9, 99)).save(folder / name)
    command = [f"--checkpoints={root}", "catalog", str(folder), "--model=convmixer", f"--csv={out}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pokeclf", *command], stderr=subprocess.DEVNULL
    )
    while not out.exists() or out.read_bytes().count(b"\n") < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out.read_bytes()
    assert before.count(b"\n") < 401
    assert main(command) == 0
    assert Table(out).done == set(names)
    assert out.read_bytes().count(b"\n") == 401
    assert out.read_bytes().startswith(before[: before.rindex(b"\n")])
