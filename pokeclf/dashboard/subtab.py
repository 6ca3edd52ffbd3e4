"""What the parts of the Experiments tab have in common: an address names each with its choices."""

from __future__ import annotations

from typing import Any

from pokeclf.dashboard.address import EXPERIMENTS, Address
from pokeclf.dashboard.inputs import Menu


class SubTab:
    """What all parts have in common; most have no menus."""

    title: str
    view_id: str
    """How an address names the part, one of :data:`~pokeclf.dashboard.address.VIEWS`."""
    menus: tuple[Menu, ...] = ()

    def link(self, *chosen: str | list[str] | None) -> str:
        """A link to the part, as HTML; ``chosen`` is what its menus stand at."""
        return Address(EXPERIMENTS, self.view_id, **self.choices(*chosen)).link

    def choices(self) -> dict[str, Any]:
        """What the menus stand at, as an address names it."""
        return {}


class OneModel(SubTab):
    """What parts with a menu of models have in common."""

    def choices(self, model: str | None = None) -> dict[str, Any]:
        """The model."""
        return {"model": model}


def asked_or(models: list[str], asked: str | None, usual: str | None) -> str | None:
    """The model that an address names where there is one with results."""
    return asked if asked in models else usual
