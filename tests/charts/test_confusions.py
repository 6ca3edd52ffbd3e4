"""Maps of confusions: the right squares in the right colours, each with its id."""

from __future__ import annotations

import numpy as np

from pokeclf import charts


def _named(figure):
    return {trace.name: trace for trace in figure.data}


def _cell(row, column):
    return f"{row}/{column}"


def test_confusions_are_coloured_by_family_and_sized_by_their_number():
    wrong = np.array([[0, 2, 0], [0, 0, 1], [5, 0, 0]])
    names, groups = ["Pikachu", "Raichu", "Eevee"], np.array([1, 1, 0])
    figure = charts.confusions(wrong, names, groups, "A", _cell, 8)
    found = _named(figure)
    assert _points(found["same family"]) == [("Pikachu", "Raichu", 2)]
    outside = [("Eevee", "Pikachu", 5), ("Raichu", "Eevee", 1)]  # the most frequent first
    assert _points(found["another family"]) == outside
    assert found["another family"].ids == ("2/0", "1/2")
    assert len(figure.layout.shapes) == 2  # one block a family
    assert list(figure.layout.yaxis.categoryarray) == names
    assert figure.layout.title.text == "Confusions of A"
    part = charts.confusions(wrong, names, groups, "A", _cell, 10)
    assert part.layout.title.text == "Confusions of A, 8 of 10"


def test_a_confusion_is_on_the_side_of_the_model_that_makes_it_more_often():
    difference = np.array([[0, 2], [-3, 0]])
    figure = charts.confusion_differences(
        difference, ["X", "Y"], np.array([0, 1]), ("A", "B"), (_cell, lambda *cell: "of B")
    )
    found = _named(figure)
    assert _points(found["more often by A"]) == [("X", "Y", 2)]
    assert _points(found["more often by B"]) == [("Y", "X", 3)]
    assert "more images: %{customdata}" in found["more often by A"].hovertemplate
    assert (found["more often by A"].ids, found["more often by B"].ids) == (("0/1",), ("of B",))


def _points(trace):
    return list(zip(trace.y, trace.x, trace.customdata, strict=True))


def test_a_model_without_mistakes_has_an_empty_map_of_confusions():
    nothing = np.zeros((0, 0), int)
    figure = charts.confusions(nothing, [], np.zeros(0, int), "a model", _cell, 0)
    assert not any(trace.x for trace in figure.data if trace.hoverinfo != "skip")
