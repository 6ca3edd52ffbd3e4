"""The Compare tab: one picture, many models."""

from __future__ import annotations

import re
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pokeclf import study
from pokeclf.classifier import Guess
from pokeclf.dashboard import compare_wording, comparison
from pokeclf.dashboard.address import COMPARE, EACH, OWN, SAME, Address
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest
from pokeclf.models.resnet import ResNet18
from pokeclf.species import of
from tests.bad_images import quadrants
from tests.card_scene import card_scene
from tests.dashboard.conftest import DRAWINGS, PIKACHU, captions, plain


def shown(tab, *choices):
    """What stands in the place of the result, step by step."""
    return [plain(step[tab.result]) for step in tab.compare(*choices) if tab.result in step]


def test_models_answer_one_after_the_other_and_then_with_their_maps(compare):
    models = ["convmixer", "vit_frozen", "resnet18_frozen"]
    steps = shown(compare, PIKACHU, models, SAME)
    assert ["guess 0 of 3" in steps[0], "guess 1 of 3" in steps[1]] == [True, True]
    assert "map 3 of 3" in steps[-2]
    assert "say Pikachu" in steps[-1]
    assert all(study.find(model).name in steps[-1] for model in models)
    said = captions(steps[-1])
    assert said[0] == "All together: where most of them look"
    assert [caption.count("Pikachu") for caption in said[1:]] == [1, 1, 1]
    assert ["overlap" in caption for caption in said[1:]] == [False, True, True]
    assert "on one scale" in steps[-1]


def test_each_model_may_show_its_own_guess(compare):
    *_, last = shown(compare, PIKACHU, ["vit_frozen"], OWN)
    assert "It says Pikachu" in last
    assert len(captions(last)) == 1


def test_each_map_may_have_a_scale_of_its_own(compare):
    models = ["convmixer", "vit_frozen"]
    *_, shared = shown(compare, PIKACHU, models, SAME)
    *_, alone = shown(compare, PIKACHU, models, EACH)
    assert "on one scale" in shared
    assert "Each has a scale of its own" in alone
    assert captions(alone) == captions(shared)  # the overlap does not depend on the scale
    pictures = [re.findall('base64,([^"]+)', html) for html in (shared, alone)]
    assert pictures[0][0] == pictures[1][0]
    assert pictures[0][1:] != pictures[1][1:]


def test_one_models_guess_may_choose_the_species(compare, bundled_observations, tmp_path):
    upload = str(tmp_path / "noise.png")  # nobody knows what it is
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(upload)
    models = ["basic_cnn", "vit_finetuned", "convmixer"]
    guesses = {m: bundled_observations.get(upload, m).observation.best.species for m in models}
    assert len(set(guesses.values())) > 1  # else this test would test nothing
    for model in models:
        *_, last = compare.compare(upload, models, SAME, model)
        found = last[compare.found]
        assert {seat.species for seat in found.seats} == {guesses[model]}
        assert f"the best guess of {study.find(model).name}" in last[compare.result]


def test_a_picture_that_cannot_be_read_does_not_stay(compare, warnings, tmp_path):
    upload = tmp_path / "words.png"
    upload.write_text("no picture at all")
    *_, last = compare.compare(str(upload), ["convmixer"], SAME)
    assert last[compare.picture] is None
    assert len(warnings) == 1
    *_, last = compare.compare(PIKACHU, [], SAME)  # no model is the picture's fault
    assert compare.picture not in last


def test_what_is_kept_for_a_visitor_is_small(compare):
    *_, last = compare.compare(PIKACHU, compare.available(study.STAGES), SAME)
    kept = sum(seat.evidence.nbytes for seat in last[compare.found].seats)
    assert kept < 100_000


def test_an_address_chooses_models_maps_and_a_drawing(compare):
    asked = Address(
        COMPARE, example="eevee", models=("convmixer", "vit_frozen"), maps=EACH, top="vit_frozen"
    )
    updates = compare.open(asked)
    assert updates[compare.models]["value"] == ["convmixer", "vit_frozen"]
    assert updates[compare.top]["value"] == "vit_frozen"
    assert asked.link == updates[compare.address]
    *_, last = compare.follow(updates[compare.asked], Latest())
    assert last[compare.found].path == updates[compare.picture]
    assert "the best guess of ViT frozen" in last[compare.result]
    assert list(compare.follow(None, Latest())) == []


