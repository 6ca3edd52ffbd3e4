"""``python -m train verify``, and other images than those of the split."""

from __future__ import annotations

import json

import pytest

from pokeclf import checkpoint
from tests.train.conftest import coloured_folder
from train.__main__ import main

pytestmark = pytest.mark.usefixtures("small_recipes")


@pytest.fixture
def verify_command(train_command, image_folder, tmp_path):
    """Runs ``python -m train verify`` in this process."""

    def run(*arguments, out=train_command.out, data=image_folder):
        rest = [f"--data={data}", f"--out={out}", f"--work={tmp_path / 'work'}"]
        return main(["verify", *arguments, *rest])

    return run


def test_verify_measures_the_checkpoints_again(train_command, verify_command, capsys):
    assert train_command("convmixer", "extra_trees_exp2", "resnet18_frozen") == 0
    assert verify_command("all") == 0
    assert capsys.readouterr().out.count("the card says") == 3
    path = train_command.out / "convmixer" / checkpoint.CARD
    card = json.loads(path.read_text())
    card["test"]["accuracy"] = 0.123
    path.write_text(json.dumps(card))
    assert verify_command("convmixer") == 2
    assert "Other accuracies than on the cards: convmixer." in capsys.readouterr().err
    assert verify_command("vit_frozen") == 2
    assert "not trained yet" in capsys.readouterr().err


def test_verify_writes_nothing_and_says_when_there_is_nothing(verify_command, tmp_path, capsys):
    nowhere = tmp_path / "mistyped"
    assert verify_command("all", out=nowhere) == 2
    assert "There are no trained models in" in capsys.readouterr().err
    assert not nowhere.exists()
    assert verify_command("all", "nosuch", out=nowhere) == 2
    assert "There is no model 'nosuch'" in capsys.readouterr().err


def test_images_that_were_not_split_are_refused_everywhere(
    train_command, verify_command, tmp_path, capsys
):
    assert train_command("convmixer", "--budget=0.0001") == 0
    assert train_command("convmixer", "--budget=0.0001") == 0
    assert train_command("convmixer") == 0
    other = coloured_folder(tmp_path / "other", ("onix", "mew", "abra"))
    assert verify_command("convmixer", data=other) == 2
    assert "belongs to other images" in capsys.readouterr().err
    arguments = [f"--data={other}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["diagnose", "basic_cnn", *arguments]) == 2
    assert "belongs to other images" in capsys.readouterr().err
