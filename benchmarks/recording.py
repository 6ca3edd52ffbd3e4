"""What a benchmark that ran to its end leaves behind for the README's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pokeclf import promises
from pokeclf.checkpoint import Card
from pokeclf.promises import Promise


def record(
    values: Mapping[Promise, float], cards: Iterable[Card] = (), at_full_length: bool = True
) -> None:
    """Write down what was measured, and say where.

    Parameters
    ----------
    cards : of all models that took part.
    at_full_length : whether it was measured on as much as is promised; less is not written down.
    """
    if not at_full_length:
        print("Not recorded: what is promised is more than this run.")
        return
    weights = {card.model: card.weights_sha256 for card in cards}
    promises.record(promises.FIGURES, values, weights)
    print(
        f"Recorded in {promises.FIGURES.parent.name}/{promises.FIGURES.name}; "
        "python -m train report writes it into the README."
    )