def test_an_address_chooses_the_pair_whose_maps_are_subtracted(compare):
    models = ("convmixer", "vit_frozen", "resnet18_frozen")
    asked = Address(
        COMPARE, example="eevee", models=models, maps=SAME,
        first="resnet18_frozen", second="vit_frozen",
    )  # fmt: skip
    updates = compare.open(asked)
    assert updates[compare.address] == asked.link
    *_, last = compare.follow(updates[compare.asked], Latest())
    assert [last[menu]["value"] for menu in compare.more.pair] == ["resnet18_frozen", "vit_frozen"]
    assert "Orange: ResNet-18 frozen" in last[compare.more.differences]
    # A pair that is not compared is left to the page.
    *_, last = compare.compare(PIKACHU, list(models[:2]), SAME, None, "basic_cnn", "vit_frozen")
    assert [last[menu]["value"] for menu in compare.more.pair] == list(models[:2])


def test_an_address_that_subtracts_what_it_does_not_compare_is_told(compare, warnings):
    models = ("vit_frozen", "convmixer")
    compare.open(Address(COMPARE, models=models, first="convmixer", second="vit_frozen"))
    assert not warnings
    compare.open(Address(COMPARE, models=models, first="convmixer", second="basic_cnn"))
    assert warnings == [
        "This address asks where models differ that it does not compare; others are."
    ]


def test_a_result_of_other_choices_is_said_to_be(compare):
    models = ["convmixer", "vit_frozen"]
    *_, last = compare.compare(PIKACHU, models, SAME)
    found = last[compare.found]
    assert compare.outdated(None, PIKACHU, models, SAME, "most") == ""
    assert compare.outdated(found, PIKACHU, models, SAME, "most") == ""
    assert compare.outdated(found, PIKACHU, models[::-1], SAME, None) == ""
    for changed in (
        (PIKACHU, [*models, "basic_cnn"], SAME, "most"),
        (PIKACHU, models, OWN, "most"),
        (PIKACHU, models, SAME, "convmixer"),
        (str(DRAWINGS / "eevee.png"), models, SAME, "most"),
    ):
        assert "of other choices" in compare.outdated(found, *changed)


def test_the_address_names_the_pair_only_where_two_are_compared(compare):
    models = ["convmixer", "vit_frozen"]
    *_, last = compare.compare(PIKACHU, models, SAME)
    found = last[compare.found]
    link, _ = compare.changed(found, PIKACHU, models, SAME, "most", "vit_frozen", "convmixer")
    assert "first=vit_frozen" in link
    assert "second=convmixer" in link
    for chosen, first, second in (
        ([], *models),
        (None, *models),
        (["basic_cnn", "vit_frozen"], *models),
        (models[:1], "convmixer", "convmixer"),
        (models, "vit_frozen", "vit_frozen"),
        (models, None, None),
    ):
        link, _ = compare.changed(found, PIKACHU, chosen, SAME, "most", first, second)
        assert "first" not in link
        assert "second" not in link
    link, stale = compare.changed(None, PIKACHU, models, SAME, "most", *models)  # it was stopped
    assert "first" not in link
    assert stale == ""


def test_two_experiments_may_be_compared_with_one_button(compare):
    stages = {button.value: stages for button, stages in compare.presets}
    chosen = compare.available(stages["Experiments 1 and 2"])
    assert len(chosen) == 10
    found = {study.find(model).stage for model in chosen}
    assert found == {study.EXPERIMENT_1, study.EXPERIMENT_2}


def test_models_that_are_level_are_said_to_be(compare):
    *_, last = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME)
    seats = last[compare.found].seats
    for second, words in (("mew", "equally many models see"), ("abra", "most models see")):
        guessed = [
            replace(seat, guesses=(Guess(slug, 0.5),))
            for seat, slug in zip(seats, ("abra", second), strict=True)
        ]
        found = replace(last[compare.found], seats=tuple(guessed))
        assert words in compare_wording.reading(found)


def test_a_model_that_knows_none_of_it_says_so(compare, tmp_path):
    def said(path):
        *_, last = shown(compare, path, ["vit_finetuned", "convmixer"], SAME)
        return re.findall("To ([^<]*) this does not look like one of the 151", last)

    strange = tmp_path / "no pokemon.png"
    quadrants().save(strange)
    assert said(str(strange)) == [study.find("vit_finetuned").name]
    assert said(PIKACHU) == []


