"""Maps of confusions count the mistakes that there are."""

from __future__ import annotations

import pytest

from pokeclf import confusions, evaluation, findings, hub
from pokeclf.library import Library
from pokeclf.species import SPECIES


@pytest.fixture(scope="module")
def shelf():
    return Library(hub.BUNDLED).shelf()


def _drawn(figure):
    """Right, guessed and number of each square that is drawn."""
    return {
        (right, guessed): number
        for trace in figure.data
        if trace.hoverinfo != "skip"
        for right, guessed, number in zip(trace.y, trace.x, trace.customdata, strict=True)
    }


def test_all_mistakes_are_on_the_largest_map(shelf):
    result = shelf.tuned["basic_cnn"]
    figure = confusions.single(shelf, "basic_cnn", "all")
    drawn = _drawn(figure)
    assert sum(drawn.values()) == int((~result.right).sum())
    assert all(right != guessed for right, guessed in drawn)
    assert list(figure.layout.xaxis.categoryarray) == [species.name for species in SPECIES]


def test_families_gather_the_mistakes_of_their_members(shelf):
    result = shelf.tuned["basic_cnn"]
    numbers = findings.family_numbers(result.card.classes)
    groups = evaluation.by_group(result.guesses, result.labels, numbers)
    figure = confusions.single(shelf, "basic_cnn", "families")
    drawn = _drawn(figure)
    assert sum(drawn.values()) == groups.wrong_inside.trials
    inside = sum(number for (right, guessed), number in drawn.items() if right == guessed)
    assert inside == groups.wrong_inside.successes
    names = list(figure.layout.yaxis.categoryarray)
    assert names[:3] == ["Bulbasaur", "Charmander", "Squirtle"]
    assert len(names) == len({species.family for species in SPECIES})


def test_the_most_frequent_confusions_are_there_in_the_order_of_their_families(shelf):
    figure = confusions.single(shelf, "basic_cnn", "confused")
    names = list(figure.layout.yaxis.categoryarray)
    assert confusions.CONFUSED - 1 <= len(names) <= confusions.CONFUSED
    drawn, every = _drawn(figure), _drawn(confusions.single(shelf, "basic_cnn", "all"))
    most = sorted(every.values(), reverse=True)
    assert sorted(drawn.values(), reverse=True)[:10] == most[:10]
    assert set(names) == {name for pair in drawn for name in pair}  # no empty row and column
    assert figure.layout.title.text.endswith(f", {sum(drawn.values())} of {sum(every.values())}")
    order = [species.name for species in SPECIES]
    assert names == sorted(names, key=order.index)
    assert set(_drawn(figure).items()) <= set(
        _drawn(confusions.single(shelf, "basic_cnn", "all")).items()
    )


@pytest.mark.parametrize("extent", confusions.EXTENTS)
def test_a_model_does_not_differ_from_itself(shelf, extent):
    assert _drawn(confusions.difference(shelf, "convmixer", "convmixer", extent)) == {}


def test_the_difference_of_two_maps_is_the_map_of_differences(shelf):
    one, other = (_drawn(confusions.single(shelf, m, "all")) for m in ("basic_cnn", "convmixer"))
    expected = {
        pair: abs(one.get(pair, 0) - other.get(pair, 0))
        for pair in one.keys() | other.keys()
        if one.get(pair, 0) != other.get(pair, 0)
    }
    assert _drawn(confusions.difference(shelf, "basic_cnn", "convmixer", "all")) == expected
