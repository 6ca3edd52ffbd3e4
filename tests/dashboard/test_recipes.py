"""Why some failed: the study's recipe beside ours, from stored results and stored maps."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from pokeclf import drawings, hub
from pokeclf.dashboard.address import EXPERIMENTS, RECIPES, Address
from pokeclf.dashboard.recipes import Recipes
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.modelstore import ModelStore
from tests.dashboard.conftest import plain

MODEL = "resnet18_frozen"


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """One model with results of both recipes, and with maps of the study's."""
    root = tmp_path_factory.mktemp("checkpoints")
    for name in ("split.json", MODEL, "backbones"):
        (root / name).symlink_to(hub.BUNDLED / name)
    run = root / "study" / MODEL
    run.mkdir(parents=True)
    for file in (hub.BUNDLED / "study" / MODEL).iterdir():
        if file.name != drawings.FILE:  # or it would be written through the link
            (run / file.name).symlink_to(file)
    looks = drawings.looks(ModelStore(hub.BUNDLED).get(MODEL))
    looks = [replace(looks[0], evidence=np.zeros_like(looks[0].evidence)), *looks[1:]]
    (run / drawings.FILE).write_bytes(drawings.pack(looks))
    return root


def _recipes(root):
    with gr.Blocks():
        return Recipes(Library(root), Observations(ModelStore(root)), drawings.FOLDER)


@pytest.fixture(scope="module")
def recipes(checkpoints):
    return _recipes(checkpoints)


def _opened(recipes, **asked):
    return recipes.refresh(None, Address(EXPERIMENTS, RECIPES, **asked))


def test_both_trainings_are_told_drawn_and_looked_through(recipes):
    shown = _opened(recipes, example="pikachu")
    assert "The study reports 59.37" in plain(shown[recipes.line])
    assert len(shown[recipes.curves.plot]["value"].data) == 4  # two runs, two parts each
    assert shown[recipes.panel]["visible"]
    assert shown[recipes.maps].count("<figure>") == 3
    assert "The study&#x27;s recipe: Pikachu" in shown[recipes.maps]
    assert "Our recipe: Pikachu" in shown[recipes.maps]
    assert "early stopping" in shown[recipes.settings] or "epochs" in shown[recipes.settings]


def test_an_empty_map_is_explained(recipes):
    first = drawings.drawings_of()[0].stem
    assert "nothing in the picture changes" in recipes.maps_of(MODEL, first)
    assert "nothing in the picture changes" not in recipes.maps_of(MODEL, "pikachu")


def test_a_run_without_maps_is_told_without(tmp_path):
    recipes = _recipes(hub.BUNDLED)
    shown = recipes.show("vit_frozen", "accuracy", "pikachu")
    kept = drawings.read(hub.BUNDLED / "study" / "vit_frozen")
    assert shown[recipes.panel]["visible"] == bool(kept)
    assert bool(shown[recipes.maps]) == bool(kept)


def test_where_nothing_was_run_a_sentence_says_so(checkpoints, tmp_path):
    for name in ("split.json", MODEL, "backbones"):
        (tmp_path / name).symlink_to(hub.BUNDLED / name)
    recipes = _recipes(tmp_path)
    assert "has not been run" in _opened(recipes)[recipes.line]


@pytest.mark.parametrize("model", ["xgboost_exp1", "../..", None])
def test_other_models_are_refused(recipes, model):
    with pytest.raises(PokeclfError, match="both recipes"):
        recipes.show(model, "accuracy", "pikachu")


def test_the_address_names_what_is_seen(recipes):
    link = recipes.link(MODEL, "loss", "eevee")
    for part in (f"view={RECIPES}", f"model={MODEL}", "quantity=loss", "example=eevee"):
        assert part in link
