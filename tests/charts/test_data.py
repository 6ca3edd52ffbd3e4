"""Figures of the data set and of embeddings say what is in them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pokeclf import alternatives, charts, datafindings, datasummary, embedding, hub, study
from pokeclf.library import Library
from pokeclf.split import read_split
from tests.dashboard.conftest import plain


@pytest.fixture(scope="module")
def summary():
    return datasummary.read(hub.BUNDLED, read_split(hub.BUNDLED / "split.json"))


@pytest.fixture(scope="module")
def result():
    return Library(hub.BUNDLED).shelf().tuned["resnet18_finetuned"]


@pytest.fixture(scope="module")
def places(result):
    return embedding.read(hub.BUNDLED / result.card.model, result.card)


def _has_titles(figure):
    axes = (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text)
    return bool(figure.layout.title.text) and any(axes)


def test_every_image_stands_in_the_figures(summary):
    species = charts.data.images_by_species(summary.species)
    assert [sum(bar.y) for bar in species.data] == list(summary.images)
    kinds = charts.data.images_by_name(summary.kinds, "kind")
    assert [sum(bar.x) for bar in kinds.data] == list(summary.images)
    sizes = charts.data.sizes(summary.sizes)
    assert sum(sizes.data[0].customdata) == sum(summary.images)
    assert all(map(_has_titles, (species, kinds, sizes)))


def test_the_tables_beside_the_figures_have_a_row_for_each_name(summary):
    species = alternatives.numbers(charts.data.images_by_species(summary.species))
    assert species.header == (
        "species",
        *(f"{p}: images" for p in ("training", "validation", "test")),
    )
    assert len(species.rows) == len(summary.species)
    kinds = alternatives.numbers(charts.data.images_by_name(summary.kinds, "kind"))
    assert kinds.rows[0] == ("mixed (13,787)", *summary.kinds["mixed"])
    sizes = alternatives.numbers(charts.data.sizes(summary.sizes))
    assert sizes.header == ("size", "height (pixels)", "width (pixels)", "images")
    assert "images: highest" in alternatives.words(sizes)


@pytest.mark.parametrize("colouring", charts.data.COLOURINGS)
def test_every_test_image_is_one_mark_and_mistakes_are_crosses(result, places, colouring):
    names = [f"image {place}" for place in range(len(places))]
    figure = charts.data.embedding(places, result, names, colouring, None, "Test images")
    marks = Counter(int(place) for trace in figure.data for place in trace.customdata)
    assert marks == Counter(range(len(places)))
    wrong = next(trace for trace in figure.data if trace.name == "mistake")
    assert wrong.marker.symbol == "x"
    assert set(wrong.customdata) == set(np.flatnonzero(~result.right))
    assert _has_titles(figure)


def test_one_species_is_coloured_and_the_others_are_pale(result, places):
    names = ["" for _ in places]
    figure = charts.data.embedding(places, result, names, "type", "onix", "Test images")
    coloured = [trace for trace in figure.data if trace.name in ("rock", "mistake")]
    assert all("<br>Onix, guessed" in text for trace in coloured for text in trace.text)
    label = result.card.classes.index("onix")
    assert sum(len(trace.x) for trace in coloured) == (result.labels == label).sum()


def test_words_and_tables_have_the_figures(summary):
    text = plain(datafindings.overview(summary))
    assert f"{sum(summary.images):,} images of 151 species" in text
    totals = [sum(row) for row in summary.species.values()]
    assert f"from {min(totals)} of Nidoran♀ to {max(totals)} of" in text
    groups = datafindings.near_duplicates(summary)
    assert f"{sum(count for _, count in summary.group_sizes)} groups" in groups
    sizes = datafindings.sizes_table(summary)
    assert f"{study.IMAGE_SIZES[240, 240]:,}" in sizes


def test_the_table_behind_an_embedding_has_all_species(result, places):
    table = datafindings.embedded_species(result, places, "chart")
    assert table.count("<tr>") == 1 + len(result.card.classes)
    assert f"{int((~result.right).sum())} mistakes" in table
    assert '<th scope="row">Farfetch&#x27;d</th>' in table


def test_names_from_a_strangers_data_set_are_escaped():
    counts = {"<b>x</b>": (3, 2, 1)}
    for figure in (
        charts.data.images_by_species(counts), charts.data.images_by_name(counts, "kind")
    ):  # fmt: skip
        assert "<b>x" not in alternatives.beside(figure, "name")
    summary = datasummary.DataSummary(
        "", "", 0, counts, {}, {}, ((9, 9, 6),), (), 0, ()
    )  # fmt: skip
    assert "<b>x" not in datafindings.overview(summary)
    assert "No two images" in datafindings.near_duplicates(summary)
