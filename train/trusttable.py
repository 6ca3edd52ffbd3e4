"""How far the maps of models can be believed, as Markdown."""

from __future__ import annotations

from math import isnan

from pokeclf.explain.methods import METHODS
from pokeclf.explain.trust import Trust
from train.tables import Stored, markdown, percent

HEADER = (
    "deletion", "insertion", "ROAD", "better than random", "marks nothing",
    "like that of a random head", "of random weights", "of shuffled labels",
)  # fmt: skip


def table(stored: Stored) -> str:
    """How the maps of every examined model and method did."""
    rows = [
        [f"`{name}`", *row(known)]
        for name, by_method in stored.trust.items()
        for known in by_method.values()
    ]
    return markdown(("model", "method", *HEADER), rows)


def row(known: Trust) -> list[str]:
    """A method and what is known of its maps."""
    gains = [
        f"{known.deletion:+.3f} ± {known.deletion - known.deletion_low:.3f}",
        f"{known.insertion:+.3f} ± {known.insertion - known.insertion_low:.3f}",
        f"{known.road:+.3f} ± {known.road - known.road_low:.3f}",
    ]
    return [
        METHODS[known.method].name, *gains, "yes" if known.beats_random else "**no**",
        percent(known.empty), _alike(known.other_head, False),
        _alike(known.other_weights, known.ignores_weights),
        _alike(known.other_labels, known.ignores_labels),
    ]  # fmt: skip


def _alike(correlation: float, failed: bool) -> str:
    """A rank correlation with maps of a randomised model; a dash where there was none."""
    if isnan(correlation):
        return "–"
    return f"**{correlation:.2f}**" if failed else f"{correlation:.2f}"
