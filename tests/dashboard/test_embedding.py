"""The Embedding tab: the chart, the clicked image, and models without an embedding."""

from __future__ import annotations

import gradio as gr
import numpy as np
import pytest

from pokeclf import checkpoint, embedding
from pokeclf.dashboard.address import EMBEDDING, EXPERIMENTS, GALLERY, Address
from pokeclf.dashboard.embedding import ALL, Embedding
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.pictures import Pictures
from tests.dashboard.conftest import plain
from tests.tiny_data import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Of the two models only the worse one has an embedding."""
    world = write_world(tmp_path_factory.mktemp("world"))
    folder = world.checkpoints / "convmixer"
    card = checkpoint.read_card(folder)
    places = np.random.default_rng(0).uniform(-1, 1, (card.test.images, 2))
    embedding.write(folder, card, places)
    return world


@pytest.fixture(scope="module")
def tab(world):
    with gr.Blocks():
        return Embedding(Library(world.checkpoints), Pictures(world.checkpoints, world.images))


def test_the_best_model_that_has_an_embedding_is_shown_first(tab, world):
    updates = tab.refresh()
    assert updates[tab.model]["value"] == "convmixer"
    assert [model for _, model in updates[tab.model]["choices"]] == ["convmixer"]
    figure = updates[tab.chart]["value"]
    assert sum(len(trace.x) for trace in figure.data) == len(world.split.parts["test"])
    assert "<details>" in updates[tab.table]
    assert updates[tab.images] == ""
    assert list(tab.refresh(updates[tab.drawn])) == [tab.drawn]


def test_an_address_opens_the_embedding_as_it_stood(tab):
    asked = Address(EXPERIMENTS, EMBEDDING, model="convmixer", species="abra", colours="family")
    updates = tab.refresh(None, asked)
    values = (updates[menu] for menu in tab.menus)
    chosen = [each["value"] if isinstance(each, dict) else each for each in values]
    assert chosen == ["convmixer", "abra", "family"]
    assert tab.link(*chosen) == asked.link
    other = Address(EXPERIMENTS, GALLERY, model="vit_frozen")
    assert tab.refresh(None, other)[tab.model]["value"] == "convmixer"


def test_a_species_lists_its_images(tab, world):
    updates = tab.draw("convmixer", "abra", "family")
    own = [path for path in world.split.parts["test"] if path.startswith("abra/")]
    assert updates[tab.images].count("<img") == len(own)
    assert "data-place" not in updates[tab.images]
    assert tab.draw("convmixer", "../x", "nonsense")[tab.images] == ""


def test_a_click_on_a_mark_shows_its_image(tab, world):
    html = plain(tab.pick("convmixer", gr.EventData(None, {"place": 1})))
    assert html.count("<img") == 1
    assert "taken for Pikachu" in html
    assert world.split.parts["test"][1].removesuffix(".png") in html
    for place in (-1, 10**9, "../x", None):
        with pytest.raises(PokeclfError, match="no such image"):
            tab.pick("convmixer", gr.EventData(None, {"place": place}))


def test_without_an_embedding_there_is_a_sentence(world, tab):
    file = world.checkpoints / "convmixer" / embedding.FILE
    whole = file.read_bytes()
    file.unlink()
    try:
        updates = tab.refresh()
    finally:
        file.write_bytes(whole)
    assert updates[tab.line] == "<p>No model has an embedding yet.</p>"


def test_a_model_without_an_embedding_gets_the_command(tab):
    updates = tab.draw("vit_frozen", ALL, "type")
    assert "python -m train embed vit_frozen --data DIR" in updates[tab.line]
    assert not updates[tab.chart]["visible"]


def test_a_stale_embedding_is_refused_with_a_sentence(world, tab):
    file = world.checkpoints / "convmixer" / embedding.FILE
    whole = file.read_bytes()
    card = checkpoint.read_card(world.checkpoints / "convmixer")
    file.write_bytes(whole.replace(card.weights_sha256.encode(), b"0" * 64))
    try:
        updates = tab.draw("convmixer", ALL, "type")
    finally:
        file.write_bytes(whole)
    assert "of other weights or another split" in updates[tab.line]
    assert not updates[tab.chart]["visible"]
