"""Labels beside marks."""

from __future__ import annotations

import numpy as np

from pokeclf.charts.labels import CLEAR, ROOM, SIDES, sides


def _middles(x, y, found):
    marks = np.column_stack([x, y]).astype(float)
    return marks, marks + [SIDES[side] for side in found]


def test_a_label_alone_stands_above_its_mark():
    assert sides([3.0], [80.0]) == ["top center"]
    assert sides([], []) == []


def test_labels_keep_clear_of_marks_and_each_other():
    # Two marks above each other and two beside each other, closer than a label is large.
    x = np.array([0, 100, 100, 200, 212, ROOM[0]])
    y = np.array([0, 60, 74, 150, 150, ROOM[1]])
    found = sides(x, y)
    assert len(set(found)) > 1
    marks, labels = _middles(x, y, found)
    for place, label in enumerate(labels):
        others = np.concatenate([np.delete(labels, place, 0), np.delete(marks, place, 0)])
        assert (np.abs(others - label) / CLEAR).max(1).min() >= 1, found


def test_marks_in_one_place_get_labels_on_all_sides():
    assert set(sides([5, 5, 5, 5], [1, 1, 1, 1])) == set(SIDES)