def test_an_overtaken_comparison_gives_up(store):
    with gr.Blocks():
        tab = Compare(Observations(store), DRAWINGS, workers=1)
    latest = Latest()
    pikachu, eevee = (str(DRAWINGS / f"{name}.png") for name in ("pikachu", "eevee"))
    older = tab.compare(pikachu, ["convmixer", "vit_frozen"], SAME, latest=latest)
    next(older)
    tab.clear(None, latest)
    newer = list(tab.compare(eevee, ["convmixer"], SAME, latest=latest))
    assert newer[-1][tab.found].path == eevee
    assert list(older) == [{tab.result: gr.skip()}]  # though it was stopped before
    running = tab.compare(pikachu, ["convmixer"], SAME, latest=latest)
    next(running)
    cleared = tab.clear(newer[-1][tab.found], latest)
    assert cleared[tab.result] == ""
    assert cleared[tab.found] is None
    (last,) = running
    assert _empty(tab, last)


def test_maps_for_two_species_are_said_to_be(compare):
    card = str(DRAWINGS / "card-magikarp.png")
    pair = ["resnet18_frozen", "vit_finetuned"]
    *_, last = compare.compare(card, pair, OWN)
    species = {each.species for each in last[compare.found].seats}
    assert len(species) == 2
    said = plain(last[compare.more.differences])
    assert "These maps are for two species" in said
    assert all(
        of(each).name in caption
        for each, caption in zip(
            (seat.species for seat in last[compare.found].seats), captions(said), strict=False
        )
    )
    *_, same = compare.compare(card, pair, SAME)
    assert "two species" not in plain(same[compare.more.differences])


def _empty(tab, updates):
    return (updates[tab.result], updates[tab.stop]["visible"]) == ("", False)


def test_a_comparison_can_be_stopped_while_it_is_at_work(compare):
    latest = Latest()
    running = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME, latest=latest)
    assert next(running)[compare.stop]["visible"]
    assert _empty(compare, compare.clear(None, latest))
    (last,) = running  # A step may have come to the page after the stop.
    assert _empty(compare, last)
    *_, last = compare.compare(PIKACHU, ["convmixer"], SAME, latest=latest)
    assert not last[compare.stop]["visible"]
    *_, refused = compare.compare(PIKACHU, [], SAME, latest=latest)
    assert not refused[compare.stop]["visible"]


def test_a_comparison_that_is_stopped_as_it_ends_leaves_nothing_on_the_page(compare):
    latest = Latest()
    running = compare.compare(PIKACHU, ["convmixer"], SAME, latest=latest)
    view = next(each for each in running if each.get(compare.found))
    assert view[compare.more.panel]["visible"]
    compare.clear(None, latest)  # The view was on its way to the page.
    (last,) = running
    assert _empty(compare, last)
    assert last[compare.found] is None
    assert not last[compare.more.panel]["visible"]


def test_of_a_comparison_that_nobody_waits_for_no_notice_comes(compare, warnings, tmp_path):
    upload = tmp_path / "words.png"
    upload.write_text("no picture at all")
    latest = Latest()
    running = compare.compare(str(upload), ["convmixer"], SAME, latest=latest)
    next(running)
    compare.clear(None, latest)
    list(running)
    assert warnings == []


def test_a_model_of_an_address_that_is_not_trained_is_told(store, warnings):
    with gr.Blocks():
        tab = Compare(Observations(store), DRAWINGS, workers=1)
    updates = tab.open(Address(COMPARE, models=("convmixer", "vit_scratch")))
    assert updates[tab.models]["value"] == ["convmixer"]
    assert "not trained yet" in warnings[0]


def test_trees_need_no_pass_of_their_own_through_their_network(bundled_observations, monkeypatch):
    passes = []
    maps = ResNet18.maps
    monkeypatch.setattr(ResNet18, "maps", lambda self, x: passes.append(1) or maps(self, x))
    eevee = str(DRAWINGS / "eevee.png")
    for model in ("extra_trees_exp2", "resnet18_frozen", "random_forest_exp2"):
        bundled_observations.get(eevee, model)
    assert len(passes) == 1
    alone = bundled_observations.store.get("extra_trees_exp2")
    own = alone.observe(bundled_observations.get(eevee, "resnet18_frozen").observation.crop)
    shared = bundled_observations.get(eevee, "extra_trees_exp2").observation
    assert shared.model == "extra_trees_exp2"
    assert shared.top(3)[0].species == own.top(3)[0].species


