"""What stands in the Experiments view follows from the stored results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pokeclf import evaluation, exhibits, findings, hub, study
from pokeclf.errors import PokeclfError
from pokeclf.latency import Latency
from pokeclf.library import Library
from pokeclf.species import SPECIES, of


@pytest.fixture(scope="module")
def library():
    return Library(hub.BUNDLED)


@pytest.fixture(scope="module")
def shelf(library):
    return library.shelf()


def _drawn(figure):
    """Right, guessed and number of each square that is drawn."""
    return {
        (right, guessed): number
        for trace in figure.data
        if trace.hoverinfo != "skip"
        for right, guessed, number in zip(trace.y, trace.x, trace.customdata, strict=True)
    }


def test_the_leaderboard_is_ranked_and_empty_where_nothing_was_measured(shelf):
    timed = Latency("convmixer", 12.34, "a pass", 30, 9, 1, "a CPU", "2025-01-01")
    rows = exhibits.leaderboard(replace(shelf, latencies={"convmixer": timed}))
    assert len(rows) == len(shelf.tuned)
    assert all(len(row) == len(exhibits.COLUMNS) for row in rows)
    accuracies = [row[2] for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    times = {row[0]: row[exhibits.COLUMNS.index("one image (ms)")] for row in rows}
    assert times.pop("ConvMixer") == 12.3
    assert set(times.values()) == {None}


def test_accuracy_against_time_needs_a_time(shelf):
    assert exhibits.against_latency(replace(shelf, latencies={})) is None
    timed = Latency("convmixer", 12.34, "a pass", 30, 9, 1, "a CPU", "2025-01-01")
    assert exhibits.against_latency(replace(shelf, latencies={"vit_scratch-9": timed})) is None
    figure = exhibits.against_latency(replace(shelf, latencies={"convmixer": timed}))
    assert figure.data[0].x == (12.34,)


def test_runs_of_both_recipes_tell_most(shelf):
    both = replace(shelf, study={"convmixer": shelf.tuned["convmixer"]})
    assert exhibits.telling_runs(both) == ["ConvMixer, our recipe", "ConvMixer, the study's recipe"]
    assert len(exhibits.telling_runs(replace(shelf, study={}))) == 2
    networks = [model for model in shelf.tuned if not study.find(model).is_tree]
    assert len(exhibits.runs(both)) == len(networks) + 1


def test_all_mistakes_are_on_the_largest_map(shelf):
    result = shelf.tuned["basic_cnn"]
    figure = exhibits.confusions(shelf, "basic_cnn", "all")
    drawn = _drawn(figure)
    assert sum(drawn.values()) == int((~result.right).sum())
    assert all(right != guessed for right, guessed in drawn)
    assert list(figure.layout.xaxis.categoryarray) == [species.name for species in SPECIES]


def test_families_gather_the_mistakes_of_their_members(shelf):
    result = shelf.tuned["basic_cnn"]
    numbers = findings.family_numbers(result.card.classes)
    groups = evaluation.by_group(result.guesses, result.labels, numbers)
    figure = exhibits.confusions(shelf, "basic_cnn", "families")
    drawn = _drawn(figure)
    assert sum(drawn.values()) == groups.wrong_inside.trials
    inside = sum(number for (right, guessed), number in drawn.items() if right == guessed)
    assert inside == groups.wrong_inside.successes
    names = list(figure.layout.yaxis.categoryarray)
    assert names[:3] == ["Bulbasaur", "Charmander", "Squirtle"]
    assert len(names) == len({species.family for species in SPECIES})


def test_the_most_confused_species_stand_in_the_order_of_their_families(shelf):
    figure = exhibits.confusions(shelf, "basic_cnn", "confused")
    names = list(figure.layout.yaxis.categoryarray)
    assert len(names) == exhibits.CONFUSED
    order = [species.name for species in SPECIES]
    assert names == sorted(names, key=order.index)
    assert set(_drawn(figure).items()) <= set(
        _drawn(exhibits.confusions(shelf, "basic_cnn", "all")).items()
    )


@pytest.mark.parametrize("extent", exhibits.EXTENTS)
def test_a_model_does_not_differ_from_itself(shelf, extent):
    assert _drawn(exhibits.pair_confusions(shelf, "convmixer", "convmixer", extent)) == {}


def test_the_difference_of_two_maps_is_the_map_of_differences(shelf):
    one, other = (_drawn(exhibits.confusions(shelf, m, "all")) for m in ("basic_cnn", "convmixer"))
    expected = {
        pair: abs(one.get(pair, 0) - other.get(pair, 0))
        for pair in one.keys() | other.keys()
        if one.get(pair, 0) != other.get(pair, 0)
    }
    assert _drawn(exhibits.pair_confusions(shelf, "basic_cnn", "convmixer", "all")) == expected


def test_differences_of_a_pair_are_those_of_its_species(shelf):
    _, figure, _ = exhibits.pair(shelf, "vit_finetuned", "basic_cnn")
    (bars,) = [trace for trace in figure.data if trace.name == "ViT fine-tuned is better"]
    one, other = shelf.tuned["vit_finetuned"], shelf.tuned["basic_cnn"]
    slug = next(slug for slug in one.card.classes if of(slug).name == bars.y[-1])
    own = one.labels == one.card.classes.index(slug)
    expected = 100 * (one.right[own].mean() - other.right[own].mean())
    assert bars.x[-1] == pytest.approx(expected)
    assert bars.x[-1] == max(bars.x)


def test_families_of_all_models_add_up(shelf):
    parts = exhibits.families(shelf).data
    assert np.sum([part.x for part in parts], axis=0) == pytest.approx(100)
    assert parts[0].y[-1] == exhibits.name_of(shelf.ranked[0].card.model)


def test_a_reliability_diagram_has_all_images_before_and_after(shelf):
    words, figure = exhibits.calibration(shelf, "convmixer")
    counts = [sum(trace.customdata) for trace in figure.data if trace.customdata is not None]
    assert counts == [len(shelf.tuned["convmixer"].labels)] * 2
    assert "expected calibration error" in words


def test_a_forests_important_features_are_counted(library):
    words, figure = exhibits.importances(library, "random_forest_exp1")
    assert "It reads the 512 features of ResNet-18 fine-tuned" in words
    assert len(figure.data[0].x) == 20


@pytest.mark.parametrize("model", [None, "vit_scratch-9", "nonsense"])
def test_a_model_that_is_not_there_is_a_sentence(library, shelf, model):
    for show in (
        lambda: exhibits.mistakes(shelf, model),
        lambda: exhibits.confusions(shelf, model, "all"),
        lambda: exhibits.pair(shelf, "convmixer", model),
        lambda: exhibits.calibration(shelf, model),
        lambda: exhibits.importances(library, model),
    ):
        with pytest.raises(PokeclfError, match="Choose a model that is trained"):
            show()
