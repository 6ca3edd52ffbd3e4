"""What a figure draws, for people who do not see it: its numbers as a table, and in words.

Works on any figure of :mod:`pokeclf.charts`; see there for what ``layout.meta`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from pokeclf.markup import folded, table

Figure = Any  # a plotly figure; only charts/ knows the library
Cell = str | float | None
LOW, HIGH = ", from", ", to"
"""End the names of the columns that hold the bounds of an interval."""
TOLD = 6
"""Columns whose extremes are told."""


@dataclass(frozen=True)
class Numbers:
    """The numbers that a figure draws.

    Attributes
    ----------
    named : so many of the first columns say what a row is about; the others hold numbers.
    rows : None where a series has no number.
    """

    title: str
    header: tuple[str, ...]
    named: int
    rows: tuple[tuple[Cell, ...], ...]


def numbers(figure: Figure) -> Numbers:
    """The numbers of all series; guide lines, which tell nothing when pointed at, are left out."""
    traces = [trace for trace in figure.data if trace.hoverinfo != "skip" and _length(trace)]
    title = figure.layout.title.text
    if not traces:
        return Numbers(title, (), 0, ())
    # Points that have a name or a third number of their own, or two names, take a row each.
    alone = any(
        trace.text is not None
        or trace.customdata is not None
        or (_is_named(trace.x) and _is_named(trace.y))
        for trace in traces
    )
    return _by_point(figure, traces, title) if alone else _by_name(figure, traces, title)


def _by_point(figure: Figure, traces: Sequence[Any], title: str) -> Numbers:
    """One row a point: its names, then its numbers."""
    meta, filled = figure.layout.meta, traces[0]
    names, values = [], []
    if filled.text is not None:
        names.append((meta["text"], "text"))
    if "series" in meta:
        names.append((meta["series"], None))
    for axis, layout in (("y", figure.layout.yaxis), ("x", figure.layout.xaxis)):
        if _is_named(filled[axis]):
            names.append((layout.title.text or meta["names"], axis))
        else:
            values.append((layout.title.text, axis))
    if filled.customdata is not None:
        values.append((meta["customdata"], "customdata"))
    columns = [*names, *values]
    rows = tuple(
        tuple(trace.name if key is None else trace[key][place] for _, key in columns)
        for trace in traces
        for place in range(_length(trace))
    )
    return Numbers(title, tuple(name for name, _ in columns), len(names), rows)


def _by_name(figure: Figure, traces: Sequence[Any], title: str) -> Numbers:
    """One row a name, or a place on the x axis; one column a series."""
    lies = any(_is_named(trace.y) for trace in traces)
    key, value = ("y", "x") if lies else ("x", "y")
    axes = {"x": figure.layout.xaxis, "y": figure.layout.yaxis}
    unit = axes[value].title.text
    columns: dict[str, dict[Cell, Cell]] = {}
    for trace in traces:
        name = f"{trace.name}: {unit}" if trace.name else unit
        columns[name] = dict(zip(trace[key], trace[value], strict=True))
        error = trace[f"error_{value}"]
        if error.array is not None:
            columns[name + LOW] = _shifted(columns[name], error.arrayminus, -1)
            columns[name + HIGH] = _shifted(columns[name], error.array, 1)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    if lies:
        names.reverse()  # Bars are drawn from the bottom.
    rows = tuple((name, *(column.get(name) for column in columns.values())) for name in names)
    first = figure.layout.meta.get("names") or axes[key].title.text
    return Numbers(title, (first, *columns), 1, rows)


def _shifted(column: dict[Cell, Cell], distances: Sequence[float], sign: int) -> dict[Cell, Cell]:
    return {
        name: value + sign * distance
        for (name, value), distance in zip(column.items(), distances, strict=True)
    }


def _length(trace: Any) -> int:  # noqa: ANN401 - a plotly trace
    return 0 if trace.x is None else len(trace.x)


def _is_named(values: Sequence[Any] | None) -> bool:
    return values is not None and len(values) > 0 and isinstance(values[0], str)


def words(drawn: Numbers) -> str:
    """What a figure shows and where its extremes are, as a text alternative."""
    if not drawn.rows:
        return f"Chart: {drawn.title}. There is nothing to draw."
    told = [
        place
        for place in range(drawn.named, len(drawn.header))
        if not drawn.header[place].endswith((LOW, HIGH))
    ]
    extremes = [_extremes(drawn, place) for place in told[:TOLD]]
    if len(told) > TOLD:
        extremes.append(f"{len(told) - TOLD} further series are in the table.")
    return f"Chart: {drawn.title}. {' '.join(extremes)}"


def _extremes(drawn: Numbers, place: int) -> str:
    known = [row for row in drawn.rows if row[place] is not None]
    low = min(known, key=lambda row: row[place])
    high = max(known, key=lambda row: row[place])
    name = drawn.header[place]
    told = [
        f"{word} {cell(row[place])} ({_name(drawn, row, place)})"
        for word, row in (("highest", high), ("lowest", low))
    ]
    if low[place] == high[place]:
        told = [told[0].removeprefix("highest ")]
    return f"{name}: {', '.join(told)}."


def _name(drawn: Numbers, row: Sequence[Cell], place: int) -> str:
    """What a row is about, and how many others are as high or as low.

    A bare number is told with what it counts.
    """
    name = ", ".join(
        each if isinstance(each, str) else f"{name} {cell(each)}"
        for name, each in zip(drawn.header, row[: drawn.named], strict=False)
    )
    others = sum(each[place] == row[place] for each in drawn.rows) - 1
    return f"{name} and {others:,} more" if others else name


def cell(value: Cell, decimals: int | None = None) -> str:
    """A name, or a number as people read it.

    Parameters
    ----------
    decimals : as the other numbers of its column have, 0…2; None gives it what it needs.
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if decimals is None:
        decimals = 0 if float(value).is_integer() else 2
    if decimals == 2 and 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:,.{decimals}f}"


def texts(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """The cells of a table as people read them; a column's numbers have as many decimals."""
    decimals = [_decimals(column) for column in zip(*rows, strict=True)]
    return [[cell(value, d) for value, d in zip(row, decimals, strict=True)] for row in rows]


def _decimals(column: Sequence[Cell]) -> int:
    """How many decimals a column's numbers have, two at most."""
    values = [float(each) for each in column if each is not None and not isinstance(each, str)]
    return next((d for d in (0, 1) if all(round(each, d) == each for each in values)), 2)


def beside(figure: Figure, name: str) -> str:
    """A folded table of a figure's numbers with the words above it, as HTML.

    Parameters
    ----------
    name : of the figure; the words are the element ``<name>-words``.
    """
    drawn = numbers(figure)
    said = f'<p id="{escape(name)}-words">{escape(words(drawn))}</p>'
    if not drawn.rows:
        return folded("The figures as a table", said)
    return folded(
        "The figures as a table",
        said + table(drawn.header, list(_cells(drawn)), drawn.title),
    )


def _cells(drawn: Numbers) -> Iterator[list[str]]:
    """Rows as :func:`~pokeclf.markup.table` takes them: HTML but for the first cell."""
    for first, *others in texts(drawn.rows):
        yield [first, *map(escape, others)]
