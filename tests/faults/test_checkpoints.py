"""Checkpoints that are missing, vanish or are half-written: one sentence, the rest goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pokeclf import checkpoint, diagnosis, drawings, embedding, explain, latency
from pokeclf.__main__ import main
from pokeclf.checkpoint import CheckpointError
from pokeclf.dashboard.answer import answer
from pokeclf.dashboard.seen import Observations
from pokeclf.diagnosis import Finding
from pokeclf.drawings import FOLDER
from pokeclf.errors import PokeclfError
from pokeclf.explain import trust
from pokeclf.explain.trust import Trust
from pokeclf.latency import Latency
from pokeclf.library import Library
from pokeclf.modelstore import ModelStore
from pokeclf.pictures import Pictures
from tests.tiny_checkpoints import write_random_checkpoint
from tests.tiny_data import MODELS, write_result, write_world

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Image.new("RGB", (50, 70), "red")


# Missing


@pytest.mark.parametrize(
    "command",
    [
        ("models",),
        ("predict", FOLDER / "pikachu.png", "--model=all"),
        ("explain", FOLDER / "pikachu.png", "--model=convmixer"),
        ("catalog", FOLDER, "--model=convmixer", "--csv=out.csv"),
        ("report", "--out=report.html"),
    ],
    ids=lambda command: command[0],
)
def test_a_folder_of_checkpoints_that_is_missing_is_said(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    nowhere = tmp_path / "nowhere"
    assert main([f"--checkpoints={nowhere}", *map(str, command)]) == 2
    assert capsys.readouterr().err == f"There is no folder of checkpoints at {nowhere}.\n"
    assert list(tmp_path.iterdir()) == []


def test_the_dashboard_says_that_its_checkpoints_are_missing(tmp_path):
    nowhere = tmp_path / "nowhere"
    done = subprocess.run(
        [sys.executable, ROOT / "app.py"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "POKECLF_CHECKPOINTS": str(nowhere)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"There is no folder of checkpoints at {nowhere}."
    assert "Traceback" not in done.stderr


def test_a_checkpoint_that_vanishes_is_said_and_served_again_when_it_is_back(tmp_path):
    for model in ("convmixer", "vit_frozen"):
        write_random_checkpoint(tmp_path / "checkpoints", model)
    store = ModelStore(tmp_path / "checkpoints")
    before = store.get("convmixer").observe(PICTURE).probabilities
    (tmp_path / "checkpoints" / "convmixer").rename(tmp_path / "aside")
    with pytest.raises(CheckpointError, match="convmixer is not trained yet"):
        store.get("convmixer")
    assert store.get("vit_frozen").observe(PICTURE).probabilities.any()
    (tmp_path / "aside").rename(tmp_path / "checkpoints" / "convmixer")
    assert np.array_equal(store.get("convmixer").observe(PICTURE).probabilities, before)


def test_a_folder_that_vanishes_is_said(tmp_path):
    write_random_checkpoint(tmp_path / "checkpoints", "convmixer")
    store = ModelStore(tmp_path / "checkpoints")
    store.get("convmixer")
    shutil.rmtree(tmp_path / "checkpoints")
    assert {status.state for status in store.statuses()} == {"not trained"}
    for read in (Library(store.root).shelf, Pictures(store.root).split):
        with pytest.raises(PokeclfError, match=r"split\.json"):
            read()


def test_what_killed_writers_left_behind_is_no_checkpoint(tmp_path):
    folder = write_random_checkpoint(tmp_path, "convmixer")
    shutil.copytree(folder, tmp_path / ".vit_frozen.new.abc123")
    shutil.copytree(folder, tmp_path / ".convmixer.new.abc123")
    (folder / ".card.json.abc123").write_text("{")
    states = {status.model.id: status.state for status in ModelStore(tmp_path).statuses()}
    assert [model for model, state in states.items() if state != "not trained"] == ["convmixer"]


# Half-written


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Checkpoints with every file that there can be beside a card, small."""
    found = write_world(tmp_path_factory.mktemp("world"))
    root = found.checkpoints
    write_result(root / "study", MODELS[0], found.split, mistakes=2)
    looks = drawings.looks(ModelStore(root).get(MODELS[0]))
    (root / "study" / MODELS[0] / drawings.FILE).write_bytes(drawings.pack(looks))
    diagnosis.write(
        root, [Finding(MODELS[0], "as it was", 240, 300, 5.0, 160.0, 0.01, 0.7, 1, 0.0066)]
    )
    latency.write(
        root / latency.FILE,
        [
            Latency(model, 9.0, "ResNet-18", 8.0, 5, 1, "a processor", "2025-01-01")
            for model in MODELS
        ],
    )
    for model in MODELS:
        card = checkpoint.read_card(root / model)
        places = np.zeros((card.test.images, 2), np.float32)
        embedding.write(root / model, card, places)
        method = explain.METHODS["grad-cam"].id
        figures = [0.1] * (len(fields(Trust)) - 3)
        trust.write(root / model, [Trust(method, card.weights_sha256, 20, *figures)])
    return root


KINDS = {
    "split": "split.json",
    "data": "data.json",
    "times": latency.FILE,
    "diagnosis": diagnosis.FILE,
    "card": f"{MODELS[0]}/{checkpoint.CARD}",
    "weights": f"{MODELS[0]}/weights.safetensors",
    "predictions": f"{MODELS[0]}/{checkpoint.PREDICTIONS}",
    "history": f"{MODELS[0]}/{checkpoint.HISTORY}",
    "embedding": f"{MODELS[0]}/{embedding.FILE}",
    "explanations": f"{MODELS[0]}/{trust.FILE}",
    "a study's card": f"study/{MODELS[0]}/{checkpoint.CARD}",
    "a study's history": f"study/{MODELS[0]}/{checkpoint.HISTORY}",
    "a study's drawings": f"study/{MODELS[0]}/{drawings.FILE}",
}


def test_every_file_is_half_written_once(world):
    """So that a new kind of file is not forgotten here."""
    files = {path.relative_to(world).as_posix() for path in world.rglob("*") if path.is_file()}
    others = {
        f"study/{MODELS[0]}/weights.safetensors",
        f"study/{MODELS[0]}/predictions.safetensors",
    }
    rest = {name for name in files - others if not name.startswith(MODELS[1])}
    assert rest == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_half_written_file_is_a_sentence_and_the_rest_goes_on(world, tmp_path, capsys, kind):
    root = tmp_path / "checkpoints"
    shutil.copytree(world, root)
    file = root / KINDS[kind]
    data = file.read_bytes()
    for length in (len(data) // 2, len(data) - 7):
        file.write_bytes(data[:length])
        _use(root, tmp_path / "report.html")
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert all(line.endswith(".") for line in told.err.splitlines()), told.err


def _use(root, report):
    """Everything that reads checkpoints: nothing but sentences may come of it."""
    arguments = f"--checkpoints={root}"
    assert main([arguments, "models"]) == 0
    assert main([arguments, "report", f"--out={report}"]) in (0, 2)
    store = ModelStore(root)
    for model in MODELS:
        try:
            found = answer(Observations(store), str(FOLDER / "pikachu.png"), model)
        except PokeclfError:
            continue
        assert found.guesses
    with suppress(PokeclfError):
        Pictures(root).summary()
