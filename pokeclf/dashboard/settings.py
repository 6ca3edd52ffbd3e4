"""What a specialist may choose about a map: layer, compared species, attention heads."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf.dashboard.address import Address
from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.inputs import Dial, Menu
from pokeclf.dashboard.updates import Updates
from pokeclf.explain import HEADS, METHODS, Options
from pokeclf.species import of

ALL_HEADS = "all"
MOST_DISCARDED = 95
"""Percent of the attention weights."""


class MapSettings:
    """Components of the drawer; each is shown only for methods that read it."""

    def __init__(self) -> None:
        with gr.Accordion("Settings of this map", open=False, elem_id="settings") as self.drawer:
            self.layer = Menu(
                [], label="Layer", elem_id="layer", interactive=True, filterable=False,
                info="Early layers see edges and colours in small places, late ones whole parts.",
            )  # fmt: skip
            self.against = Menu(
                [], label="Compared with", elem_id="against", interactive=True, filterable=False,
                info="The map shows what speaks for the one species and not for the other.",
            )  # fmt: skip
            self.heads = Menu(
                [(name, name) for name in HEADS], value="mean", label="Attention heads merged by",
                elem_id="heads", interactive=True, filterable=False,
            )  # fmt: skip
            self.head = Menu(
                [], label="Attention head", elem_id="head", interactive=True, filterable=False
            )
            self.discard = Dial(
                0, MOST_DISCARDED, value=0, step=5, label="Weakest attention left out, in percent",
                elem_id="discard", buttons=[],
            )  # fmt: skip

    @property
    def inputs(self) -> list[gr.components.Component]:
        """In the order of :meth:`chosen`'s parameters."""
        return [self.layer, self.against, self.heads, self.head, self.discard]

    @property
    def changes(self) -> list:
        """Events of a person's choices, not of :meth:`view`'s."""
        menus = (self.layer, self.against, self.heads, self.head)
        return [*(menu.input for menu in menus), self.discard.change]

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`view` changes."""
        return [self.drawer, *self.inputs]

    @staticmethod
    def chosen(
        layer: str | None, against: str | None, heads: str | None, head: str | None, discard: float
    ) -> Options:
        """The options that the components stand at."""
        return Options(
            layer=layer,
            against=against,
            heads=heads if heads in HEADS else HEADS[0],
            discard=discard / 100,
            head=int(head) if head and head != ALL_HEADS else None,
        )

    @staticmethod
    def asked(address: Address) -> Options:
        """The options that an address asks for."""
        return Options(
            layer=address.layer,
            against=address.against,
            heads=address.heads or HEADS[0],
            discard=min(address.discard or 0, MOST_DISCARDED) / 100,
            head=address.head,
        )

    @staticmethod
    def in_address(found: Answer) -> dict[str, Any]:
        """What an address says about the map of an answer: all that its method reads."""
        options = found.options
        said = {
            "layer": options.layer if options.layer != found.layers[-1] else None,
            "against": options.against,
            "heads": options.heads if options.heads != HEADS[0] else None,
            "head": options.head,
            "discard": round(100 * options.discard) or None,
        }
        return {name: value for name, value in said.items() if name in found.method.takes}

    @staticmethod
    def absent(asked: Address, found: Answer) -> list[str]:
        """What an address asks for that the answer's model does not have, in words."""
        if asked.method not in (None, found.method.id):
            return [f"method {METHODS[asked.method].name}"]
        takes, absent = found.method.takes, []
        for name in ("layer", "against", "heads", "head", "discard"):
            if getattr(asked, name) is not None and name not in takes:
                absent.append(f"choice of {name} with {found.method.name}")
        if "layer" in takes and asked.layer and asked.layer not in found.layers:
            absent.append(asked.layer)
        if "head" in takes and asked.head is not None and asked.head >= found.heads:
            absent.append(f"head {asked.head + 1}")
        return absent

    def view(self, found: Answer) -> Updates:
        """Show what the method of an answer reads, at the values that it used."""
        takes, options = found.method.takes, found.options
        others = [
            (of(guess.species).name, guess.species)
            for guess in found.guesses
            if guess.species != found.explanation.species
        ]
        if options.against and options.against not in [slug for _, slug in others]:
            others.insert(0, (of(options.against).name, options.against))
        heads = [("All", ALL_HEADS), *((str(n + 1), str(n)) for n in range(found.heads))]
        return {
            self.drawer: gr.update(visible=bool(takes)),
            self.layer: gr.update(
                choices=[(layer.capitalize(), layer) for layer in found.layers],
                value=options.layer,
                visible="layer" in takes,
            ),
            self.against: gr.update(
                choices=others, value=options.against, visible="against" in takes
            ),
            self.heads: gr.update(value=options.heads, visible="heads" in takes),
            self.head: gr.update(
                choices=heads,
                value=ALL_HEADS if options.head is None else str(options.head),
                visible="head" in takes,
            ),
            self.discard: gr.update(value=round(100 * options.discard), visible="discard" in takes),
        }
