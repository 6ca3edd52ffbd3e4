"""The Data tab with pictures, without them, and without anything."""

from __future__ import annotations

import json

import gradio as gr
import pytest

from pokeclf import datasummary, hub
from pokeclf.dashboard.address import DATA, Address
from pokeclf.dashboard.data import Data
from pokeclf.errors import PokeclfError
from pokeclf.pictures import Pictures
from pokeclf.split import SPLIT_FILE, write_split
from tests.tiny_data import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def _tab(*arguments):
    with gr.Blocks():
        return Data(Pictures(*arguments))


def test_everything_is_filled_from_the_stored_summary():
    tab = _tab(hub.BUNDLED)
    updates = tab.refresh()
    assert set(updates) == set(tab.outputs)
    assert updates[tab.problem] == ""
    assert updates[tab.panel]["visible"]
    assert "15,030 images of 151 species" in updates[tab.overview]
    assert updates[tab.chosen]["value"] == "bulbasaur"
    assert "bulbasaur/" in updates[tab.samples]
    assert "POKECLF_DATA" in updates[tab.samples]
    assert "<img" not in updates[tab.samples] + updates[tab.groups]


def test_pictures_are_shown_where_there_are_any(world):
    tab = _tab(world.checkpoints, world.images)
    samples = tab.show_species("abra")
    own = [path for path in world.split.parts["test"] if path.startswith("abra/")]
    assert samples.count("<img") == len(own)
    assert samples.count('alt="Abra') == len(own)
    assert "POKECLF_DATA" not in samples
    groups = tab.refresh("abra")[tab.groups]
    assert groups.count("<img") == 2
    assert "Bulbasaur" in groups


def test_a_file_that_is_gone_is_told_in_its_place(world, tmp_path):
    tab = _tab(world.checkpoints, tmp_path)
    samples = tab.show_species("abra")
    assert "<img" not in samples
    assert "not in the folder of pictures" in samples


def test_the_chosen_species_stays_when_the_tab_is_looked_at_again(world):
    tab = _tab(world.checkpoints)
    assert tab.refresh("charmander")[tab.chosen]["value"] == "charmander"
    assert tab.refresh("mewtwo")[tab.chosen]["value"] == "bulbasaur"


@pytest.mark.parametrize("species", ["mewtwo", "../x", "", None, ["abra"]])
def test_a_species_that_is_not_there_is_refused(world, species):
    with pytest.raises(PokeclfError, match="Choose a species"):
        _tab(world.checkpoints, world.images).show_species(species)


def test_without_a_summary_there_is_a_sentence(tmp_path, world):
    assert "not a readable split" in next(iter(_tab(tmp_path).refresh().values()))
    write_split(world.split, tmp_path / SPLIT_FILE)
    tab = _tab(tmp_path)
    updates = tab.refresh()
    assert "python -m train data --data DIR" in updates[tab.problem]
    assert not updates[tab.panel]["visible"]
    (tmp_path / datasummary.FILE).write_text("{")
    assert "damaged" in tab.refresh()[tab.problem]


def test_a_data_set_without_a_manifest_has_no_charts_of_kinds(world, tmp_path):
    raw = json.loads((world.checkpoints / datasummary.FILE).read_text())
    (tmp_path / datasummary.FILE).write_text(json.dumps(raw | {"kinds": {}, "sources": {}}))
    write_split(world.split, tmp_path / SPLIT_FILE)
    tab = _tab(tmp_path)
    updates = tab.refresh()
    assert not updates[tab.kinds.plot]["visible"]
    assert updates[tab.sources.numbers] == ""


def test_an_address_chooses_the_species(world):
    tab = _tab(world.checkpoints)
    asked = Address(DATA, species="charmander")
    assert tab.refresh(None, asked)[tab.chosen]["value"] == "charmander"
    assert tab.link("charmander") == asked.link
    # What is chosen on the page counts more than what it was opened with.
    assert tab.refresh("abra", asked)[tab.chosen]["value"] == "abra"
