"""The experiment on the plain CNN, on tiny data."""

from __future__ import annotations

import csv

import pytest

from pokeclf import diagnosis
from train import diagnose
from train.__main__ import main

pytestmark = pytest.mark.usefixtures("small_recipes")


def test_every_beginning_gets_a_row(train_command, image_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(diagnose, "VARIANTS", diagnose.VARIANTS[:2])
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["diagnose", *arguments, "--steps=2"]) == 0
    with (train_command.out / diagnosis.FILE).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == [each.name for each in diagnose.VARIANTS]
    assert all(0 <= float(row["dead"]) <= 1 and float(row["loss"]) > 0 for row in rows)
    assert rows[0]["steps"] == "2"


def test_no_steps_is_a_mistake(capsys, image_folder):
    assert main(["diagnose", f"--data={image_folder}", "--steps=0"]) == 2
    assert "--steps takes" in capsys.readouterr().err
