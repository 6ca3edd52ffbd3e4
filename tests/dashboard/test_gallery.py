"""The Gallery: which images, their maps, and no file of a visitor's choosing."""

from __future__ import annotations

import re
import shutil

import gradio as gr
import pytest

from pokeclf import datasummary, hub
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import (
    CONFUSION,
    EXPERIMENTS,
    GALLERY,
    MISTAKES,
    ONE_SPECIES,
    ONLY_FIRST,
    UNSURE,
    Address,
)
from pokeclf.dashboard.gallery import PAGE, Gallery
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.modelstore import ModelStore
from pokeclf.pictures import Pictures
from tests.dashboard.conftest import plain
from tests.tiny_data import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def _gallery(checkpoints, images=None):
    with gr.Blocks():
        return Gallery(
            Library(checkpoints), Pictures(checkpoints, images),
            Observations(ModelStore(checkpoints)), workers=1,
        )  # fmt: skip


@pytest.fixture(scope="module")
def gallery(world):
    return _gallery(world.checkpoints, world.images)


@pytest.fixture(scope="module")
def bundled():
    return _gallery(hub.BUNDLED)


def _opened(gallery, **asked):
    """The gallery at an address."""
    return gallery.refresh(None, Address(EXPERIMENTS, GALLERY, **asked))


def _event(data):
    return gr.EventData(None, data)


def _images(gallery, updates):
    return [name for _, name in updates[gallery.image]["choices"]]


def test_the_surest_mistakes_come_first_with_pictures(gallery, world):
    updates = gallery.refresh()
    assert updates[gallery.model]["value"] == "vit_frozen"  # right about everything
    assert "no such images" in updates[gallery.line]
    assert not updates[gallery.panel]["visible"]
    updates = gallery.show("convmixer", MISTAKES, None)
    assert _images(gallery, updates) == list(reversed(world.split.parts["test"][:3]))
    html = plain(updates[gallery.images])
    assert html.count("<img") == html.count("data:image/webp;base64,") == 3
    assert len(re.findall(r'alt="\w+, taken for Pikachu \([\d.]+ %\)"', html)) == 3
    assert updates[gallery.panel]["visible"]


def test_results_are_drawn_once_until_a_checkpoint_changes(gallery):
    written = gallery.refresh()[gallery.drawn]
    assert list(gallery.refresh(written)) == [gallery.drawn]


def test_without_pictures_there_is_a_list_and_a_sentence(bundled):
    updates = _opened(bundled, first="convmixer")
    html = updates[bundled.images]
    assert "POKECLF_DATA" in html
    assert "<img" not in html
    assert html.count('<th scope="row">') == PAGE
    assert not updates[bundled.panel]["visible"]
    assert updates[bundled.second]["value"] != "convmixer"


def test_pages_hold_every_image_once(bundled):
    result = bundled.library.shelf().result("vit_finetuned")
    count, found, page = int((~result.right).sum()), [], 0
    while True:
        updates = bundled.turn_on("vit_finetuned", MISTAKES, None, page - 1)
        found += _images(bundled, updates)
        assert updates[bundled.back]["interactive"] == (page > 0)
        if not updates[bundled.on]["interactive"]:
            break
        page += 1
    assert len(found) == len(set(found)) == count
    assert bundled.show("vit_finetuned", MISTAKES, None, 10**9)[bundled.page] == page
    assert bundled.turn_back("vit_finetuned", MISTAKES, None, 0)[bundled.page] == 0


def test_confusions_that_occur_are_offered_the_most_frequent_first(bundled):
    updates = bundled.show("convmixer", CONFUSION, None)
    labels = [label for label, _ in updates[bundled.choice]["choices"]]
    counts = [int(re.search(r"(\d+) image", label)[1]) for label in labels]
    assert counts == sorted(counts, reverse=True)
    result = bundled.library.shelf().result("convmixer")
    assert sum(counts) == (~result.right).sum()
    right, guessed = updates[bundled.choice]["value"].split("/")
    names = _images(bundled, updates)
    assert len(names) == counts[0]
    tests = bundled.pictures.split().parts["test"]
    for name in names:
        place = tests.index(name)
        assert result.card.classes[result.labels[place]] == right
        assert result.card.classes[result.guesses[place]] == guessed


def test_an_address_opens_the_gallery_as_it_stood(bundled):
    _, confusion = bundled.show("convmixer", CONFUSION, None)[bundled.choice]["choices"][5]
    for which, choice in ((CONFUSION, confusion), (ONE_SPECIES, "onix"), (UNSURE, None)):
        chosen = bundled.choices("convmixer", "vit_frozen", which, choice)
        updates = _opened(bundled, **chosen)
        assert updates[bundled.model]["value"] == "convmixer"
        assert updates[bundled.second]["value"] == "vit_frozen"
        assert updates[bundled.which] == which
        assert updates[bundled.choice]["value"] == choice
        link = Address(EXPERIMENTS, GALLERY, **chosen).link
        assert bundled.link("convmixer", "vit_frozen", which, choice) == link


