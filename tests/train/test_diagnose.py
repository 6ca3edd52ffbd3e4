"""The experiment on the plain CNNs, on tiny data."""

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
    assert main(["diagnose", "basic_cnn", *arguments, "--steps=2"]) == 0
    with (train_command.out / diagnosis.FILE).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["variant"] for row in rows] == [each.name for each in diagnose.VARIANTS]
    assert all(0 <= float(row["dead"]) <= 1 and float(row["loss"]) > 0 for row in rows)
    assert rows[0]["steps"] == "2"
    assert rows[0]["loss"] != rows[1]["loss"]  # from other first weights


def test_an_interrupted_examination_goes_on(
    train_command, image_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(diagnose, "VARIANTS", diagnose.VARIANTS[:3])
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    examine, made = diagnose.examine, []

    def stopped_at_the_third(model, variant, *rest):
        made.append(variant.name)
        if len(made) == 3:
            raise KeyboardInterrupt
        return examine(model, variant, *rest)

    monkeypatch.setattr(diagnose, "examine", stopped_at_the_third)
    assert main(["diagnose", "basic_cnn", *arguments, "--steps=1"]) == 130
    assert len(diagnosis.read(train_command.out)) == 2
    assert main(["diagnose", "basic_cnn", *arguments, "--steps=1"]) == 0
    names = [each.name for each in diagnose.VARIANTS]
    assert made == [*names, names[2]]
    assert [found.variant for found in diagnosis.read(train_command.out)] == names
    assert main(["diagnose", "basic_cnn", *arguments, "--steps=1", "--again"]) == 0
    assert len(made) == 4 + 3
    (train_command.out / diagnosis.FILE).write_text("damaged")
    assert main(["diagnose", "basic_cnn", *arguments, "--steps=1"]) == 2  # nothing is lost unasked
    assert "delete it" in capsys.readouterr().err
    assert (train_command.out / diagnosis.FILE).read_text() == "damaged"


def test_no_steps_is_a_mistake(capsys, image_folder):
    assert main(["diagnose", "basic_cnn", f"--data={image_folder}", "--steps=0"]) == 2
    assert "--steps takes" in capsys.readouterr().err


def test_both_networks_on_smaller_pictures(train_command, image_folder, tmp_path, monkeypatch):
    clipped_and_coarse = (diagnose.VARIANTS[3], diagnose.VARIANTS[6])
    monkeypatch.setattr(diagnose, "VARIANTS", clipped_and_coarse)
    assert train_command("convmixer", "--budget=0.0001") == 0  # makes the split
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["diagnose", "all", *arguments, "--steps=1", "--size=32"]) == 0
    found = diagnosis.read(train_command.out)
    names = [each.name for each in clipped_and_coarse]
    assert [each.variant for each in found] == names * 2
    assert [each.model for each in found] == ["basic_cnn"] * 2 + ["residual_cnn"] * 2
    assert {each.side for each in found} == {32}
    # Another side is another experiment, and though that is interrupted, no two sides of one
    # network are told beside each other.
    examine = diagnose.examine

    def stopped_at_the_second(model, variant, *rest):
        if variant is clipped_and_coarse[1]:
            raise KeyboardInterrupt
        return examine(model, variant, *rest)

    monkeypatch.setattr(diagnose, "examine", stopped_at_the_second)
    assert main(["diagnose", "residual_cnn", *arguments, "--steps=1", "--size=64"]) == 130
    assert [each.side for each in diagnosis.read(train_command.out)] == [32, 32, 64]


def test_other_networks_are_refused(capsys, image_folder):
    assert main(["diagnose", "convmixer", f"--data={image_folder}"]) == 2
    error = capsys.readouterr().err
    assert error == "convmixer cannot be examined so; basic_cnn and residual_cnn can.\n"
