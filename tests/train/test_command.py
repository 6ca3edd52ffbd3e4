"""``python -m train`` from images to checkpoints, on tiny data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pokeclf import checkpoint, drawings, results
from pokeclf.modelstore import ModelStore
from pokeclf.split import read_split
from tests.train.conftest import coloured_folder, files_of
from train import loop, report
from train.__main__ import main

pytestmark = pytest.mark.usefixtures("small_recipes")


@pytest.mark.parametrize("kind", ["extra_trees", "random_forest", "xgboost"])
def test_trees_learn_from_another_models_features(train_command, kind):
    assert train_command(f"{kind}_exp2") == 2  # nothing to learn from yet
    assert train_command(f"{kind}_exp2", "resnet18_frozen") == 0
    card = checkpoint.read_card(train_command.out / f"{kind}_exp2")
    source = checkpoint.read_card(train_command.out / "resnet18_frozen")
    assert card.features_sha256 == source.weights_sha256
    assert [row["n_estimators"] for row in card.candidates] == [3, 5]
    assert card.settings["n_estimators"] in (3, 5)
    # The backbone is not stored again.
    assert sum(file.bytes for file in card.weights) < 200_000


def test_what_is_up_to_date_is_left_alone(train_command, capsys):
    train_command("convmixer")
    before = (train_command.out / "convmixer" / "card.json").stat().st_mtime_ns
    assert train_command("convmixer") == 0
    assert "up to date" in capsys.readouterr().out
    assert (train_command.out / "convmixer" / "card.json").stat().st_mtime_ns == before


def test_a_spent_budget_keeps_what_was_finished(train_command, monkeypatch, capsys):
    clock = iter(range(0, 100_000, 40))  # every look at the clock comes 40 s later
    monkeypatch.setattr(loop.time, "monotonic", lambda: next(clock))
    assert train_command("convmixer", "--budget=6") == 0
    assert "The budget is spent after" in capsys.readouterr().out
    monkeypatch.undo()


def test_every_call_makes_progress_however_small_the_budget(train_command, capsys):
    for batches in (1, 2, 3):
        assert train_command("convmixer", "--budget=0.0001") == 0
        assert f"after 0 epochs and {batches} of 6 batches" in capsys.readouterr().out
    assert not (train_command.out / "convmixer").exists()


def test_fewer_epochs_are_told_and_do_not_count_as_the_recipe(train_command):
    for asked, made in ((1, 1), (50, 3)):  # the recipe has three
        assert train_command("convmixer", f"--epochs={asked}") == 0
        folder = train_command.out / "convmixer"
        assert checkpoint.read_card(folder).settings["epochs"] == made
        assert (folder / checkpoint.HISTORY).read_text().count("\n") == 1 + made


def test_smaller_pictures_are_told_and_do_not_count_as_the_recipe(train_command, capsys):
    assert train_command("convmixer", "--size=48") == 0
    card = checkpoint.read_card(train_command.out / "convmixer")
    assert card.preprocessing.size == card.settings["eval_size"] == 48
    assert card.settings["sizes"] == [[1.0, 48]]
    capsys.readouterr()
    assert train_command("convmixer") == 0
    assert "up to date" not in capsys.readouterr().out


def test_again_trains_anew(train_command, monkeypatch):
    train_command("convmixer")
    epochs, train_epoch = [], loop._train_epoch

    def counted(*arguments, **named):
        epochs.append(1)
        train_epoch(*arguments, **named)

    monkeypatch.setattr(loop, "_train_epoch", counted)
    assert train_command("convmixer", "--again") == 0
    assert len(epochs) == 3


def test_trees_follow_features_that_were_trained_again(train_command, change_recipe):
    train_command("resnet18_frozen", "extra_trees_exp2")
    first = checkpoint.read_card(train_command.out / "extra_trees_exp2")
    change_recipe("resnet18_frozen", lr=5e-4)
    train_command("resnet18_frozen")
    store = ModelStore(train_command.out)
    assert "trained on other weights" in store.status("extra_trees_exp2").problem
    assert train_command("extra_trees_exp2") == 0
    again = checkpoint.read_card(train_command.out / "extra_trees_exp2")
    assert again.features_sha256 != first.features_sha256
    assert again.weights_sha256 != first.weights_sha256


def test_an_unfinished_run_that_is_damaged_is_said(train_command, tmp_path, capsys):
    train_command("convmixer", "--budget=0.0001")
    (state,) = (tmp_path / "work").glob("convmixer-*/state.pt")
    state.write_bytes(b"damaged")
    assert train_command("convmixer") == 2
    assert "delete it to start again" in capsys.readouterr().err


def test_a_studys_recipe_goes_beside_the_tuned_one_without_weights(train_command, capsys):
    assert train_command("convmixer", "--recipe=study") == 0
    folder = train_command.out / "study" / "convmixer"
    assert checkpoint.read_card(folder).recipe == "study"
    assert {path.name for path in folder.iterdir()} == {
        checkpoint.CARD, checkpoint.HISTORY, checkpoint.PREDICTIONS, drawings.FILE,
    }  # fmt: skip
    assert len(drawings.read(folder)) == len(drawings.drawings_of())
    assert not (train_command.out / "convmixer").exists()
    assert train_command("convmixer", "--recipe=study") == 0
    assert "up to date" in capsys.readouterr().out


def test_other_seeds_go_beside_the_first_without_weights(train_command):
    assert train_command("resnet18_frozen", "extra_trees_exp2") == 0
    before = files_of(train_command.out / "resnet18_frozen")
    assert train_command("resnet18_frozen", "extra_trees_exp2", "--seed=7") == 0
    assert files_of(train_command.out / "resnet18_frozen") == before
    split = read_split(train_command.out / "split.json")
    assert split.seed == 0
    runs = results.read_seeds(train_command.out, split)
    assert {name: [run.card.seed for run in found] for name, found in runs.items()} == {
        "resnet18_frozen": [0, 7],
        "extra_trees_exp2": [0, 7],
    }
    first, second = runs["extra_trees_exp2"]
    # The same features, other trees.
    assert first.card.features_sha256 == second.card.features_sha256
    assert not np.array_equal(first.logits, second.logits)
    assert not list((train_command.out / "seeds").rglob("weights*"))


def test_two_classes_are_too_few_for_trees_and_that_is_said_first(weights_folder, tmp_path, capsys):
    data = coloured_folder(tmp_path / "two", ("onix", "mew"))
    arguments = [f"--data={data}", f"--weights={weights_folder}", f"--out={tmp_path / 'o'}"]
    assert main(["xgboost_exp2", *arguments, f"--work={tmp_path}"]) == 2
    assert "xgboost_exp2 takes 3 to 255 classes; there are 2." in capsys.readouterr().err


def test_the_report_of_other_checkpoints_stays_beside_them(train_command, capsys):
    """Of the study's recipe too, whose trees have no training accuracy."""
    assert train_command("resnet18_frozen", "extra_trees_exp2") == 0
    assert train_command("resnet18_frozen", "extra_trees_exp2", "--recipe=study") == 0
    before = report.README.read_bytes(), report.RESULTS.read_bytes()
    assert main(["report", f"--out={train_command.out}"]) == 0
    assert (report.README.read_bytes(), report.RESULTS.read_bytes()) == before
    page = (train_command.out / "README.md").read_text()
    assert page.count("| `resnet18_frozen` |") >= 4
    assert "nan" not in page
    assert (train_command.out / "extra_trees_exp2" / "README.md").exists()


