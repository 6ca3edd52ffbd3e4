"""Networks from images to checkpoints, on tiny data."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pokeclf import checkpoint, evaluation, imaging, models, storage, study
from pokeclf.modelstore import ModelStore
from tests.small_study import SECOND
from tests.train.conftest import files_of
from train import loop, neural

pytestmark = pytest.mark.usefixtures("small_recipes")


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


def test_a_network_serves_at_the_size_that_validation_prefers(train_command, change_recipe):
    change_recipe("convmixer", eval_size=64)  # trained at 48 pixels in the end
    assert train_command("convmixer") == 0
    card = checkpoint.read_card(train_command.out / "convmixer")
    tried = card.settings["validation_accuracy_by_size"]
    assert set(tried) == {"48", "64"}
    assert tried[str(card.preprocessing.size)] == max(tried.values())
    assert card.validation.accuracy == pytest.approx(max(tried.values()))


def test_frozen_models_share_one_backbone_file(train_command):
    assert train_command("resnet18_frozen") == 0
    card = checkpoint.read_card(train_command.out / "resnet18_frozen")
    shared = [file for file in card.weights if file.path.startswith("backbones/")]
    assert len(shared) == 1
    assert len(list((train_command.out / "backbones").iterdir())) == 1


@pytest.mark.parametrize(
    ("model", "further", "step"),
    [("convmixer", None, 15), ("resnet18_finetuned", None, 15), ("convmixer", SECOND, 26)],
)
def test_an_interrupted_run_resumes_to_the_same_result(
    train_command, change_recipe, monkeypatch, model, further, step
):
    change_recipe(model, further=further)
    assert train_command(model) == 0
    whole = files_of(train_command.out / model)

    train_step, calls = loop.train_step, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == step:
            raise KeyboardInterrupt
        train_step(*arguments, **named)

    monkeypatch.setattr(loop, "train_step", interrupted)
    out = train_command.out.parent / "resumed"
    assert train_command(model, out=out, work="other") == 130
    assert not (out / model).exists()
    assert train_command(model, out=out, work="other") == 0
    resumed = files_of(out / model)
    # An epoch has six batches. The last one, in which it was interrupted, is made again.
    assert len(calls) == step + 6
    for name in ("weights_1.safetensors", checkpoint.PREDICTIONS):
        assert resumed[name] == whole[name]


def test_a_second_run_goes_on_where_the_first_was_best(train_command, change_recipe, monkeypatch):
    change_recipe("convmixer", further=SECOND)
    noted, fit = [], neural.fit

    def note(network):
        noted.append({name: each.clone() for name, each in network.state_dict().items()})

    def seen(network, recipe, *arguments):
        note(network)
        history = fit(network, recipe, *arguments)
        note(network)
        return history

    monkeypatch.setattr(neural, "fit", seen)
    assert train_command("convmixer") == 0
    _, first, second, _ = noted
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


def test_a_second_run_that_is_worse_leaves_the_first_ones_weights(
    train_command, change_recipe, monkeypatch
):
    assert train_command("convmixer") == 0
    first = files_of(train_command.out / "convmixer")
    change_recipe("convmixer", further=SECOND)
    fit = neural.fit

    def worse(network, recipe, *arguments):
        history = fit(network, recipe, *arguments)
        if recipe.epochs == SECOND.epochs:
            return [replace(row, validation_accuracy=-1.0) for row in history]
        return history

    monkeypatch.setattr(neural, "fit", worse)
    assert train_command("convmixer") == 0
    second = files_of(train_command.out / "convmixer")
    assert second["weights_1.safetensors"] == first["weights_1.safetensors"]
    assert second[checkpoint.HISTORY] != first[checkpoint.HISTORY]


def test_a_run_may_be_kept_in_part(train_command, change_recipe, monkeypatch):
    change_recipe("convmixer", further=replace(SECOND, kept=0.25))
    ends, fit = [], neural.fit

    def better(network, *arguments):
        history = fit(network, *arguments)
        ends.append({name: value.clone() for name, value in network.state_dict().items()})
        return [replace(row, validation_accuracy=float(len(ends))) for row in history]

    monkeypatch.setattr(neural, "fit", better)
    assert train_command("convmixer") == 0
    first, second = ends
    file = train_command.out / "convmixer" / "weights_1.safetensors"
    for name, value in storage.restore(load_file(file)).items():
        if value.is_floating_point():
            mean = first[name] + 0.25 * (second[name] - first[name])
            assert torch.allclose(value.float(), mean, rtol=1e-3, atol=1e-4), name
        else:
            assert torch.equal(value, second[name])


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


def test_a_transformer_leaves_out_late_blocks_in_training_alone():
    network = models.build("vit", 3, "vit_tiny_patch16_224").eval()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    whole = network(images)
    neural._leave_out_blocks(network, 0.9)
    shares = [block.drop_path1.drop_prob for block in network.body.blocks[:-1]]
    assert shares == pytest.approx([0.9 * number / 11 for number in range(11)])
    assert torch.equal(network.eval()(images), whole)
    network.train()
    torch.manual_seed(0)
    assert not torch.allclose(network(images), whole)
    neural._leave_out_blocks(network, 0.0)
    assert torch.allclose(network(images), whole, atol=1e-5)
