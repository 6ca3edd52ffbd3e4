"""The models to choose from: in which order, which first, and what is said about each."""

from __future__ import annotations

from html import escape

from pokeclf.dashboard import notices, wording
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore, Status

UNTRAINED = (
    "No model is trained yet. Train the smallest one with "
    "<code>python -m train convmixer --data DIR</code>."
)


def choices(statuses: tuple[Status, ...]) -> list[tuple[str, str]]:
    """The models that can answer, as options of a menu, in the study's order."""
    return [
        (wording.model_label(status.model, status.card), status.model.id)
        for status in statuses
        if status.card
    ]


def best(statuses: tuple[Status, ...]) -> str | None:
    """The id of the trained model with the highest test accuracy, None when there is none."""
    trained = [status for status in statuses if status.card]
    return max(trained, key=lambda status: status.card.test.accuracy).model.id if trained else None


def species(statuses: tuple[Status, ...]) -> frozenset[str]:
    """Everything that any of the models may answer."""
    return frozenset(slug for status in statuses if status.card for slug in status.card.classes)


def able(store: ModelStore, model: str | None) -> str | None:
    """The model that an address names, or the best one; a notice says when it cannot answer."""
    if model is None:
        return best(store.statuses())
    named = store.status(model)
    if named.card:
        return model
    notices.notify(PokeclfError(named.problem))
    return best(store.statuses())


def summary(store: ModelStore, model: str | None) -> str:
    """A model in a line, or why it cannot answer, as HTML."""
    if not model:
        return UNTRAINED
    status = store.status(model)
    return (
        wording.model_summary(status.model, status.card) if status.card else escape(status.problem)
    )