def test_runs_of_another_recipe_do_not_count_as_seeds(train_command, change_recipe):
    assert train_command("resnet18_frozen") == 0
    change_recipe("resnet18_frozen", lr=5e-4)
    assert train_command("resnet18_frozen", "--seed=3") == 0
    split = read_split(train_command.out / "split.json")
    assert results.read_seeds(train_command.out, split) == {}


def test_a_card_from_before_there_was_a_setting_counts_as_a_seed(train_command):
    assert train_command("resnet18_frozen") == 0
    file = train_command.out / "resnet18_frozen" / "card.json"
    card = json.loads(file.read_text())
    for setting in ("clip", "further"):
        del card["settings"][setting]
    file.write_text(json.dumps(card))
    assert train_command("resnet18_frozen", "--seed=3") == 0
    split = read_split(train_command.out / "split.json")
    assert len(results.read_seeds(train_command.out, split)["resnet18_frozen"]) == 2


def test_other_images_are_not_mixed_with_a_split(train_command, image_folder, tmp_path, capsys):
    train_command("convmixer")
    fewer = tmp_path / "fewer"
    for path in image_folder.glob("*/*"):
        if path.name != "0.png":
            (fewer / path.parent.name).mkdir(parents=True, exist_ok=True)
            (fewer / path.parent.name / path.name).write_bytes(path.read_bytes())
    assert train_command("convmixer", f"--data={fewer}") == 0  # the fixture's --data comes last
    code = main(
        ["convmixer", f"--data={fewer}", f"--out={train_command.out}", f"--work={tmp_path}"]
    )
    assert code == 2
    assert "belongs to other images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "There is no model 'nonsense'"),
        (["convmixer", "--budget=-1"], "--budget takes"),
        (["convmixer", "--budget=nan"], "--budget takes"),
        (["convmixer", "--epochs=0"], "--epochs takes"),
        (["convmixer", "--seed=-1"], "--seed takes"),
        (["convmixer", "--seed=99999999999"], "--seed takes"),
        (["all", "nonsense"], "There is no model 'nonsense'"),
    ],
)
def test_mistakes_get_one_sentence_and_exit_code_2(train_command, capsys, arguments, sentence):
    assert train_command(*arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


@pytest.mark.parametrize("size", ["16", "100", "496", "-64", "²", "64.0"])
def test_a_side_that_not_all_networks_take_is_refused(capsys, size):
    with pytest.raises(SystemExit, match="2"):
        main(["convmixer", "--data=any", f"--size={size}"])
    assert "--size: takes a multiple of 16 from 32 to 480;" in capsys.readouterr().err


def test_missing_data_and_weights_are_said(tmp_path, image_folder, capsys):
    assert main(["convmixer", f"--data={tmp_path / 'no'}", f"--work={tmp_path}"]) == 2
    assert "There is no folder" in capsys.readouterr().err
    arguments = [f"--data={image_folder}", f"--out={tmp_path / 'o'}", f"--work={tmp_path}"]
    assert main(["vit_frozen", f"--weights={tmp_path}", *arguments]) == 2
    assert "There are no weights" in capsys.readouterr().err
