"""The study's recipe beside ours, in words."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from pokeclf import diagnosis, hub, recipefindings
from pokeclf.library import Library
from pokeclf.recipe import Further
from tests.dashboard.conftest import plain


@pytest.fixture(scope="module")
def shelf():
    shelf = Library(hub.BUNDLED).shelf()
    return replace(shelf, study={"convmixer": shelf.tuned["basic_cnn"]})


def test_networks_with_both_recipes_are_offered(shelf):
    trees = replace(shelf, study={**shelf.study, "xgboost_exp1": shelf.tuned["xgboost_exp1"]})
    assert recipefindings.both(trees) == ["convmixer"]
    assert recipefindings.both(replace(shelf, study={})) == []


def test_the_studys_recipe_stands_beside_ours(shelf):
    assert '<th scope="row">ConvMixer</th><td>71.09' in plain(recipefindings.all_recipes(shelf))
    assert recipefindings.all_recipes(replace(shelf, study={})) == ""


def test_the_verdict_has_both_figures_with_their_intervals(shelf):
    said = plain(recipefindings.verdict(shelf, "convmixer"))
    for result in (shelf.study["convmixer"], shelf.tuned["convmixer"]):
        test = result.card.test
        assert f"{100 * test.accuracy:.1f} %" in said
        assert f"({100 * test.accuracy_low:.1f} % to {100 * test.accuracy_high:.1f} %)" in said
    assert f"after {len(shelf.study['convmixer'].history)} epochs" in said
    assert "one species in 151" not in said


def test_further_runs_are_told_in_words(shelf):
    ours = shelf.tuned["convmixer"]
    third = Further(6, ((1.0, 192),), 1e-4, 1e-5, 0.5, 3, drop_path=0.1)
    further = Further(8, ((0.6, 160), (0.4, 192)), 5e-4, 1e-4, 0.5, 3, further=third)
    card = replace(ours.card, settings={**ours.card.settings, "further": asdict(further)})
    changed = replace(shelf, tuned={**shelf.tuned, "convmixer": replace(ours, card=card)})
    said = plain(recipefindings.differences(changed, "convmixer"))
    row = '<th scope="row">in a second run: '
    assert f"{row}epochs, at most</th><td>–</td><td>8</td>" in said
    assert f"{row}side of the pictures in training</th><td>–</td><td>160 px (60.0 %)" in said
    assert said.count(row) == 6
    assert said.count("in a third run: ") == 7
    assert "for which a late block is left out</th><td>–</td><td>0.1</td>" in said
    assert row not in plain(recipefindings.differences(shelf, "convmixer"))


def test_a_run_that_was_ended_early_is_said_to_have_been(shelf):
    result = shelf.tuned["basic_cnn"]
    assert "where the run was ended" not in plain(recipefindings.verdict(shelf, "convmixer"))
    card = replace(result.card, settings={**result.card.settings, "epochs": 4})
    ended = replace(result, card=card, history=result.history[:4])
    said = plain(recipefindings.verdict(replace(shelf, study={"convmixer": ended}), "convmixer"))
    allowed = result.card.settings["epochs"]
    assert "after 4 epochs, where the run was ended to spare hours of computing" in said
    assert f"(its recipe allows {allowed});" in said
    # One that stopped by itself was not ended.
    stopped = replace(ended, history=result.history[:3])
    assert recipefindings.allowed_epochs(stopped) is None


def test_a_network_that_never_learned_is_said_to_have_not(shelf):
    result = shelf.tuned["basic_cnn"]
    logits = np.zeros_like(result.logits)
    logits[:, 7] = 1
    never = replace(shelf, study={"convmixer": replace(result, logits=logits)})
    said = plain(recipefindings.verdict(never, "convmixer"))
    assert "names 1 of the 151 species" in said
    # The study's own figure says as much of its plain CNN, whatever the recipe does here.
    said = plain(recipefindings.verdict(replace(shelf, study={"basic_cnn": result}), "basic_cnn"))
    assert "0.66 % for Basic CNN. That is one species in 151" in said


def test_only_what_differs_is_listed(shelf):
    same = replace(shelf, study={"convmixer": shelf.tuned["convmixer"]})
    assert "<td>" not in recipefindings.differences(same, "convmixer")
    said = plain(recipefindings.differences(shelf, "convmixer"))
    ours, theirs = (shelf.tuned[model].card.settings for model in ("convmixer", "basic_cnn"))
    assert f"<td>{theirs['epochs']}</td><td>{ours['epochs']}</td>" in said
    assert "80 px (50.0 %), 120 px (50.0 %)" in said
    assert "label smoothing" not in said  # both have it


def test_settings_are_told_in_words():
    shelf = Library(hub.BUNDLED).shelf()
    said = plain(recipefindings.differences(shelf, "basic_cnn"))
    assert "<td>Adam</td><td>AdamW</td>" in said
    assert "mean 0 0 0, deviation 1 1 1" in said
    assert "<td>240 px</td>" in said


def test_a_run_that_was_ended_early_is_told_with_what_its_recipe_allows():
    shelf = Library(hub.BUNDLED).shelf()
    result = shelf.study["basic_cnn"]
    card = replace(result.card, settings={**result.card.settings, "epochs": 2})
    ended = replace(result, card=card, history=result.history[:2])
    said = plain(
        recipefindings.differences(replace(shelf, study={"basic_cnn": ended}), "basic_cnn")
    )
    assert '<th scope="row">epochs, at most</th><td>25</td>' in said


def test_a_run_on_smaller_pictures_is_told_to_be_one():
    shelf = Library(hub.BUNDLED).shelf()
    result = shelf.study["basic_cnn"]
    assert "on pictures of" not in plain(recipefindings.verdict(shelf, "basic_cnn"))
    settings = {**result.card.settings, "eval_size": 64, "sizes": [[1.0, 64]]}
    smaller = replace(result, card=replace(result.card, settings=settings))
    changed = replace(shelf, study={"basic_cnn": smaller})
    said = plain(recipefindings.verdict(changed, "basic_cnn"))
    assert "epochs on pictures of 64 px instead of 240 px" in said
    assert "% (at 64 px)</td>" in plain(recipefindings.all_recipes(changed))
    # The recipe itself has the same pictures as ever.
    assert recipefindings.differences(changed, "basic_cnn") == recipefindings.differences(
        shelf, "basic_cnn"
    )


def test_a_run_whose_gradients_were_clipped_is_said_to_have_been():
    shelf = Library(hub.BUNDLED).shelf()
    result = shelf.study["basic_cnn"]

    def said(**settings):
        card = replace(result.card, settings=settings)
        changed = replace(shelf, study={"basic_cnn": replace(result, card=card)})
        return plain(recipefindings.verdict(changed, "basic_cnn")), plain(
            recipefindings.differences(changed, "basic_cnn")
        )

    settings = {name: each for name, each in result.card.settings.items() if name != "clip"}
    verdict, differences = said(**settings)  # as cards were before there was such a setting
    assert "clipped to a norm of 5" in verdict
    assert "gradients" not in differences  # ours are clipped, too
    verdict, differences = said(**settings, clip=None)
    assert "clipped" not in verdict
    assert "gradients</th><td>any</td><td>5</td>" in differences


def test_a_figure_that_is_not_reproduced_is_said_not_to_be():
    shelf = Library(hub.BUNDLED).shelf()
    assert "not reproduced" in plain(recipefindings.verdict(shelf, "vit_finetuned"))  # 3.85 %
    assert "not reproduced" not in plain(recipefindings.verdict(shelf, "resnet18_frozen"))
    # The study's 11.89 % is more than what its recipe reaches here, on smaller pictures.
    said = plain(recipefindings.verdict(shelf, "residual_cnn"))
    assert "chance, other pictures or something that the study does not tell" in said
    assert "after 6 epochs on pictures of 64 px instead of 240 px, when 5 had brought" in said


def test_a_run_that_learned_does_not_hide_those_that_went_blind():
    shelf = Library(hub.BUNDLED).shelf()
    learned = replace(shelf, study={"basic_cnn": shelf.study["vit_finetuned"]})
    steps = diagnosis.of(hub.BUNDLED, "basic_cnn")
    said = plain(recipefindings.verdict(learned, "basic_cnn", steps))
    assert "other beginnings of the same recipe stand still at first" in said
    assert "not reproduced" not in said
    assert "not reproduced" in plain(recipefindings.verdict(learned, "basic_cnn", steps[:1]))


def test_networks_whose_study_recipe_never_ran_are_listed_as_such():
    shelf = Library(hub.BUNDLED).shelf()
    fewer = replace(shelf, study={"basic_cnn": shelf.study["basic_cnn"]})
    said = plain(recipefindings.all_recipes(fewer))
    assert said.count("not run") == 8  # of nine networks
    assert recipefindings.all_recipes(replace(shelf, study={})) == ""
