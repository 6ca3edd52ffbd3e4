"""What stands in the Experiments view follows from the stored results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pokeclf import confusions, exhibits, hub, study
from pokeclf.cardfigures import CardFigures
from pokeclf.errors import PokeclfError
from pokeclf.latency import Latency
from pokeclf.library import Library
from pokeclf.species import of


@pytest.fixture(scope="module")
def library():
    return Library(hub.BUNDLED)


@pytest.fixture(scope="module")
def shelf(library):
    return library.shelf()


def test_the_leaderboard_is_ranked_and_empty_where_nothing_was_measured(shelf):
    timed = Latency("convmixer", 12.34, "a pass", 30, 9, 1, "a CPU", "2025-01-01")
    rows = exhibits.leaderboard(replace(shelf, latencies={"convmixer": timed}))
    assert len(rows) == len(shelf.tuned)
    assert all(len(row) == len(exhibits.COLUMNS) for row in rows)
    accuracies = [row[2] for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    times = {row[0]: row[list(exhibits.COLUMNS).index("latency")] for row in rows}
    assert times.pop("ConvMixer") == 12.3
    assert set(times.values()) == {None}


@pytest.mark.parametrize("sort", exhibits.SORTS)
def test_the_leaderboard_may_be_sorted_by_any_figure(shelf, sort):
    timed = {
        model: Latency(model, milliseconds, "a pass", 30, 9, 1, "a CPU", "2025-01-01")
        for model, milliseconds in (("convmixer", 12.0), ("vit_frozen", 3.0))
    }
    shown = {
        model: CardFigures(model, "a", "b", 10, 1, right, 20, 15, 1, 2 * right, 5, 4, 4, 5, 5)
        for model, right in (("convmixer", 4), ("vit_frozen", 9))
    }
    rows = exhibits.leaderboard(replace(shelf, latencies=timed, cards=shown), sort)
    assert len(rows) == len(shelf.tuned)
    column = [row[list(exhibits.COLUMNS).index(sort)] for row in rows]
    known = [value for value in column if value is not None]
    assert column[len(known) :] == [None] * (len(column) - len(known))
    if sort == "stage":
        assert known == sorted(known, key=study.STAGES.index)
    else:
        falls = "best first" in exhibits.SORTS[sort]
        assert known == sorted(known, reverse=falls)
        assert len(set(known)) > 1


def test_accuracy_against_time_needs_a_time(shelf):
    assert exhibits.against_latency(replace(shelf, latencies={})) is None
    timed = Latency("convmixer", 12.34, "a pass", 30, 9, 1, "a CPU", "2025-01-01")
    assert exhibits.against_latency(replace(shelf, latencies={"vit_scratch-9": timed})) is None
    figure = exhibits.against_latency(replace(shelf, latencies={"convmixer": timed}))
    assert figure.data[0].x == (12.34,)


def test_runs_of_both_recipes_tell_most(shelf):
    both = replace(shelf, study={"convmixer": shelf.tuned["convmixer"]})
    assert exhibits.telling_runs(both) == ["ConvMixer, our recipe", "ConvMixer, the study's recipe"]
    # Trees have no curves, and the network that failed worst in the study tells most.
    more = ("extra_trees_exp2", "vit_frozen", "basic_cnn")
    many = replace(shelf, study={model: shelf.tuned[model] for model in more})
    assert exhibits.telling_runs(many)[0] == "Basic CNN, our recipe"
    assert len(exhibits.telling_runs(replace(shelf, study={}))) == 2
    networks = [model for model in shelf.tuned if not study.find(model).is_tree]
    assert len(exhibits.runs(both)) == len(networks) + 1


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
        lambda: confusions.single(shelf, model, "all"),
        lambda: exhibits.pair(shelf, "convmixer", model),
        lambda: exhibits.calibration(shelf, model),
        lambda: exhibits.importances(library, model),
    ):
        with pytest.raises(PokeclfError, match="Choose a model that is trained"):
            show()


def test_an_embedding_has_every_test_image_and_a_table_of_its_species(library, shelf):
    figure, beside = exhibits.embedded(library, "extra_trees_exp1")
    assert figure.layout.title.text == "What ResNet-18 fine-tuned sees as alike"
    assert sum(len(trace.x) for trace in figure.data) == len(shelf.split.parts["test"])
    table = beside("a-name")
    assert '<p id="a-name-words">Chart: 2,256 test images' in table
    assert table.count('<th scope="row">') == 151