def test_stages_choose_their_trained_models(compare, bundled_observations):
    for stage in study.STAGES:
        chosen = compare.available((stage,))
        assert chosen
        assert all(study.find(model).stage == stage for model in chosen)
        assert all(bundled_observations.store.status(model).card for model in chosen)
    assert len(compare.open()[compare.models]["value"]) == len(study.STAGES)


def test_a_damaged_model_is_told_and_the_others_answer(store, warnings):
    with gr.Blocks():
        tab = Compare(Observations(store), DRAWINGS, workers=1)
    *_, last = shown(tab, PIKACHU, ["resnet18_scratch", "convmixer"], SAME)
    assert "ConvMixer" in last
    assert "is damaged or was changed" in warnings[0]
    assert shown(tab, PIKACHU, ["resnet18_scratch"], SAME)[-1] == ""
    assert warnings[-1] == "None of these models can answer."


@pytest.mark.parametrize(
    ("path", "models", "sentence"),
    [(None, ["convmixer"], "Choose a picture"), (PIKACHU, [], "Choose at least one model")],
)
def test_what_is_missing_is_said(compare, warnings, path, models, sentence):
    assert shown(compare, path, models, SAME) == [""]
    assert sentence in warnings[0]


def test_of_an_empty_map_no_overlap_is_told(compare):
    *_, last = compare.compare(PIKACHU, ["convmixer", "vit_frozen"], SAME)
    found = last[compare.found]
    for place, told in ((0, [True, False]), (1, [False, True])):
        seats = list(found.seats)
        seats[place] = replace(seats[place], evidence=np.zeros((8, 8), np.float32))
        drawn = comparison.pictures(compare.observations, replace(found, seats=tuple(seats)))
        said = [caption for _, caption in drawn[1:]]
        assert ["marks nothing" in caption for caption in said] == told
        assert not any("overlap" in caption for caption in said)


@pytest.mark.parametrize(
    ("chosen", "decides"),
    [
        (["convmixer", "vit_finetuned", "resnet18_frozen"], "vit_finetuned"),
        (["convmixer"], "convmixer"),
        ([], None),
        (None, None),
    ],
)
def test_of_a_trading_card_the_most_accurate_model_says_which_part_counts(compare, chosen, decides):
    assert compare.cards.decider(chosen) == decides


def test_a_photo_of_a_trading_card_is_compared_by_a_part_of_it(compare, tmp_path):
    card_scene().save(tmp_path / "photo.png")
    updates = compare.cards.find(str(tmp_path / "photo.png"), ["convmixer", "vit_finetuned"])
    part = updates[compare.picture]
    assert part != str(tmp_path / "photo.png")
    assert "say Oddish" in shown(compare, part, ["vit_finetuned", "resnet18_finetuned"], SAME)[-1]


def test_one_model_and_the_only_other_are_told_in_the_singular(compare):
    *_, last = compare.compare(PIKACHU, ["convmixer"], SAME)
    said = compare_wording.reading(last[compare.found])
    assert said.startswith("The map is for Pikachu, its best guess")
    assert "scale" not in said
    pikachu, mew = ((Guess(slug, 0.5),) for slug in ("pikachu", "mew"))
    two = {"convmixer": pikachu, "vit_frozen": mew}
    assert compare_wording.summary(two) == "1 of 2 says Pikachu; the other sees Mew."
    three = {**two, "basic_cnn": pikachu}
    assert compare_wording.summary(three) == "2 of 3 say Pikachu; the other sees Mew."
    four = {**three, "residual_cnn": mew}
    assert compare_wording.summary(four) == "2 of 4 say Pikachu; others see Mew."


def _matrix(**firsts):
    others = (Guess("abra", 0.2), Guess("mew", 0.1))
    guesses = {model: (Guess(slug, 0.6), *others) for model, slug in firsts.items()}
    return compare_wording.matrix(guesses)


def test_the_matrix_marks_who_agrees_and_who_does_not():
    table = _matrix(convmixer="onix", vit_frozen="onix", basic_cnn="abra")
    assert table.count('class="common">Onix') == 2
    assert table.count('class="apart">≠ Abra') == 1  # a first guess; second ones may differ
    assert "Onix is marked" in table
    assert "class=" not in re.sub('class="(scrolls|findings)"', "", _matrix(convmixer="onix"))