def test_a_choice_that_is_told_twice_is_shown_once(bundled):
    updates = bundled.choose("convmixer", ONE_SPECIES, None, None)
    stands = updates[bundled.stands]
    choice = updates[bundled.choice]["value"]
    assert stands == ("convmixer", ONE_SPECIES, choice, None)
    again = bundled.choose("convmixer", ONE_SPECIES, choice, stands, "vit_frozen")
    assert list(again) == [bundled.second]
    assert len(bundled.choose("convmixer", MISTAKES, None, stands)) > 1


def test_images_that_only_one_of_two_recognises_are_shown(bundled):
    updates = bundled.choose("convmixer", ONLY_FIRST, None, None, "vit_frozen")
    one, other = (bundled.library.shelf().result(each) for each in ("convmixer", "vit_frozen"))
    names = bundled.pictures.test_images(one.card)
    places = [names.index(name) for name in _images(bundled, updates)]
    assert len(places) == PAGE
    assert one.right[places].all()
    assert not other.right[places].any()
    stands = updates[bundled.stands]
    further = bundled.choose("convmixer", ONLY_FIRST, None, stands, "vit_finetuned")
    assert further[bundled.stands] != stands
    turned = bundled.turn_on("convmixer", ONLY_FIRST, None, 0, "vit_frozen")
    assert not set(_images(bundled, turned)) & set(_images(bundled, updates))


def test_the_second_model_is_another_than_the_first(gallery):
    assert gallery.second_beside("convmixer", "convmixer") == "vit_frozen"
    assert gallery.second_beside("convmixer", "vit_frozen") == "vit_frozen"


def test_a_species_shows_all_of_its_images(bundled):
    updates = bundled.show("convmixer", ONE_SPECIES, "onix")
    assert {name.split("/")[0] for name in _images(bundled, updates)} == {"onix"}
    assert bundled.show("convmixer", UNSURE, None)[bundled.choice]["visible"] is False


@pytest.mark.parametrize("choice", ["../x", "mewtwo/../abra", "x", "", 7, ["onix"], "onix/onix"])
@pytest.mark.parametrize("view", [ONE_SPECIES, CONFUSION, "../view", None])
def test_a_choice_that_is_not_there_falls_back_to_one_that_is(bundled, view, choice):
    updates = bundled.show("convmixer", view, choice)
    assert _images(bundled, updates)
    assert updates[bundled.choice]["value"] != choice


@pytest.mark.parametrize("model", [None, "nonsense", "../convmixer", ["convmixer"]])
def test_a_model_that_is_not_there_is_a_notice(gallery, warnings, model):
    notices.guarded(gallery.show, 2)(model, MISTAKES, None)
    for models in ((model, "convmixer"), ("convmixer", model)):
        notices.guarded(gallery.show_maps, 2)("abra/1.png", *models)
    assert warnings == ["Choose a model that is trained."] * 3


def test_a_click_on_a_card_chooses_its_image(gallery, world):
    names = world.split.parts["test"]
    picked = gallery.pick(names[1], _event({"place": 2}))
    assert picked == {gallery.image: names[2], gallery.maps: "", gallery.explained: None}
    # The maps of the image that is clicked again stay.
    assert gallery.pick(names[2], _event({"place": 2})) == {gallery.image: names[2]}


@pytest.mark.parametrize(
    "data", [{"place": -1}, {"place": 10**9}, {"place": "../x"}, {"place": True}, {}, None, "place"]
)
def test_a_made_up_click_is_refused(gallery, data):
    with pytest.raises(PokeclfError, match="no such image"):
        gallery.pick(None, _event(data))


def test_maps_of_two_models_for_the_right_species_and_for_the_rival(gallery, world):
    name = world.split.parts["test"][2]
    updates = gallery.show_maps(name, "convmixer", "vit_frozen")
    assert updates[gallery.explained] == name
    html = plain(updates[gallery.maps])
    captions = re.findall("<figcaption>([^<]+)", html)
    right = name.split("/")[0].capitalize()
    assert captions[0] == f"The picture itself: {right}"
    assert [caption.split(" (")[0] for caption in captions[1:]] == [
        f"ConvMixer, Grad-CAM: {right}",
        f"ConvMixer, Finer-CAM: Pikachu, not {right}",
        f"ViT frozen, deep head, Class attention: {right}",
        f"ViT frozen, deep head, Finer-CAM: Pikachu, not {right}",
    ]
    assert html.count("<img alt=") == 5
    alone = gallery.show_maps(name, "convmixer", "convmixer")
    assert alone[gallery.maps].count("<img alt=") == 3


