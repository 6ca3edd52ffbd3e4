"""A comparison as one HTML file to keep, print or hand on: no script, and nothing to load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from pathlib import Path

from PIL import Image

from pokeclf.dashboard import compare_wording, map_wording, wording
from pokeclf.dashboard.comparison import Comparison, Pictures, Seat
from pokeclf.markup import TABLES_CSS, percent, table
from pokeclf.species import of

STYLE = "".join(
    file.read_text(encoding="utf-8")
    for file in (TABLES_CSS, Path(__file__).with_name("report.css"))
)
SIDE = 480
"""Longest side of the picture, in pixels."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(
    found: Comparison,
    picture: Image.Image,
    maps: Pictures,
    differences: str,
    made: date,
) -> str:
    """The report as a page of its own.

    Parameters
    ----------
    picture : as it was decoded; its pixels are written anew, so nothing else of the file is kept.
    maps : of :func:`~pokeclf.dashboard.comparison.pictures`.
    differences : of two of the maps, as HTML; may be empty.
    """
    picture = picture.copy()
    picture.thumbnail((SIDE, SIDE))
    title = compare_wording.summary(found.guesses)
    apart = f"<h2>Where two maps differ</h2>{differences}" if differences else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>pokeclf: {title}</title>
<style>
{STYLE}</style>
</head>
<body>
<header><h1>{title}</h1>
<p>One picture, {_count(len(found.seats))}. Made with pokeclf on {_day(made)}.</p></header>
{wording.figures([(picture, "The picture")])}
<h2>Guesses</h2>
{compare_wording.doubt(found)}
{compare_wording.matrix(found.guesses)}
<h2>Where the models looked</h2>
<p>{compare_wording.reading(found)}</p>
{wording.figures(maps)}
{apart}
<h2>How to read the colours</h2>
{map_wording.scale()}
<p>{map_wording.COLOURS}</p>
{_methods(found.seats)}
<h2>The models</h2>
{_models(found.seats)}
<p>Accuracy is measured on test images that no model was trained or chosen on, with its
95&nbsp;% interval. The weights are named by the beginning of their SHA-256.</p>
<footer>For research and teaching only. Each model knows {_species(found.seats)} species and names
one of them whatever the picture shows.</footer>
</body>
</html>
"""


def _count(models: int) -> str:
    return f"{models} models" if models > 1 else "one model"


def _day(made: date) -> str:
    return f"{made.day} {made:%B %Y}"


def _methods(seats: Sequence[Seat]) -> str:
    """What each method in use shows."""
    methods = {seat.method.name: seat.method.sentence for seat in seats}
    items = "".join(f"<dt>{escape(n)}</dt><dd>{escape(s)}</dd>" for n, s in methods.items())
    return f"<dl>{items}</dl>"


def _models(seats: Sequence[Seat]) -> str:
    rows = []
    for seat in seats:
        card, test = seat.card, seat.card.test
        weights = card.weights_sha256[:12]
        if card.features_from:
            weights += f" on {escape(card.features_from)} {(card.features_sha256 or '')[:12]}"
        rows.append(
            [
                seat.name,
                f"{percent(test.accuracy)} ({percent(test.accuracy_low)} to "
                f"{percent(test.accuracy_high)})",
                escape(f"{seat.method.name}, {seat.layer}"),
                escape(of(seat.species).name),
                escape(f"{card.recipe}, seed {card.seed}"),
                f"<code>{weights}</code>",
            ]
        )
    header = ("model", "test accuracy", "map", "for", "recipe", "weights")
    return table(header, rows, "Models, maps and weights")


def _species(seats: Sequence[Seat]) -> int:
    return len(seats[0].card.classes)
