"""Detectors of other pictures, fitted to features that are made up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf.checkpoint import read_card
from pokeclf.novelty import FILE
from pokeclf.novelty import read as novelty_of
from train import novelty
from train.__main__ import main
from train.novelty import CHOSEN, Answers, Shown

CLASSES, WIDTH = 5, 16


def _answers(random, centres, count, spread=0.2):
    """Features around centres, and logits that are loud near a class's own axis."""
    points = centres[random.integers(len(centres), size=count)]
    features = points + spread * random.normal(size=(count, WIDTH))
    logits = 10 * features[:, :CLASSES]
    return Answers(torch.tensor(features).float(), torch.tensor(logits).float())


@pytest.fixture(scope="module")
def shown():
    random = np.random.default_rng(0)
    own, far, quiet = np.eye(CLASSES, WIDTH), np.eye(WIDTH)[8:], 0.3 * np.eye(CLASSES, WIDTH)
    labels = np.repeat(np.arange(CLASSES), 60)
    train = own[labels] + 0.2 * random.normal(size=(300, WIDTH))
    trained = torch.tensor(train).float()
    others = [
        {"far": _answers(random, far, 40), "quiet": _answers(random, quiet, 40)} for _ in range(2)
    ]
    return Shown(
        Answers(trained, 10 * trained[:, :CLASSES]), labels, _answers(random, own, 200),
        _answers(random, own, 200), *others,
    )  # fmt: skip


def test_all_detectors_are_measured_and_the_chosen_one_is_the_last(shown):
    found = novelty.fit(shown)
    assert list(found.detectors)[-1] == CHOSEN
    assert {"largest probability", "energy", "distance", "neighbours"} < set(found.detectors)
    for detector in found.detectors.values():
        assert 0.85 <= detector.accepted <= 1
        assert {each.pictures for each in detector.others.values()} == {40}
    both = found.detectors[CHOSEN].others
    assert both["far"].refused > 0.9
    assert both["far"].auroc > 0.95
    assert both["quiet"].refused > 0.6


def test_95_percent_of_validation_is_familiar(shown):
    found = novelty.fit(shown)
    familiarity = found.familiarity(shown.validation.features, shown.validation.logits)
    assert (familiarity >= 0).float().mean() == pytest.approx(0.95, abs=0.01)


def test_others_are_also_refused_where_95_percent_of_the_test_images_pass(shown):
    def score(answers):
        return answers.logits[:, 0]

    found = novelty._measured(shown, score)
    own, far = (score(each).numpy() for each in (shown.test, shown.measuring["far"]))
    passing = np.sort(own)[-190]  # of 200
    assert found.others["far"].refused_at_95 == pytest.approx((far < passing).mean())


@pytest.mark.parametrize("count", [1, 19, 20, 21, 2256])
def test_a_threshold_lets_at_least_95_percent_pass(count):
    scores = np.random.default_rng(count).normal(size=count)
    threshold = novelty._accepting(scores)
    assert (scores >= threshold).mean() >= 0.95
    assert (scores > threshold).mean() < 0.95  # so none is higher


@pytest.mark.usefixtures("small_recipes")
@pytest.mark.parametrize("pictures", [None, 2])
def test_a_folder_without_enough_pictures_is_told(
    train_command, image_folder, tmp_path, capsys, pictures
):
    assert train_command("convmixer") == 0
    others = tmp_path / "others"
    (others / "photo").mkdir(parents=True)
    for number in range(pictures or 0):
        (others / "photo" / f"{number}.png").write_bytes(b"")
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["novelty", "convmixer", *arguments, f"--others={others}"]) == 2
    assert "at least four pictures" in capsys.readouterr().err


@pytest.mark.usefixtures("small_recipes")
def test_a_damaged_detector_is_written_again(train_command, image_folder, tmp_path, capsys):
    assert train_command("convmixer") == 0
    folder = train_command.out / "convmixer"
    (folder / FILE).write_bytes(b"damaged")
    others = tmp_path / "others" / "photo"
    others.mkdir(parents=True)
    for number in range(8):
        Image.new("RGB", (40, 40), (30 * number, 90, 200)).save(others / f"{number}.png")
    arguments = [f"--data={image_folder}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["novelty", "convmixer", *arguments, f"--others={others.parent}"]) == 0
    assert "of the test images are accepted" in capsys.readouterr().out
    found = novelty_of(folder, read_card(folder))
    assert found.detectors[CHOSEN].others["photo"].pictures == 4
