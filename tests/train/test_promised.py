"""The README's table of promises: figures of the checkpoints, and those that benchmarks left."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pokeclf import checkpoint, promises, study
from pokeclf.cardfigures import CardFigures
from pokeclf.errors import PokeclfError
from pokeclf.explain.trust import Trust
from pokeclf.novelty import Detector, Distances, Novelty, Refusals
from pokeclf.results import Result
from tests.tiny_checkpoints import write_random_checkpoint
from train import promised, tables

NOTHING = tables.Stored({}, {}, {}, (), {}, {}, {})
DETECTOR = Novelty(
    Distances(torch.zeros(2, 3), torch.eye(3)), ((1.0, -1.0, 0.0, 0.0),),
    {
        "energy": Detector(0.5, {"photo": Refusals(150, 0.5, 0.5, 0.5)}),
        "both": Detector(0.96, {"photo": Refusals(150, 0.94, 0.94, 0.99)}),
    },
)  # fmt: skip
CARDS = CardFigures("convmixer", "a", "b", 10, 5, 9, 10, 7, 3, 9, 90, 40, 45, 60, 90)
AS_READ = "Test images as the page reads them, trading cards looked for in each"


def _trust(method, deletion_low, insertion_low):
    gains = (0.3, deletion_low, 0.4, 0.3, insertion_low, 0.4, 0.3, 0.2, 0.4)
    return Trust(method, "a" * 64, 200, 0.0, *gains, 0.1, 0.1, 0.1)


@pytest.fixture
def stored(tmp_path):
    """Two models: one better on the validation images, the other on the test images."""
    found = {}
    for model, test, validation in (("convmixer", 0.83, 0.81), ("resnet18_scratch", 0.81, 0.84)):
        folder = write_random_checkpoint(tmp_path / "checkpoints", model, accuracy=test)
        card = checkpoint.read_card(folder)
        measured = replace(card.validation, accuracy=validation)
        found[model] = Result(replace(card, validation=measured), None, None, None, ())
    return replace(NOTHING, tuned=found)


@pytest.fixture
def lines(tmp_path):
    """Lines of the table by the beginning of what they promise."""

    def told(stored, start):
        rows = promised.read(tmp_path / "checkpoints", stored, tmp_path / "figures.json")
        [line] = [
            each.removeprefix("| ")
            for each in promised.table(rows).splitlines()
            if each.startswith(f"| {start}")
        ]
        return line

    return told


def test_the_best_model_is_chosen_on_the_validation_images(stored, lines):
    assert "| at least 96.5% | 81.00% | **missed** | `python -m train report` |" in lines(
        stored, "The best single model: first"
    )
    assert "| at least 99% | 91.00% | **missed** |" in lines(stored, "The best single model: spec")


def test_each_model_is_held_against_what_is_promised_of_it(stored, lines):
    assert all(0 < model.promised_accuracy < 1 for model in study.STUDY)
    assert "| at least 15 of 15 | 1 of 15 | **missed** |" in lines(stored, "Models as accurate")


def test_what_was_not_measured_is_said_to_be_so(stored, lines, tmp_path):
    for start in (
        "Test images that", f"{AS_READ}: taken", f"{AS_READ}: right", "Photos", "Later",
        "Trading cards", "The same cards", "Models over",
        "Grad-CAM with the guesses of vit", "Decoding",
    ):  # fmt: skip
        assert "| – | not measured yet |" in lines(stored, start), start
    rows = promised.read(tmp_path / "checkpoints", stored, tmp_path / "figures.json")
    assert "They ran on" not in promised.table(rows)
    assert str(rows[-1]).endswith(": not measured yet")


def test_other_pictures_and_cards_are_those_of_the_best_model(stored, lines):
    known = replace(
        stored, novelty={"resnet18_scratch": DETECTOR}, cards={"resnet18_scratch": CARDS}
    )
    assert "| at least 95% | 96.00% | reached |" in lines(known, "Test images that")
    assert "| at least 95% | 94.00% | **missed** |" in lines(known, "Photos")
    assert "| – | not measured yet |" in lines(known, "Later")
    assert "| at least 93% | 90.00% | **missed** |" in lines(known, "Trading cards")
    assert "| at least 85% | 90.00% | reached |" in lines(known, "The same cards")
    # Of 2000 images.
    assert "| at least 95% | 97.50% | reached |" in lines(known, f"{AS_READ}: taken")
    # 45 instead of 40 of the 90 that were taken for cards.
    assert "| at most 0.5 points | -0.25 points | reached |" in lines(known, f"{AS_READ}: right")
    others = replace(stored, novelty={"convmixer": DETECTOR}, cards={"convmixer": CARDS})
    assert "| – | not measured yet |" in lines(others, "Test images that")
    assert "| – | not measured yet |" in lines(others, "Trading cards")


def test_the_map_that_is_shown_first_counts(stored, lines):
    good, bad = _trust("grad-cam", 0.1, 0.1), _trust("grad-cam", 0.1, -0.1)
    other = _trust("hires-cam", 0.1, 0.1)
    for of_second, words in (
        ({"hires-cam": other, "grad-cam": bad}, "1 of 2 | **missed** |"),
        ({"hires-cam": other}, "1 of 2 | **missed** |"),
        ({"hires-cam": bad, "grad-cam": good}, "2 of 2 | reached |"),
    ):
        trust = {"convmixer": {"grad-cam": good}, "resnet18_scratch": of_second}
        known = replace(stored, trust=trust)
        assert f"| at least 2 of 2 | {words}" in lines(known, "Models over 50%")


def test_models_that_are_mostly_wrong_owe_no_maps(stored, lines):
    poor = stored.tuned["resnet18_scratch"]
    poor = replace(poor, card=replace(poor.card, test=replace(poor.card.test, accuracy=0.3)))
    known = replace(
        stored,
        tuned={**stored.tuned, "resnet18_scratch": poor},
        trust={"convmixer": {"grad-cam": _trust("grad-cam", 0.1, 0.1)}},
    )
    assert "| at least 1 of 1 | 1 of 1 | reached |" in lines(known, "Models over 50%")


def test_sizes_are_those_of_the_files(stored, lines, tmp_path):
    (tmp_path / "checkpoints" / "large").write_bytes(bytes(60 * 2**20))
    assert "| at most 50 MB | 60.0 MB | **missed** |" in lines(stored, "The largest")
    assert "| at most 360 MB | " in (line := lines(stored, "All checkpoints"))
    assert "reached" in line


def test_what_benchmarks_left_counts_while_the_weights_are_the_same(stored, lines, tmp_path):
    sha = stored.tuned["convmixer"].card.weights_sha256
    file = tmp_path / "figures.json"
    promises.record(file, {promises.COMPARISON: 1.25}, {"convmixer": sha})
    promises.record(file, {promises.GROWTH: 30}, {"convmixer": "other weights"})
    promises.record(file, {promises.FUZZ: 1}, {})
    line = "| at most 1.5 times | 1.25 times | reached | `python -m benchmarks.compare` |"
    assert line in lines(stored, "All models on one picture")
    assert "| – | not measured yet |" in lines(stored, "A thousand maps")
    assert "| at most 0 | 1 | **missed** |" in lines(stored, "An hour")
    figure = promises.read(file)["fuzz"]
    rows = promised.read(tmp_path / "checkpoints", stored, file)
    ran = f"They ran on {figure.date} with {figure.processors} processors and torch {figure.torch}."
    assert ran in promised.table(rows)


def test_a_damaged_file_of_figures_is_one_sentence(stored, tmp_path):
    (tmp_path / "figures.json").write_text("{")
    with pytest.raises(PokeclfError, match="is damaged; delete it"):
        promised.read(tmp_path, stored, tmp_path / "figures.json")
