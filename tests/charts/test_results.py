"""Figures show the numbers that they are given, with titles and units."""

from __future__ import annotations

import numpy as np
import pytest

from pokeclf import charts, dataset, hub, results, study
from pokeclf.evaluation import Bin
from pokeclf.latency import Latency


@pytest.fixture(scope="module")
def tuned():
    return results.read_all(hub.BUNDLED, dataset.read_split(hub.BUNDLED / dataset.SPLIT_FILE))


def _named(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_leaderboard_has_every_model_with_its_interval_and_the_studys_figure(tuned):
    figure = charts.leaderboard(tuned)
    ours, theirs = _named(figure)["ours"], _named(figure)["the study, on its own split"]
    assert len(ours.x) == len(theirs.x) == len(tuned)
    assert list(ours.x) == sorted(ours.x)
    for name, accuracy, above, studied in zip(
        ours.y, ours.x, ours.error_x.array, theirs.x, strict=True
    ):
        (result,) = [each for each in tuned.values() if study.find(each.card.model).name == name]
        assert accuracy == pytest.approx(100 * result.card.test.accuracy)
        assert accuracy + above == pytest.approx(100 * result.card.test.accuracy_high)
        assert studied == pytest.approx(100 * study.find(result.card.model).study_accuracy)
    assert "%" in figure.layout.xaxis.title.text


def test_sizes_are_grouped_by_stage(tuned):
    figure = charts.accuracy_against_size(tuned)
    assert sum(len(trace.x) for trace in figure.data) == len(tuned)
    assert set(_named(figure)) <= set(study.STAGES)


def test_curves_are_drawn_of_networks_alone(tuned):
    runs = {name: tuned[name] for name in ("convmixer", "extra_trees_exp2")}
    figure = charts.curves(runs, "loss")
    assert set(_named(figure)) == {"convmixer, training", "convmixer, validation"}
    history = tuned["convmixer"].history
    drawn = _named(figure)["convmixer, validation"]
    assert list(drawn.y) == [float(row["validation_loss"]) for row in history]
    assert "nats" in figure.layout.yaxis.title.text


def test_times_are_drawn_of_the_models_that_were_timed(tuned):
    timed = {"convmixer": Latency("convmixer", 12.5, "a pass", 30, 9, 1, "a CPU", "2025-01-01")}
    (points,) = charts.accuracy_against_latency(tuned, timed).data
    assert (points.x, points.text) == ((12.5,), ("ConvMixer",))
    assert points.y[0] == pytest.approx(100 * tuned["convmixer"].card.test.accuracy)


def test_confusions_are_coloured_by_family_and_sized_by_their_number():
    wrong = np.array([[0, 2, 0], [0, 0, 1], [5, 0, 0]])
    names, groups = ["Pikachu", "Raichu", "Eevee"], np.array([1, 1, 0])
    figure = charts.confusions(wrong, names, groups, "A")
    found = _named(figure)
    assert _points(found["same family"]) == [("Pikachu", "Raichu", 2)]
    outside = [("Eevee", "Pikachu", 5), ("Raichu", "Eevee", 1)]  # the most frequent first
    assert _points(found["another family"]) == outside
    assert len(figure.layout.shapes) == 2  # one block a family
    assert list(figure.layout.yaxis.categoryarray) == names


def test_a_confusion_is_on_the_side_of_the_model_that_makes_it_more_often():
    difference = np.array([[0, 2], [-3, 0]])
    found = _named(charts.confusion_differences(difference, ["X", "Y"], np.array([0, 1]), "A", "B"))
    assert _points(found["more often by A"]) == [("X", "Y", 2)]
    assert _points(found["more often by B"]) == [("Y", "X", 3)]


def _points(trace):
    return list(zip(trace.y, trace.x, trace.customdata, strict=True))


def test_the_species_that_differ_most_are_shown_on_their_side():
    found = _named(charts.species_difference({"abra": 0.5, "mew": -0.2, "eevee": 0.0}, "A", "B"))
    assert list(found["A is better"].y) == ["Abra"]
    assert list(found["B is better"].x) == [pytest.approx(-20)]


def test_reliability_and_families_are_in_percent():
    bins = (Bin(10, 0.5, 0.4),)
    after = _named(charts.reliability(bins, bins))["after calibration"]
    assert (after.x[0], after.y[0]) == (50, 40)
    parts = _named(charts.families({"A": (0.7, 0.1, 0.2)}))
    assert [part.x[0] for part in parts.values()] == [pytest.approx(each) for each in (70, 10, 20)]


def test_importances_are_the_largest_first_from_the_top():
    values = np.array([0.1, 0.6, 0.05, 0.25])
    (bars,) = charts.importances(values, "A", count=3).data
    assert list(bars.y) == ["feature 1", "feature 4", "feature 2"]
    assert list(bars.x) == [pytest.approx(each) for each in (10, 25, 60)]


def test_a_model_without_mistakes_has_an_empty_map_of_confusions():
    nothing = np.zeros((0, 0), int)
    figure = charts.confusions(nothing, [], np.zeros(0, int), "a model")
    assert not any(trace.x for trace in figure.data if trace.hoverinfo != "skip")