def test_of_a_right_answer_the_runner_up_is_the_rival(gallery, world):
    name = world.split.parts["test"][5]
    html = plain(gallery.show_maps(name, "vit_frozen", "vit_frozen")[gallery.maps])
    right = name.split("/")[0].capitalize()
    assert f"not {right}" in html
    assert f"Finer-CAM: {right}" not in html


@pytest.mark.parametrize(
    "name",
    ["../checkpoints/split.json", "/etc/passwd", "abra/../../x.png", "", None, 3, ["abra/1.png"]],
)
def test_no_file_of_a_visitors_choosing_is_explained(gallery, name):
    with pytest.raises(PokeclfError, match="Choose an image of the list"):
        gallery.show_maps(name, "convmixer", "vit_frozen")


def test_a_picture_that_is_gone_or_exchanged_is_said(world, tmp_path):
    images = tmp_path / "images"
    shutil.copytree(world.images, images)
    first, second, third = world.split.parts["test"][:3]
    (images / first).unlink()
    shutil.copy(images / third, images / second)
    gallery = _gallery(world.checkpoints, images)
    html = gallery.show("convmixer", MISTAKES, None)[gallery.images]
    assert html.count("<img") == 1
    assert "not in the folder of pictures" in html
    assert "another than the one" in html
    with pytest.raises(PokeclfError, match="not in the folder of pictures"):
        gallery.show_maps(first, "convmixer", "vit_frozen")


def test_a_summary_of_another_split_shows_no_pictures(world, tmp_path):
    shutil.copytree(world.checkpoints, tmp_path / "checkpoints")
    file = tmp_path / "checkpoints" / datasummary.FILE
    file.write_text(file.read_text().replace(world.split.fingerprint, "0" * 64))
    gallery = _gallery(tmp_path / "checkpoints", world.images)
    updates = gallery.show("convmixer", MISTAKES, None)
    assert "or another split" in updates[gallery.images]
    assert "<img" not in updates[gallery.images]
    with pytest.raises(PokeclfError, match="or another split"):
        gallery.show_maps(world.split.parts["test"][0], "convmixer", "vit_frozen")


def test_without_results_nothing_is_drawn(world, tmp_path):
    shutil.copy(world.checkpoints / "split.json", tmp_path)
    gallery = _gallery(tmp_path)
    assert list(gallery.refresh()) == [gallery.drawn]


def test_an_address_holds_the_page_and_the_image_whose_maps_are_shown(bundled, gallery, world):
    turned = bundled.turn_on("convmixer", UNSURE, None, 0)
    assert "sheet=1" in bundled.link("convmixer", "vit_frozen", UNSURE, None, 1, None)
    updates = _opened(bundled, first="convmixer", show=UNSURE, sheet=1)
    assert updates[bundled.page] == 1
    assert updates[bundled.images] == turned[bundled.images]
    assert updates[bundled.wanted] is None

    name = world.split.parts["test"][1]
    link = gallery.link("convmixer", "vit_frozen", MISTAKES, None, 0, name)
    assert "image=1" in link
    assert "sheet" not in link
    updates = _opened(gallery, first="convmixer", second="vit_frozen", image=1)
    assert updates[gallery.image]["value"] == name
    shown = gallery.maps_wanted(updates[gallery.wanted])
    expected = gallery.show_maps(name, "convmixer", "vit_frozen")[gallery.maps]
    assert plain(shown[gallery.maps]) == plain(expected)
    assert shown[gallery.explained] == name


def test_what_an_address_names_and_is_not_there_is_told(gallery, bundled, warnings):
    _opened(gallery, first="basic_cnn")
    assert "There is nothing of Basic CNN to show here; " in warnings.pop()
    updates = _opened(bundled, first="vit_finetuned", show=CONFUSION, species="mew", guessed="abra")
    assert updates[bundled.choice]["value"] != "mew/abra"
    assert warnings.pop() == "There are no such images; others are shown instead."
    last = _opened(bundled, first="vit_finetuned", sheet=99_999)[bundled.page]
    assert last > 0
    assert warnings.pop() == "There are not so many pages; the last one is shown."
    assert _opened(bundled, first="vit_finetuned", sheet=last)[bundled.page] == last
    assert not warnings
    # Of an image that is not on the page, no maps are drawn beside the others.
    for place in (0, 99_999):
        updates = _opened(gallery, first="convmixer", show=UNSURE, image=place)
        assert updates[gallery.wanted] is None
    assert not warnings
