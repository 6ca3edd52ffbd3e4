"""Figures and tables as HTML, written in one way everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

TABLES_CSS = Path(__file__).with_name("tables.css")
"""How wide tables scroll, on the page and in what is kept of it."""
NBSP = "\N{NO-BREAK SPACE}"


def percent(share: float) -> str:
    """A share, 0…1, in percent with one decimal; never a certainty that was not measured."""
    if share > 0.9995:
        return f">{NBSP}99.9{NBSP}%"
    if 0 < share < 0.0005:
        return f"<{NBSP}0.1{NBSP}%"
    return f"{100 * share:.1f}{NBSP}%"


def as_the_study(share: float) -> str:
    """A share, 0…1, in percent with the two decimals that the study gives."""
    return f"{100 * share:.2f}{NBSP}%"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table whose first column names and whose others hold figures."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="scrolls"><table class="findings">'
        f"<caption><span>{escape(caption)}</span></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, contents: str) -> str:
    """Contents, as HTML, that a person unfolds."""
    return f"<details><summary>{escape(summary)}</summary>{contents}</details>"
