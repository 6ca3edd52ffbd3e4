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
    assert rows[0]["loss"] != rows[1]["loss"]  # from other first weights


def test_an_interrupted_examination_goes_on(train_command, image_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(diagnose, "VARIANTS", diagnose.VARIANTS[:3])
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    examine, made = diagnose.examine, []

    def stopped_at_the_third(variant, *rest):
        made.append(variant.name)
        if len(made) == 3:
            raise KeyboardInterrupt
        return examine(variant, *rest)

    monkeypatch.setattr(diagnose, "examine", stopped_at_the_third)
    assert main(["diagnose", *arguments, "--steps=1"]) == 130
    assert len(diagnosis.read(train_command.out)) == 2
    assert main(["diagnose", *arguments, "--steps=1"]) == 0
    names = [each.name for each in diagnose.VARIANTS]
    assert made == [*names, names[2]]
    assert [found.variant for found in diagnosis.read(train_command.out)] == names
    assert main(["diagnose", *arguments, "--steps=1", "--again"]) == 0
    assert len(made) == 4 + 3
    (train_command.out / diagnosis.FILE).write_text("damaged")
    assert main(["diagnose", *arguments, "--steps=1"]) == 0
    assert len(made) == 7 + 3


def test_no_steps_is_a_mistake(capsys, image_folder):
    assert main(["diagnose", f"--data={image_folder}", "--steps=0"]) == 2
    assert "--steps takes" in capsys.readouterr().err
