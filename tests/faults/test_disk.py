"""A disk that is full or may only be read: one sentence, and what is finished stays."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from pathlib import Path

import pytest

from pokeclf.catalog import COLUMNS, Row
from pokeclf.catalogtable import Table
from pokeclf.drawings import FOLDER
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from tests.faults.breaking import run
from tests.faults.conftest import train


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _check_sentence(done, *parts):
    """That a command ended with one sentence of these parts, after whatever it had told before."""
    assert done.returncode == 2, done.stderr
    *_, sentence = done.stderr.strip().splitlines()
    assert all(part in sentence for part in parts), sentence
    assert sentence.endswith(".")
    assert "Traceback" not in done.stderr


# Full


@pytest.mark.parametrize(
    ("place", "epochs"),
    [
        ("state.pt:1", 2),  # when the first epoch is kept and the second is not
        ("weights_1.safetensors:1", 0),  # in the middle of the finished model
    ],
)
def test_a_disk_that_is_full_while_training(whole, place, epochs, tmp_path):
    full = run("full", place, *train(whole, tmp_path))
    _check_sentence(full, "cannot be written: File too large")
    assert _names(tmp_path / "checkpoints") == ["split.json"]
    (unfinished,) = (tmp_path / "work").glob("convmixer-*")
    assert _names(unfinished) == ["state.pt"]
    again = run("nothing", "", *train(whole, tmp_path))
    assert again.returncode == 0
    assert again.stdout.count("; validation loss") == epochs
    (weights,) = (name for name in _names(whole / "convmixer") if name.startswith("weights"))
    made = tmp_path / "checkpoints" / "convmixer" / weights
    assert made.read_bytes() == (whole / "convmixer" / weights).read_bytes()


@contextmanager
def _full_at(size):
    """No file of this process can grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


ROWS = [Row(f"{name}.png", "convmixer", "25", "pikachu", "0.9") for name in "abcdef"]


def test_a_disk_that_is_full_in_the_middle_of_a_row(tmp_path):
    path = tmp_path / "t.csv"
    list(Table(path).append(ROWS[:2]))
    size = path.stat().st_size
    with _full_at(size + 9), pytest.raises(PokeclfError, match="what stands in it is kept"):
        list(Table(path).append(ROWS[2:]))
    again = Table(path)
    assert again.done == {"a.png", "b.png"}
    list(again.append(ROWS[2:]))
    assert Table(path).done == {row.file for row in ROWS}


def test_a_disk_that_has_room_again_after_half_a_row(tmp_path):
    """The kernel writes what fits and says so; the rest must not be left out."""
    path = tmp_path / "t.csv"
    table = Table(path)
    size = path.stat().st_size

    def rows():
        yield ROWS[0]
        with _full_at(size + 60):
            yield ROWS[1]
        yield from ROWS[2:]

    with pytest.raises(PokeclfError, match="cannot be written"):
        list(table.append(rows()))
    again = Table(path)
    list(again.append(row for row in ROWS if row.file not in again.done))
    assert [row.file for row in ROWS] == [
        line.split(",")[0] for line in path.read_text().splitlines()[1:]
    ]


def test_a_device_that_is_full_is_said_and_what_was_written_stays(tmp_path):
    table = Table(tmp_path / "t.csv")
    table.path, table._end = Path("/dev/full"), 0  # where a device always ends
    with pytest.raises(PokeclfError, match="No space left"):
        list(table.append(ROWS))
    assert (tmp_path / "t.csv").read_text() == ",".join(COLUMNS) + "\n"


# To be read only


def test_checkpoints_are_served_from_a_disk_that_may_only_be_read(root):
    picture = FOLDER / "pikachu.png"
    command = ("predict", picture, "--model=convmixer", "--json")
    done = run("read-only", root, "pokeclf", f"--checkpoints={root}", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ("catalog", FOLDER, "--model=convmixer", "--csv=OUT/table.csv"),
        ("explain", FOLDER / "pikachu.png", "--model=convmixer", "--out=OUT/map.png"),
    ],
)
def test_results_that_cannot_be_written_are_said(root, tmp_path, command):
    command = [str(part).replace("OUT", str(tmp_path)) for part in command]
    done = run("read-only", tmp_path, "pokeclf", f"--checkpoints={root}", *command)
    _check_sentence(done, "cannot be written", "Read-only file system")
    assert done.stdout == ""
    assert _names(tmp_path) == []


def test_training_says_at_once_that_its_results_cannot_be_written(whole, tmp_path):
    """Before it has computed for hours what it could not keep."""
    out = tmp_path / "checkpoints"
    out.mkdir()
    (out / "split.json").write_bytes((whole / "split.json").read_bytes())
    done = run("read-only", out, *train(whole, tmp_path))
    _check_sentence(done, str(out), "cannot be written", "Read-only file system")
    assert "validation loss" not in done.stdout
    assert ModelStore(out).status("convmixer").state == "not trained"
