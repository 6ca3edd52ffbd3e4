"""Words and small tables say what the stored results say."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pokeclf import evaluation, findings, hub, study
from pokeclf.latency import Latency
from pokeclf.library import Library
from tests.dashboard.conftest import plain


@pytest.fixture(scope="module")
def shelf():
    return Library(hub.BUNDLED).shelf()


def cells(html):
    """Rows of the first table as lists of texts."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [
        [re.sub("<.*?>", "", plain(cell)) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)]
        for row in rows
    ]


def test_places_in_accuracy_are_named_in_order(shelf):
    said = plain(findings.places(shelf.ranked))
    names = [study.find(result.card.model).name for result in shelf.ranked]
    listed = ", ".join(f"{place} {name}" for place, name in enumerate(names, start=1))
    assert f"places in accuracy: {listed}." in said


def test_the_studys_summary_has_its_fifteen_models_beside_ours(shelf):
    rows = cells(findings.summary(shelf.tuned))[1:]
    assert [row[0] for row in rows] == [model.name for model in study.STUDY]
    by_name = {row[0]: row for row in rows}
    assert by_name["Basic CNN"][1] == "0.66 %"  # with the decimals of the study
    assert by_name["Residual CNN"][3] == "129.0 M parameters"
    # Where settings are as good as each other, the study names the smaller one.
    assert by_name["XGBoost (experiment 1)"][3] == "200 trees, depth 16"
    test = shelf.tuned["convmixer"].card.test
    low, high = test.accuracy_low, test.accuracy_high
    assert by_name["ConvMixer"][2] == (
        f"{100 * test.accuracy:.2f} % ({100 * low:.1f} % to {100 * high:.1f} %)"
    )
    settings = shelf.tuned["extra_trees_exp2"].card.settings
    trees = f"{settings['n_estimators']} trees, depth {settings['max_depth']}"
    assert by_name["Extra Trees (experiment 2)"][4] == trees


def test_a_model_that_is_not_trained_keeps_its_row(shelf):
    rows = cells(findings.summary({"convmixer": shelf.tuned["convmixer"]}))
    assert rows[1] == ["Basic CNN", "0.66 %", "not trained yet", "29.6 M parameters", "–"]


def test_how_times_were_measured_is_said():
    assert "has not been measured yet" in findings.latencies({})
    row = Latency("convmixer", 12.5, "a <plain> pass", 30, 9, 2, "A CPU", "2025-01-31")
    said = plain(findings.latencies({"a": row, "b": replace(row, baseline_milliseconds=32)}))
    assert said.count("<p>") == 1
    assert "A CPU, 2 threads, 2025-01-31" in said
    assert "a &lt;plain&gt; pass: 31.0 ms" in said
    assert findings.latencies({"a": row, "b": replace(row, cpu="Another")}).count("<p>") == 2


def test_two_models_are_compared_in_words_that_fit_mcnemar(shelf):
    one, other = shelf.tuned["vit_frozen"], shelf.tuned["convmixer"]
    words = findings.pair(one, other, ["A", "B"])
    test = evaluation.mcnemar(one.right, other.right)
    assert f"{test.only_first:,} only A gets right, {test.only_second:,} only B" in words
    assert "A is better" in words
    assert "Choose two different models" in findings.pair(one, one, ["A", "A"])
    even = replace(one, logits=one.logits.copy(), card=other.card)
    assert "Chance alone could explain" in findings.pair(one, even, ["A", "B"])
    assert "p = 1.0000" in findings.pair(one, even, ["A", "B"])


def test_images_that_only_one_gets_right_are_named(shelf):
    one, other = shelf.tuned["vit_frozen"], shelf.tuned["convmixer"]
    paths = shelf.split.parts["test"]
    first, second = findings.only_one_right(one, other, ["A", "B"], paths).split("</details>")[:2]
    test = evaluation.mcnemar(one.right, other.right)
    assert f"{test.only_first:,} images that only A gets right" in first
    assert f"{test.only_second:,} images that only B gets right" in second
    rows = cells(first)
    assert rows[0] == ["image", "B takes it for"]
    assert len(rows) == 1 + min(test.only_first, findings.LISTED)
    place = paths.index(rows[1][0])
    assert one.right[place]
    assert not other.right[place]
    assert "<table" not in findings.only_one_right(one, one, ["A", "A"], paths)


def test_every_two_models_are_tested_with_the_better_one_first(shelf):
    ranked = shelf.ranked
    rows = cells(findings.all_pairs(ranked))[1:]
    assert len(rows) == len(ranked) * (len(ranked) - 1) // 2
    test = evaluation.mcnemar(ranked[0].right, ranked[1].right)
    assert rows[0][:4] == [
        study.find(ranked[0].card.model).name, study.find(ranked[1].card.model).name,
        f"{test.only_first:,}", f"{test.only_second:,}",
    ]  # fmt: skip


def test_mistakes_name_the_most_frequent_confusions(shelf):
    result = shelf.tuned["convmixer"]
    matrix = evaluation.confusion(result.guesses, result.labels, len(result.card.classes))
    words = plain(findings.mistakes(result, matrix))
    wrong = matrix - np.diag(matrix.diagonal())
    right = wrong.argmax() // len(wrong)
    assert f"{wrong.max()} of {matrix[right].sum()}" in words
    inside = re.search(r"([\d.]+) %</strong>", words)[1]
    family = findings.family_numbers(result.card.classes)
    mistaken = result.guesses != result.labels
    share = (family[result.guesses] == family[result.labels])[mistaken].mean()
    assert float(inside) == pytest.approx(100 * share, abs=0.06)


def test_the_table_of_families_counts_what_stays_inside(shelf):
    result = shelf.tuned["convmixer"]
    (row,) = cells(findings.families([result]))[1:]
    family = findings.family_numbers(result.card.classes)
    same = family[result.guesses] == family[result.labels]
    inside, wrong = int((same & ~result.right).sum()), int((~result.right).sum())
    assert row == [
        "ConvMixer", f"{100 * result.right.mean():.1f} %", f"{100 * same.mean():.1f} %",
        str(wrong), f"{inside} ({100 * inside / wrong:.1f} %)",
    ]  # fmt: skip


def test_families_join_a_line_of_evolution():
    numbers = findings.family_numbers(["pikachu", "eevee", "raichu", "jolteon"])
    assert numbers[0] == numbers[2]
    assert numbers[1] == numbers[3]
    assert numbers[0] != numbers[1]


def test_calibration_is_told_as_the_card_has_it(shelf):
    result = shelf.tuned["convmixer"]
    test = result.card.test
    words = plain(findings.calibration(result))
    assert f"<strong>{100 * test.calibration_error:.1f} %</strong>" in words
    assert f"by {100 * test.uncalibrated_error:.1f} % on average" in words


def test_images_are_told_with_their_answers(shelf):
    result = shelf.tuned["convmixer"]
    paths = shelf.split.parts["test"]
    place = int(np.flatnonzero(~result.right)[0])
    header, row = cells(findings.images(result, np.array([place]), paths, "Some"))
    assert header == ["right", "guess", "probability", "image"]
    assert row[0] != row[1]
    assert row[2] == f"{100 * result.probabilities[place].max():.1f} %"
    assert row[3] == paths[place].rsplit(".", 1)[0]
