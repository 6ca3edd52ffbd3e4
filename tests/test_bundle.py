"""The bundled checkpoints: whole, small enough, better than the study, and traceable."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pokeclf import (
    checkpoint,
    datasummary,
    drawings,
    embedding,
    evaluation,
    explain,
    explaincommand,
    hub,
    imaging,
)
from pokeclf.__main__ import main
from pokeclf.explain import masking
from pokeclf.modelstore import ModelStore
from pokeclf.split import read_split

ROOT = Path(__file__).resolve().parent.parent
KANTO = ROOT.parent / "shared" / "kanto"
BUNDLED = tuple(path.parent.name for path in sorted(hub.BUNDLED.glob("*/card.json")))
RUNS = tuple(
    path.parent.relative_to(hub.BUNDLED).as_posix()
    for path in sorted(hub.BUNDLED.rglob("card.json"))
)
"""All that were trained: those that are served, other seeds, and the study's recipe."""


@pytest.fixture(scope="module")
def store():
    return ModelStore(hub.BUNDLED)


@pytest.fixture(scope="module")
def split():
    return read_split(hub.BUNDLED / "split.json")


def test_the_bundle_is_small_enough_to_clone():
    files = [path for path in hub.BUNDLED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 360 * 2**20
    assert max(path.stat().st_size for path in files) < 50 * 2**20


def test_every_shared_backbone_is_used_and_stored_once():
    used = {
        file.path
        for status in ModelStore(hub.BUNDLED).statuses()
        if status.card
        for file in status.card.weights
        if file.path.startswith("backbones/")
    }
    there = {f"backbones/{path.name}" for path in (hub.BUNDLED / "backbones").iterdir()}
    assert used == there


@pytest.mark.parametrize("model", BUNDLED)
def test_each_beats_the_study_and_its_figures_follow_from_its_predictions(store, split, model):
    status = store.status(model)
    card = status.card
    assert card is not None, status.problem
    assert card.test.accuracy > status.model.study_accuracy
    assert card.split_fingerprint == split.fingerprint
    assert card.data_fingerprint == split.data_fingerprint
    labels = np.array([card.classes.index(path.split("/")[0]) for path in split.parts["test"]])
    logits = checkpoint.read_predictions(hub.BUNDLED / model, "test")
    measured = evaluation.measure(logits, labels, card.temperature)
    assert measured.images == len(labels)
    assert asdict(measured) == pytest.approx(asdict(card.test), rel=1e-6)
    with (hub.BUNDLED / model / checkpoint.HISTORY).open() as file:
        assert list(csv.DictReader(file))


@pytest.mark.parametrize("run", RUNS)
def test_the_figures_and_the_temperature_of_every_run_follow_from_its_predictions(split, run):
    card = checkpoint.read_card(hub.BUNDLED / run)
    logits, labels = {}, {}
    for part in ("validation", "test"):
        logits[part] = checkpoint.read_predictions(hub.BUNDLED / run, part)
        labels[part] = np.array(
            [card.classes.index(path.split("/")[0]) for path in split.parts[part]]
        )
        measured = evaluation.measure(logits[part], labels[part], card.temperature)
        assert asdict(measured) == pytest.approx(asdict(getattr(card, part)), rel=1e-4, abs=1e-5)
    fitted = evaluation.fit_temperature(logits["validation"], labels["validation"])
    assert card.temperature == pytest.approx(fitted, rel=0.02)


@pytest.mark.parametrize("model", BUNDLED)
def test_stored_weights_answer_as_the_trained_ones_did(store, model):
    card = store.status(model).card
    assert card.agreement >= 0.995
    validation = checkpoint.read_predictions(hub.BUNDLED / model, "validation")
    assert len(validation) == card.validation.images


def test_the_trees_settings_are_the_studys_and_validation_chose(store):
    trees = [status for status in store.statuses() if status.card and status.model.is_tree]
    assert sum(file.bytes for status in trees for file in status.card.weights) < 120 * 2**20
    for status in trees:
        tried = status.card.candidates
        settings = [(row["n_estimators"], row["max_depth"]) for row in tried]
        assert settings == [(100, 10), (200, 16), (300, 24)]
        best = max(tried, key=lambda row: row["validation_accuracy"])
        assert status.card.settings["n_estimators"] == best["n_estimators"]
        assert status.card.test.accuracy == pytest.approx(best["test_accuracy"])


@pytest.mark.parametrize("model", BUNDLED)
def test_each_answers_and_explains_a_drawing(store, model, tmp_path, monkeypatch, capsys):
    """Every method of every model as a person types it; the slow ones with few masks."""
    monkeypatch.setattr(masking, "MASKS", 24)
    monkeypatch.setattr(masking, "GRID", 4)
    monkeypatch.chdir(tmp_path)
    # One store for all the commands, or each of them would load its model anew.
    monkeypatch.setattr(explaincommand, "ModelStore", lambda folder: store)
    drawing = ROOT / "examples" / "pikachu.png"
    classifier = store.get(model)
    observation = classifier.observe(imaging.decode(drawing))
    assert "pikachu" in [guess.species for guess in observation.top(5)]
    command = ["explain", str(drawing), f"--model={model}", "--array=map.npy"]
    offered = [method.id for method in explain.methods_of(classifier)]
    for method in offered:
        assert main([*command, f"--method={method}"]) == 0, method
        written = f"pikachu-{model}-{method}.png"
        assert capsys.readouterr().out.endswith(f" is written to {written}.\n")
        with Image.open(written) as picture:
            picture.load()
            assert picture.format == "PNG"
            assert picture.height > picture.width > 480  # the map, enlarged, above its caption
        heatmap = np.load("map.npy", allow_pickle=False)
        assert heatmap.shape == observation.crop.size
        assert heatmap.max() > 0, method
    lacked = next(method for method in explain.METHODS if method not in offered)
    assert main([*command, f"--method={lacked}"]) == 2
    assert f"it has {', '.join(offered)}." in capsys.readouterr().err


@pytest.mark.parametrize("model", BUNDLED)
def test_real_test_images_get_the_stored_answers(store, split, model):
    """Serving gives what was measured: the same file, the same probabilities."""
    if not KANTO.is_dir():
        pytest.skip("the images are not on this machine: no ../shared/kanto")
    classifier = store.get(model)
    logits = checkpoint.read_predictions(hub.BUNDLED / model, "test")
    stored = evaluation.calibrated(logits, classifier.card.temperature)
    for number in range(0, len(split.parts["test"]), 150):
        path = KANTO / split.parts["test"][number]
        served = classifier.observe(imaging.decode(path)).probabilities
        np.testing.assert_allclose(served, stored[number], atol=5e-3)


def test_the_models_together_recognise_the_drawings(store):
    """Not a measurement: a sign that training, storing and serving agree on names and colours."""
    right = 0
    drawings = sorted(p for p in (ROOT / "examples").glob("*.png") if not p.stem.startswith("card"))
    classifier = store.get("resnet18_finetuned")
    for path in drawings:
        top = classifier.observe(imaging.decode(path)).top(5)
        right += path.stem in [guess.species for guess in top]
    assert right >= 0.6 * len(drawings)


def test_the_data_set_is_described_without_pictures_or_places(split):
    file = hub.BUNDLED / datasummary.FILE
    assert file.stat().st_size < 200_000
    assert str(ROOT.parent) not in file.read_text()
    assert sum(datasummary.read(hub.BUNDLED, split).images) == sum(map(len, split.parts.values()))


def test_stored_embeddings_belong_to_their_models():
    stored = sorted(hub.BUNDLED.glob(f"*/{embedding.FILE}"))
    assert stored
    for file in stored:
        assert file.stat().st_size < 20_000
        card = checkpoint.read_card(file.parent)
        assert len(embedding.read(file.parent, card)) == card.test.images


def test_the_split_file_is_plain_json_with_its_fingerprint():
    raw = json.loads((hub.BUNDLED / "split.json").read_text())
    assert set(raw) == {"data_fingerprint", "seed", "parts", "groups", "kinds", "fingerprint"}


@pytest.mark.parametrize(
    "file",
    sorted((hub.BUNDLED / "study").glob(f"*/{drawings.FILE}")),
    ids=lambda each: each.parent.name,
)
def test_the_studys_networks_have_maps_of_their_own(store, file):
    """Not those of ours, which would look as good."""
    ours = store.get(file.parent.name)
    found = drawings.read(file.parent)
    own = [
        ours.observe(imaging.decode(drawings.FOLDER / f"{each.drawing}.png")).best
        for each in found[:4]
    ]
    assert [each.guess for each in found[:4]] != own
