"""What a figure draws can be read: every number is in its table, and the extremes are told."""

from __future__ import annotations

import numpy as np
import pytest

from pokeclf import alternatives, charts, hub, results
from pokeclf.evaluation import Bin
from pokeclf.split import SPLIT_FILE, read_split


@pytest.fixture(scope="module")
def tuned():
    return results.read_all(hub.BUNDLED, read_split(hub.BUNDLED / SPLIT_FILE))


def test_a_leaderboard_has_a_row_a_model_with_its_interval(tuned):
    drawn = alternatives.numbers(charts.leaderboard(tuned))
    assert drawn.header == (
        "model", "the study, on its own split: test accuracy (%)", "ours: test accuracy (%)",
        "ours: test accuracy (%), from", "ours: test accuracy (%), to",
    )  # fmt: skip
    assert len(drawn.rows) == len(tuned)
    best = max(tuned.values(), key=lambda result: result.card.test.accuracy).card.test
    found = drawn.rows[0][2:]  # the best on top, as it is drawn
    assert found == pytest.approx(
        [100 * each for each in (best.accuracy, best.accuracy_low, best.accuracy_high)]
    )


def test_curves_have_a_row_an_epoch_and_a_column_a_series(tuned):
    runs = {name: tuned[name] for name in ("convmixer", "basic_cnn")}
    drawn = alternatives.numbers(charts.curves(runs, "accuracy"))
    assert drawn.header[:2] == ("epoch", "convmixer, validation: accuracy (%)")
    assert len(drawn.header) == 5
    longest = max(len(run.history) for run in runs.values())
    assert [row[0] for row in drawn.rows] == list(range(1, longest + 1))
    shorter = min(len(run.history) for run in runs.values())
    assert shorter < longest
    assert None in drawn.rows[-1]  # one run has ended before


def test_points_of_two_numbers_have_a_row_each(tuned):
    drawn = alternatives.numbers(charts.accuracy_against_size(tuned))
    assert drawn.header[: drawn.named] == ("model", "stage")
    assert len(drawn.rows) == len(tuned)
    bins = (Bin(10, 0.5, 0.4), Bin(30, 0.9, 0.95))
    drawn = alternatives.numbers(charts.reliability(bins, bins[1:]))
    assert drawn.header[-1] == "images"
    assert [row[0] for row in drawn.rows] == ["before", "before", "after calibration"]
    assert drawn.rows[1][1:] == (95, 90, 30)  # the guide line has no rows


def test_a_confusion_is_a_row_of_two_names_and_a_number():
    wrong = np.array([[0, 2, 0], [0, 0, 1], [0, 0, 0]])
    figure = charts.confusions(
        wrong, ["A", "B", "C"], np.array([0, 0, 1]), "the model", "{}/{}".format, 4
    )
    drawn = alternatives.numbers(figure)
    assert drawn.header == ("mistakes", "right", "guessed", "images")
    assert set(drawn.rows) == {("same family", "A", "B", 2), ("another family", "B", "C", 1)}
    assert alternatives.words(drawn) == (
        "Chart: Confusions of the model, 3 of 4. images: highest 2 (same family, A, B), "
        "lowest 1 (another family, B, C)."
    )


def test_the_numbers_of_a_column_have_as_many_decimals():
    rows = [["A", 28.6, 29.0, 0.25, 1234], ["B", 29.0, 30.0, 0.004, None]]
    assert alternatives.texts(rows) == [
        ["A", "28.6", "29", "0.25", "1,234"], ["B", "29.0", "30", "0.004", "–"]
    ]  # fmt: skip
    assert alternatives.texts([]) == []


def test_a_side_without_bars_is_left_out():
    figure = charts.species_difference({"abra": 0.5, "mew": 0.25}, {"abra": 4, "mew": 8}, "A", "B")
    drawn = alternatives.numbers(figure)
    difference = "difference (percentage points)"
    assert drawn.header == ("better", "species", difference, "test images")
    assert drawn.rows == (("A is better", "Mew", 25, 8), ("A is better", "Abra", 50, 4))


def test_nothing_to_draw_is_said():
    figure = charts.species_difference({}, {}, "A", "B")
    said = alternatives.words(alternatives.numbers(figure))
    assert said == "Chart: Where they differ most. There is nothing to draw."
    assert "<table" not in alternatives.beside(figure, "name")


def test_equal_values_are_told_once_and_many_series_are_cut():
    header = ("model", *(f"series {number}" for number in range(8)))
    drawn = alternatives.Numbers("Title", header, 1, (("A", *[3.0] * 8), ("B", *[3.0] * 8)))
    said = alternatives.words(drawn)
    assert "series 0: 3 (A and 1 more)." in said
    assert "series 5" in said
    assert "series 6" not in said
    assert said.endswith("2 further series are in the table.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), ("<a>", "<a>"), (3.0, "3"), (12345, "12,345"), (96.321, "96.32"),
        (0.0123, "0.012"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_people_read_them(value, text):
    assert alternatives.cell(value) == text


def test_names_are_escaped_and_the_words_can_be_pointed_at():
    figure = charts.importances(np.array([0.5]), "<b>A")
    html = alternatives.beside(figure, "chart")
    assert '<p id="chart-words">Chart: Features of &lt;b&gt;A.' in html
    assert "<b>" not in html
    assert '<th scope="row">feature 1</th><td>50</td>' in html
