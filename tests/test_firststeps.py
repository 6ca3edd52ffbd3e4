"""The first steps of the plain CNNs, in words."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from pokeclf import diagnosis, firststeps, hub
from pokeclf.diagnosis import Finding
from pokeclf.library import Library
from tests.dashboard.conftest import plain


def test_first_steps_are_a_table():
    found = (
        Finding("basic_cnn", "as described", 240, 300, 5.0171, 163.4, 0.01, 0.7344, 1, 0.0066),
    )
    said = plain(firststeps.told(found, 151))
    assert "A blind guess costs 5.02" in said
    for cell in ("as described", "300", "5.02", "163.4", "1.0 %", "73.4 %"):
        assert f">{cell}<" in said
    assert "of the pictures: <strong>as described</strong>" in said
    assert "by up to 163 times their spread" in said
    assert "dead, 73.4 % of them after 300 steps" in said
    assert "Of these beginnings" not in said
    assert "do not decide it" not in said
    assert "first weights" not in said
    assert "begins again, as the study" in said
    assert "The first steps of Basic CNN" in said
    smaller = plain(firststeps.told((replace(found[0], side=64),), 151))
    assert "begins again on pictures of 64 px, as the study" in smaller
    seeing = replace(found[0], variant="as described, from others", dead=0.5, loss=4.5)
    told = plain(firststeps.told((*found, seeing), 151))
    assert "dead, 50.0 % to 73.4 % of them" in told
    assert "differs with the first weights: 1 of the 2 networks" in told
    blind = replace(found[0], variant="as described, from still others", loss=5.178)
    told = plain(firststeps.told((*found, blind), 151))
    assert "so with other first weights, too: 2 of the 2 networks" in told
    assert "<strong>as described; as described, from still others</strong>" in told
    better = replace(found[0], variant="another", accuracy=0.0957)
    told = plain(firststeps.told((*found, better), 151))
    assert "the best is “another”: it recognises 9.6 % instead of 0.7 %" in told
    assert "of the pictures: <strong>none of them</strong>" in plain(
        firststeps.told((seeing,), 151)
    )
    other = (replace(found[0], variant="Adam 1e-4"),)
    assert "Why?" not in firststeps.told(other, 151)
    assert firststeps.told((), 151) == ""


def test_a_network_that_learns_with_more_dead_units_than_another_is_named():
    still = Finding("basic_cnn", "as described", 240, 300, 5.0, 163.4, 0.01, 0.2, 1, 0.0066)
    learns = replace(still, variant="Adam 1e-4", loss=4.7, dead=0.75)
    told = plain(firststeps.told((still, learns), 151))
    assert "“Adam 1e-4” learns something with 75.0 % of them, “as described” nothing with" in told
    told = plain(firststeps.told((still, replace(learns, dead=0.1)), 151))
    assert "do not decide it" not in told


@pytest.mark.parametrize("model", diagnosis.MODELS)
def test_what_the_results_say_of_the_bundled_networks_first_steps_is_so(model):
    found = diagnosis.of(hub.BUNDLED, model)
    said = firststeps.told(found, 151)
    assert "do not decide it" in said
    still = diagnosis.blind(diagnosis.as_described(found), 151)
    assert still
    assert all(each.dead > 0.8 for each in still)


def test_the_plain_cnn_went_on_from_a_blind_guess_and_the_residual_one_did_not():
    histories = {
        model: [float(row["validation_loss"]) for row in result.history]
        for model, result in Library(hub.BUNDLED).shelf().study.items()
    }
    limit = log(151) - diagnosis.HARDLY
    assert histories["basic_cnn"][0] > limit > min(histories["basic_cnn"])
    assert min(histories["residual_cnn"]) > limit
