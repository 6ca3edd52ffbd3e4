"""The Experiments tab on the bundled results."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from pokeclf import dataset, evaluation, findings, hub, study
from pokeclf.dashboard import experiments as module
from pokeclf.dashboard import notices
from pokeclf.dashboard.experiments import Experiments
from pokeclf.library import Library
from tests.dashboard.conftest import plain


@pytest.fixture(scope="module")
def library():
    return Library(hub.BUNDLED)


@pytest.fixture(scope="module")
def experiments(library):
    with gr.Blocks():
        return Experiments(library)


def test_everything_is_filled_from_stored_results(experiments, library):
    updates = experiments.refresh()
    assert set(updates) == set(experiments.outputs)
    assert updates[experiments.problem] == ""
    rows = updates[experiments.table]
    assert len(rows) == len(library.shelf().tuned)
    assert all(len(row) == len(module.HEADER) for row in rows)
    accuracies = [row[2] for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    assert rows[0][0] == updates[experiments.first]["choices"][0][0]


def test_results_are_read_once_until_a_checkpoint_changes(tmp_path):
    for name in ("convmixer", "resnet18_frozen"):
        shutil.copytree(hub.BUNDLED / name, tmp_path / name)
    shutil.copy(hub.BUNDLED / dataset.SPLIT_FILE, tmp_path)
    library = Library(tmp_path)
    shelf = library.shelf()
    assert library.shelf() is shelf
    with gr.Blocks():
        experiments = Experiments(library)
    drawn = experiments.refresh()[experiments.drawn]
    assert list(experiments.refresh(drawn)) == [experiments.problem]
    # One damaged checkpoint is told and leaves the others alone.
    (tmp_path / "convmixer" / "card.json").write_text("{")
    assert list(library.shelf().tuned) == ["resnet18_frozen"]
    updates = experiments.refresh(drawn)
    assert "The card of checkpoint convmixer cannot be read" in updates[experiments.problem]
    assert len(updates[experiments.table]) == 1


@pytest.mark.parametrize("model", [None, "vit_scratch-9", "nonsense"])
def test_a_choice_that_is_not_there_is_a_notice(experiments, warnings, model):
    handlers = [experiments.show_mistakes, experiments.show_calibration]
    for handler in (*handlers, experiments.show_importances):
        assert len(notices.guarded(handler, 2)(model)) == 2
    assert warnings == ["Choose a model that is trained."] * 3


def test_without_results_there_is_a_sentence(tmp_path):
    with gr.Blocks():
        empty = Experiments(Library(tmp_path))
    assert list(empty.refresh()) == [empty.problem]


def test_two_models_are_compared_in_words_that_fit_mcnemar(experiments, library):
    tuned = library.shelf().tuned
    one, other = tuned["vit_frozen"], tuned["convmixer"]
    words, differences, confusion = experiments.compare("vit_frozen", "convmixer")
    test = evaluation.mcnemar(one.right, other.right)
    assert f"{test.only_first:,} only ViT frozen, deep head gets right" in words
    assert "ViT frozen, deep head is better" in words
    assert differences.data
    assert confusion.data
    assert "Choose two different models" in experiments.compare("convmixer", "convmixer")[0]
    even = replace(one, logits=one.logits.copy())
    assert "Chance alone could explain" in findings.pair(
        one, replace(even, card=other.card), ["A", "B"]
    )


def test_mistakes_name_the_most_frequent_confusions(experiments, library):
    result = library.shelf().tuned["convmixer"]
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


def test_families_join_a_line_of_evolution():
    numbers = findings.family_numbers(["pikachu", "eevee", "raichu", "jolteon"])
    assert numbers[0] == numbers[2]
    assert numbers[1] == numbers[3]
    assert numbers[0] != numbers[1]


def test_calibration_is_told_as_the_card_has_it(experiments, library):
    words, figure = experiments.show_calibration("convmixer")
    card = library.shelf().tuned["convmixer"].card
    assert f"{100 * card.test.calibration_error:.1f} %" in plain(words)
    assert len(figure.data) == 3


def test_all_settings_of_the_trees_stand_in_a_table(library):
    words = findings.tree_settings(library.shelf().tuned)
    trees = [each for each in library.shelf().tuned if study.find(each).is_tree]
    assert words.count("<tr>") == 1 + 3 * len(trees)
    assert words.count("chosen") == len(trees)


def test_the_studys_recipe_stands_beside_ours(library):
    shelf = library.shelf()
    both = replace(shelf, study={"convmixer": shelf.tuned["convmixer"]})
    assert '<th scope="row">ConvMixer</th><td>71.1' in plain(findings.recipes(both))
    assert findings.recipes(replace(shelf, study={})) == ""
    assert module._telling_runs(both) == ["ConvMixer, our recipe", "ConvMixer, the study's recipe"]


def test_a_forests_important_features_are_counted(experiments):
    words, figure = experiments.show_importances("random_forest_exp1")
    assert "It reads the 512 features of ResNet-18 fine-tuned" in words
    assert len(figure.data[0].x) == 20
