"""``python -m train`` from images to checkpoints, on tiny data."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from pokeclf import checkpoint, drawings, evaluation, imaging, models, results, study
from pokeclf.modelstore import ModelStore
from pokeclf.recipe import Further
from pokeclf.split import read_split
from train import loop, neural, optimizer, report
from train.__main__ import main

pytestmark = pytest.mark.usefixtures("small_recipes")


def _files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != checkpoint.CARD
    }


def _change_recipe(monkeypatch, model_id, **changes):
    model = study.find(model_id)
    recipes = {**model.recipes, "tuned": replace(model.recipes["tuned"], **changes)}
    changed = replace(model, recipes=recipes)
    table = tuple(changed if each is model else each for each in study.STUDY)
    monkeypatch.setattr(study, "STUDY", table)
    monkeypatch.setitem(study.BY_ID, model_id, changed)


@pytest.mark.parametrize("model", ["convmixer", "resnet18_finetuned", "vit_frozen"])
def test_a_trained_network_is_written_whole_and_answers(train_command, image_folder, model):
    assert train_command(model) == 0
    folder = train_command.out / model
    card = checkpoint.read_card(folder)
    assert card.classes == ("abra", "bulbasaur", "charmander")
    assert card.test.images == 9
    with (folder / checkpoint.HISTORY).open() as file:
        assert len(list(csv.DictReader(file))) == 3

    # What is served now is what was measured then.
    split = json.loads((train_command.out / "split.json").read_text())
    classifier = ModelStore(train_command.out).get(model)
    logits = checkpoint.read_predictions(folder, "test")
    stored = evaluation.calibrated(logits, card.temperature)
    for path, expected in zip(split["parts"]["test"], stored, strict=True):
        served = classifier.observe(imaging.decode(image_folder / path)).probabilities
        np.testing.assert_allclose(served, expected, atol=5e-3)
    labels = [card.classes.index(path.split("/")[0]) for path in split["parts"]["test"]]
    # Exactly so: what is measured is what is kept, rounded.
    assert evaluation.measure(logits, np.array(labels), card.temperature) == card.test


def test_a_network_serves_at_the_size_that_validation_prefers(train_command, monkeypatch):
    _change_recipe(monkeypatch, "convmixer", eval_size=64)  # trained at 48 pixels in the end
    assert train_command("convmixer") == 0
    card = checkpoint.read_card(train_command.out / "convmixer")
    tried = card.settings["validation_accuracy_by_size"]
    assert set(tried) == {"48", "64"}
    assert tried[str(card.preprocessing.size)] == max(tried.values())
    assert card.validation.accuracy == pytest.approx(max(tried.values()))


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


def test_frozen_models_share_one_backbone_file(train_command):
    assert train_command("resnet18_frozen") == 0
    card = checkpoint.read_card(train_command.out / "resnet18_frozen")
    shared = [file for file in card.weights if file.path.startswith("backbones/")]
    assert len(shared) == 1
    assert len(list((train_command.out / "backbones").iterdir())) == 1


def test_what_is_up_to_date_is_left_alone(train_command, capsys):
    train_command("convmixer")
    before = (train_command.out / "convmixer" / "card.json").stat().st_mtime_ns
    assert train_command("convmixer") == 0
    assert "up to date" in capsys.readouterr().out
    assert (train_command.out / "convmixer" / "card.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("model", ["convmixer", "resnet18_finetuned"])
def test_an_interrupted_run_resumes_to_the_same_result(train_command, monkeypatch, model):
    assert train_command(model) == 0
    whole = _files(train_command.out / model)

    train_step, calls = loop.train_step, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 15:
            raise KeyboardInterrupt
        train_step(*arguments, **named)

    monkeypatch.setattr(loop, "train_step", interrupted)
    out = train_command.out.parent / "resumed"
    assert train_command(model, out=out, work="other") == 130
    assert not (out / model).exists()
    assert train_command(model, out=out, work="other") == 0
    resumed = _files(out / model)
    # Two epochs of six batches, two of the third and the interrupted one; the third again.
    assert len(calls) == 12 + 3 + 6
    for name in ("weights_1.safetensors", checkpoint.PREDICTIONS):
        assert resumed[name] == whole[name]


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


SECOND = Further(2, ((1.0, 32),), 1e-3, 1e-4, 0.0, 1)


def test_a_second_run_goes_on_where_the_first_was_best(train_command, monkeypatch):
    _change_recipe(monkeypatch, "convmixer", further=SECOND)
    begins, fit = [], neural.fit

    def seen(network, recipe, *arguments):
        begins.append({name: each.clone() for name, each in network.state_dict().items()})
        history = fit(network, recipe, *arguments)
        begins.append({name: each.clone() for name, each in network.state_dict().items()})
        return history

    monkeypatch.setattr(neural, "fit", seen)
    assert train_command("convmixer") == 0
    _, first, second, _ = begins
    assert all(torch.equal(first[name], each) for name, each in second.items())
    folder = train_command.out / "convmixer"
    with (folder / checkpoint.HISTORY).open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["epoch"], row["size"]) for row in rows] == [
        ("0", "32"), ("1", "48"), ("2", "48"), ("3", "32"), ("4", "32"),
    ]  # fmt: skip
    card = checkpoint.read_card(folder)
    assert card.settings["further"]["body_lr"] == 1e-4
    # It may serve at the size of the second run's pictures.
    assert set(card.settings["validation_accuracy_by_size"]) == {"48", "32"}


def test_a_second_run_that_is_worse_leaves_the_first_ones_weights(train_command, monkeypatch):
    assert train_command("convmixer") == 0
    first = _files(train_command.out / "convmixer")
    _change_recipe(monkeypatch, "convmixer", further=SECOND)
    fit = neural.fit

    def worse(network, recipe, *arguments):
        history = fit(network, recipe, *arguments)
        if recipe.epochs == SECOND.epochs:
            return [replace(row, validation_accuracy=-1.0) for row in history]
        return history

    monkeypatch.setattr(neural, "fit", worse)
    assert train_command("convmixer") == 0
    second = _files(train_command.out / "convmixer")
    assert second["weights_1.safetensors"] == first["weights_1.safetensors"]
    assert second[checkpoint.HISTORY] != first[checkpoint.HISTORY]


def test_an_interrupted_second_run_ends_as_an_uninterrupted_one(train_command, monkeypatch):
    _change_recipe(monkeypatch, "convmixer", further=SECOND)
    assert train_command("convmixer") == 0
    whole = _files(train_command.out / "convmixer")
    shutil.rmtree(train_command.out / "convmixer")
    calls, step = [], loop.train_step

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3 * 6 + 8:
            raise KeyboardInterrupt
        step(*arguments)

    monkeypatch.setattr(loop, "train_step", interrupted)
    assert train_command("convmixer") == 130
    assert train_command("convmixer") == 0
    # The second run's second epoch alone is made again.
    assert len(calls) == 3 * 6 + 8 + 6
    resumed = _files(train_command.out / "convmixer")
    for name in ("weights_1.safetensors", checkpoint.PREDICTIONS):
        assert resumed[name] == whole[name]


def test_fewer_epochs_are_those_of_both_runs():
    recipe = replace(study.find("convmixer").recipes["tuned"], epochs=3, further=SECOND)
    made = {asked: recipe.within(asked) for asked in (2, 3, 4, 9)}
    assert [each.epochs for each in made.values()] == [2, 3, 3, 3]
    assert [each.further and each.further.epochs for each in made.values()] == [None, None, 1, 2]


def test_again_trains_anew(train_command, monkeypatch):
    train_command("convmixer")
    epochs, train_epoch = [], loop._train_epoch

    def counted(*arguments, **named):
        epochs.append(1)
        train_epoch(*arguments, **named)

    monkeypatch.setattr(loop, "_train_epoch", counted)
    assert train_command("convmixer", "--again") == 0
    assert len(epochs) == 3


def test_trees_follow_features_that_were_trained_again(train_command, monkeypatch):
    train_command("resnet18_frozen", "extra_trees_exp2")
    first = checkpoint.read_card(train_command.out / "extra_trees_exp2")
    _change_recipe(monkeypatch, "resnet18_frozen", lr=5e-4)
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
    before = _files(train_command.out / "resnet18_frozen")
    assert train_command("resnet18_frozen", "extra_trees_exp2", "--seed=7") == 0
    assert _files(train_command.out / "resnet18_frozen") == before
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


def test_large_weights_are_kept_in_few_bits_and_bounded_files(train_command, monkeypatch):
    monkeypatch.setattr(neural, "MAX_FILE_BYTES", 1_000_000)
    model = replace(study.find("basic_cnn"), stored_bits={"": 8})
    monkeypatch.setitem(study.BY_ID, "basic_cnn", model)
    monkeypatch.setattr(study, "STUDY", tuple(study.BY_ID.values()))
    assert train_command("basic_cnn") == 0
    card = checkpoint.read_card(train_command.out / "basic_cnn")
    assert len(card.weights) > 5
    assert all(file.bytes < 1_100_000 for file in card.weights)
    learned = models.build(card.architecture, 3).coarse(card.settings["grid"])
    assert sum(file.bytes for file in card.weights) < 1.02 * models.parameter_count(learned)
    assert card.parameters == models.parameter_count(models.build(card.architecture, 3))
    assert card.agreement == 1
    assert card.flip_averaged.images == card.test.images


def test_layers_may_learn_at_rates_of_their_own(weights_folder):
    network = models.build("vit", 3, "vit_tiny_patch16_224")
    recipe = replace(study.find("vit_finetuned").recipes["tuned"], layer_decay=0.5)
    groups = optimizer._parameter_groups(network, recipe)
    rate = {id(each): group["lr"] for group in groups for each in group["params"]}
    assert set(rate) == {id(each) for each in network.parameters()}
    assert rate[id(network.head[0].weight)] == recipe.lr
    blocks = [rate[id(block.mlp.fc1.weight)] for block in network.body.blocks]
    np.testing.assert_allclose(np.divide(blocks[1:], blocks[:-1]), 2)
    assert rate[id(network.body.patch_embed.proj.weight)] < blocks[0] < recipe.body_lr


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
    other = _coloured_folder(tmp_path / "other", ("onix", "mew", "abra"))
    assert verify_command("convmixer", data=other) == 2
    assert "belongs to other images" in capsys.readouterr().err
    arguments = [f"--data={other}", f"--out={train_command.out}", f"--work={tmp_path}"]
    assert main(["diagnose", *arguments]) == 2
    assert "belongs to other images" in capsys.readouterr().err


def _coloured_folder(root, names):
    """Images without any meaning, none of which resembles another."""
    random = np.random.default_rng(5)
    for name in names:
        (root / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            image = Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST)
            image.save(root / name / f"{number}.png")
    return root


def test_two_classes_are_too_few_for_trees_and_that_is_said_first(weights_folder, tmp_path, capsys):
    data = _coloured_folder(tmp_path / "two", ("onix", "mew"))
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


def test_runs_of_another_recipe_do_not_count_as_seeds(train_command, monkeypatch):
    assert train_command("resnet18_frozen") == 0
    _change_recipe(monkeypatch, "resnet18_frozen", lr=5e-4)
    assert train_command("resnet18_frozen", "--seed=3") == 0
    split = read_split(train_command.out / "split.json")
    assert results.read_seeds(train_command.out, split) == {}


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


def test_missing_data_and_weights_are_said(tmp_path, image_folder, capsys):
    assert main(["convmixer", f"--data={tmp_path / 'no'}", f"--work={tmp_path}"]) == 2
    assert "There is no folder" in capsys.readouterr().err
    arguments = [f"--data={image_folder}", f"--out={tmp_path / 'o'}", f"--work={tmp_path}"]
    assert main(["vit_frozen", f"--weights={tmp_path}", *arguments]) == 2
    assert "There are no weights" in capsys.readouterr().err
