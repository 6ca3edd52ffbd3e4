"""What benchmarks that ran at full length leave behind for the README's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pokeclf import promises
from pokeclf.checkpoint import Card
from pokeclf.promises import Promise

SHORTER = "Not recorded: what is promised is more than this run."


def record(values: Mapping[Promise, float], cards: Iterable[Card] = ()) -> None:
    """Write down what was measured, and say where.

    Parameters
    ----------
    cards : of all models that took part.
    """
    weights = {card.model: card.weights_sha256 for card in cards}
    promises.record(promises.FIGURES, values, weights)
    print(
        f"Recorded in {promises.FIGURES.parent.name}/{promises.FIGURES.name}; "
        "python -m train report writes it into the README."
    )
