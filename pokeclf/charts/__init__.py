"""Plotly figures; every one has a title, units and readable hover texts.

What their axes do not say about the numbers stands in ``layout.meta``, for
:mod:`pokeclf.alternatives`: what the names on an axis without a title are (``names``), what a
point's ``text`` and ``customdata`` are, and what tells its series apart (``series``).
"""

from pokeclf.charts import data, faithfulness
from pokeclf.charts.base import script
from pokeclf.charts.confusions import Cells, confusion_differences, confusions
from pokeclf.charts.results import (
    accuracy_against_latency,
    accuracy_against_size,
    curves,
    families,
    importances,
    leaderboard,
    reliability,
    species_difference,
)

__all__ = [
    "Cells",
    "accuracy_against_latency",
    "accuracy_against_size",
    "confusion_differences",
    "confusions",
    "curves",
    "data",
    "faithfulness",
    "families",
    "importances",
    "leaderboard",
    "reliability",
    "script",
    "species_difference",
]
