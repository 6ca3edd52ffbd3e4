"""A picture is classified once for each model, however often it is asked about."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import pytest
from PIL import Image
from timm.models.vision_transformer import Block

from pokeclf import explain
from pokeclf.classifier import Classifier
from pokeclf.dashboard import api, seen, uploads
from pokeclf.dashboard.answer import answer
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.imaging import decode
from pokeclf.modelstore import ModelStore
from tests.dashboard.conftest import EEVEE, PIKACHU
from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture
def passes(monkeypatch):
    """The models that classified a picture, in order."""
    made, observe = [], Classifier.observe

    def noted(self, image):
        made.append(self.card.model)
        return observe(self, image)

    monkeypatch.setattr(Classifier, "observe", noted)
    return made


def test_a_second_method_or_species_costs_no_second_pass(store, passes):
    observations = Observations(store)
    first = answer(observations, PIKACHU, "convmixer")
    answer(observations, PIKACHU, "convmixer", method="layer-cam")
    answer(observations, PIKACHU, "convmixer", species=first.guesses[3].species)
    assert passes == ["convmixer"]
    answer(observations, PIKACHU, "vit_frozen")
    assert passes == ["convmixer", "vit_frozen"]


def test_all_layers_and_heads_cost_no_block_twice(store, monkeypatch):
    seen = Observations(store).get(PIKACHU, "vit_frozen")
    passed = []
    forward = Block.forward
    monkeypatch.setattr(
        Block, "forward", lambda self, *rest: passed.append(self) or forward(self, *rest)
    )
    explain.explain(seen.classifier, seen.observation, method="rollout")
    for head in range(3):
        options = explain.Options(layer="block 5 of 12", head=head)
        explain.explain(seen.classifier, seen.observation, None, "attention", options)
    assert passed == []
    for layer in seen.classifier.network.layers:  # gradients run through what follows a layer
        options = explain.Options(layer=layer)
        explain.explain(seen.classifier, seen.observation, None, "grad-cam", options)
    assert passed.count(seen.classifier.network.body.blocks[0]) == 1


def test_only_the_last_few_are_kept(store, passes):
    observations = Observations(store, kept=1)
    for path in (PIKACHU, EEVEE, EEVEE, PIKACHU):
        observations.get(path, "convmixer")
    assert len(passes) == 3


def test_what_is_kept_holds_no_model_in_memory(checkpoints):
    store = ModelStore(checkpoints, max_bytes=1)
    observations = Observations(store)
    held = []
    for path in (PIKACHU, EEVEE):
        for model in ("convmixer", "vit_frozen"):
            held.append(weakref.ref(observations.get(path, model).classifier.network))
    gc.collect()
    assert sum(network() is not None for network in held) == 1


def test_a_programs_comparison_holds_one_model_after_the_other(monkeypatch, tmp_path):
    models = ["convmixer", "vit_frozen", "resnet18_scratch"]
    for model in models:
        write_random_checkpoint(tmp_path / "checkpoints", model)
    held, alive = [], []

    def explained(classifier, *rest):
        held.append(weakref.ref(classifier.network))
        gc.collect()
        alive.append(sum(network() is not None for network in held))
        return explain.explain(classifier, *rest)

    monkeypatch.setattr(api, "explain", explained)
    monkeypatch.setenv(uploads.VARIABLE, str(tmp_path))
    picture = {"path": str(shutil.copy(PIKACHU, tmp_path))}
    observations = Observations(ModelStore(tmp_path / "checkpoints", max_bytes=1))
    api.Api(observations).compare(picture, models)
    assert alive == [1, 1, 1]


def test_a_retrained_model_looks_again_and_a_deleted_picture_is_gone(tmp_path, passes):
    write_random_checkpoint(tmp_path, "convmixer", seed=1)
    observations = Observations(ModelStore(tmp_path))
    picture = Path(shutil.copy(PIKACHU, tmp_path / "picture.png"))
    before = observations.get(str(picture), "convmixer")
    write_random_checkpoint(tmp_path, "convmixer", seed=2)
    after = observations.get(str(picture), "convmixer")
    assert before.observation.best != after.observation.best
    picture.unlink()
    with pytest.raises(PokeclfError, match="no longer on the server"):
        observations.get(str(picture), "convmixer")


def test_a_picture_is_decoded_and_shrunk_once_for_all_models(store, tmp_path, monkeypatch):
    made = []
    for name, work in (("decode", seen.decode), ("canonical", seen.canonical)):
        monkeypatch.setattr(
            seen, name, lambda it, name=name, work=work: made.append(name) or work(it)
        )
    large = tmp_path / "large.png"
    Image.open(PIKACHU).convert("RGB").resize((700, 500)).save(large)
    observations = Observations(store)
    both = [observations.get(str(large), model) for model in ("convmixer", "vit_frozen")]
    assert made == ["decode", "canonical"]
    for each in both:
        alone = each.classifier.observe(decode(large))
        assert each.size == (700, 500)
        assert (each.observation.probabilities == alone.probabilities).all()
