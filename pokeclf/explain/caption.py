"""What a saved map shows, in words that go with it."""

from __future__ import annotations

from pokeclf.checkpoint import Card
from pokeclf.explain.methods import METHODS
from pokeclf.explain.result import NOTHING_FOUND, Explanation
from pokeclf.markup import percent
from pokeclf.species import of
from pokeclf.study import find


def caption(
    explanation: Explanation, card: Card, probability: float, hidden: float = 0.0
) -> list[str]:
    """Lines of plain text: whose map it is, how it was made, and how good the model is.

    Parameters
    ----------
    card : of the model that was explained.
    probability : that it gives the explained species, 0…1.
    hidden : places with less than this share of the heat are not drawn, 0…1.
    """
    test, method, name = card.test, METHODS[explanation.method], find(card.model).name
    looked = f"Where {name} looked, whatever the species"
    if method.per_species:
        looked = f"Where {name} looked for {of(explanation.species).name} ({percent(probability)})"
    made_by = [method.name, explanation.layer, *explanation.settings]
    if explanation.against is not None:
        made_by.append(f"compared with {of(explanation.against).name}")
    left_out = (
        [f"Places with less than {percent(hidden)} of the strongest place's heat left out"]
        if hidden
        else []
    )
    return [
        looked,
        ", ".join(made_by),
        *left_out,
        *([NOTHING_FOUND] if explanation.is_empty else []),
        f"pokeclf, test accuracy {percent(test.accuracy)} ({percent(test.accuracy_low)} to "
        f"{percent(test.accuracy_high)}), weights {card.weights_sha256[:12]}",
    ]
