"""What is known of the data set, in words and small tables, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from pokeclf import evaluation, study
from pokeclf.charts.data import PART_NAMES
from pokeclf.dataset import NEAR_DUPLICATE_BITS
from pokeclf.datasummary import DataSummary
from pokeclf.markup import folded, table
from pokeclf.results import Result
from pokeclf.species import of

MOST_COMMON = 10
"""Image sizes in the table; the study reports as many."""


def overview(summary: DataSummary) -> str:
    """How many images there are, and how evenly they are spread."""
    totals = {slug: sum(counts) for slug, counts in summary.species.items()}
    least, most = (choose(totals, key=totals.__getitem__) for choose in (min, max))
    skipped = f" {summary.broken:,} files could not be read." if summary.broken else ""
    return (
        f"<p><strong>{sum(summary.images):,} images of {len(totals)} species</strong>, from "
        f"{totals[least]:,} of {escape(of(least).name)} to {totals[most]:,} of "
        f"{escape(of(most).name)}; half of the species have {np.median(list(totals.values())):.0f} "
        f"or fewer.{skipped}</p>"
    )


def split_table(summary: DataSummary) -> str:
    """The parts of the split and what each is for."""
    purposes = ("models learn from them", "settings are chosen on them", "measured at the end")
    total = sum(summary.images)
    rows = [
        [name, f"{count:,}", f"{100 * count / total:.1f}", purpose]
        for name, count, purpose in zip(PART_NAMES.values(), summary.images, purposes, strict=True)
    ]
    header = ("part", "images", "of all (%)", "what for")
    return table(header, rows, "The split; near-duplicates stay in one part")


def sizes_table(summary: DataSummary) -> str:
    """The most common image sizes beside those of the study."""
    ours = {(width, height): count for width, height, count in summary.sizes}
    theirs = study.IMAGE_SIZES
    rows = [
        [
            f"{width} × {height}",
            f"{ours.get((width, height), 0):,}",
            f"{theirs[width, height]:,}" if (width, height) in theirs else "–",
        ]
        for width, height in dict.fromkeys([*list(ours)[:MOST_COMMON], *theirs])
    ]
    header = ("width × height (pixels)", "images", "the study's data set")
    return table(header, rows, "The most common sizes, here and in the study's data set")


def near_duplicates(summary: DataSummary) -> str:
    """How many pictures are there more than once."""
    groups = sum(count for _, count in summary.group_sizes)
    if not groups:
        return "<p>No two images are near-duplicates of each other.</p>"
    images = sum(size * count for size, count in summary.group_sizes)
    rows = [[str(size), f"{count:,}"] for size, count in summary.group_sizes]
    return (
        f"<p><strong>{groups:,} groups of near-duplicates</strong> hold {images:,} images: their "
        f"perceptual hashes, mirrored or not, differ in at most {NEAR_DUPLICATE_BITS} of 64 bits. "
        "Each group stays in one part of the split, so that no model is tested on what it learned "
        f"from. {summary.mixed_groups:,} groups hold several species: pictures that show both, "
        "wrong labels, or pictures that only look alike to the hash.</p>"
        + folded(
            "The figures as a table",
            table(("images in a group", "groups"), rows, "Groups of near-duplicates"),
        )
    )


def embedded_species(result: Result, places: np.ndarray, name: str) -> str:
    """A chart of an embedding in words, and where the species lie in it, folded.

    Parameters
    ----------
    places : N × 2.
    name : of the figure; the words are the element ``<name>-words``.
    """
    classes = result.card.classes
    right = evaluation.class_accuracy(result.guesses, result.labels, len(classes))
    rows = [_species_row(result, places, right[label], label) for label in _in_order(classes)]
    header = ("species", "images", "right (%)", "middle, first", "middle, second")
    said = (
        f"Chart: {len(places):,} test images by their features, in two dimensions without a unit; "
        f"{int((~result.right).sum()):,} mistakes are crosses. The table tells where the images of "
        "each species have their middle (median)."
    )
    caption = "Species in this chart"
    return folded(
        "The figures as a table",
        f'<p id="{escape(name)}-words">{said}</p>{table(header, rows, caption)}',
    )


def _in_order(classes: Sequence[str]) -> list[int]:
    """Class numbers in Pokédex order."""
    return sorted(range(len(classes)), key=lambda label: of(classes[label]).number)


def _species_row(result: Result, places: np.ndarray, right: float, label: int) -> list[str]:
    own = places[result.labels == label]
    name = of(result.card.classes[label]).name
    if not len(own):
        return [name, "0", "–", "–", "–"]
    first, second = np.median(own, axis=0)
    return [name, str(len(own)), f"{100 * right:.0f}", f"{first:+.2f}", f"{second:+.2f}"]
