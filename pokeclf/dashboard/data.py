"""The Data tab: what the models learn from and are tested on."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf import datacharts, datafindings
from pokeclf.dashboard import notices
from pokeclf.dashboard.cards import Shown, listing
from pokeclf.dashboard.inputs import Menu
from pokeclf.dataset import Split
from pokeclf.errors import PokeclfError
from pokeclf.pictures import Pictures
from pokeclf.species import of

Updates = dict[gr.components.Component, Any]

SAMPLES = 24
"""Images that are shown of a species."""
GROUPS = 12
"""Groups of near-duplicates that are shown: those with several species first."""


class Data:
    """Components and handlers of the tab; everything is drawn when it is first looked at."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self.problem = gr.HTML(elem_id="data-problem")
        with gr.Column(visible=False, elem_id="data") as self.panel:
            self.overview = gr.HTML()
            self.species = gr.Plot(show_label=False, elem_id="data-species")
            self.species_table = gr.HTML()
            self.split = gr.HTML(elem_id="data-split")
            with gr.Row():
                with gr.Column(min_width=300):
                    self.kinds = gr.Plot(show_label=False)
                    self.kinds_table = gr.HTML()
                with gr.Column(min_width=300):
                    self.sources = gr.Plot(show_label=False)
                    self.sources_table = gr.HTML()
            self.sizes = gr.Plot(show_label=False)
            self.sizes_table = gr.HTML()
            gr.HTML("<h2>Test images of a species</h2>")
            self.chosen = Menu([], label="Species", interactive=True, elem_id="data-chosen")
            self.samples = gr.HTML(elem_id="data-samples")
            gr.HTML("<h2>Near-duplicates</h2>")
            self.groups = gr.HTML(elem_id="data-groups")
        self.chosen.input(
            notices.guarded(self.show_species, 1), self.chosen, self.samples,
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        return [
            self.problem, self.panel, self.overview, self.species, self.species_table, self.split,
            self.kinds, self.kinds_table, self.sources, self.sources_table, self.sizes,
            self.sizes_table, self.chosen, self.samples, self.groups,
        ]  # fmt: skip

    def refresh(self, chosen: str | None = None) -> Updates:
        """Draw everything from what is known of the data set now.

        Parameters
        ----------
        chosen : the species whose images are on the page.
        """
        try:
            return self._view(chosen)
        except Exception as error:  # A person must see a sentence, whatever happened.
            return {
                self.problem: f"<p>{notices.sentence(error)}</p>",
                self.panel: gr.update(visible=False),
            }

    def _view(self, chosen: str | None) -> Updates:
        summary = self.pictures.summary()
        slugs = sorted(summary.species, key=lambda slug: of(slug).number)
        chosen = chosen if chosen in summary.species else slugs[0]
        return {
            self.problem: "",
            self.panel: gr.update(visible=True),
            self.overview: datafindings.overview(summary),
            self.species: datacharts.images_by_species(summary.species),
            self.species_table: datafindings.counts_table(summary.species, "species"),
            self.split: datafindings.split_table(summary),
            **self._by_name(self.kinds, self.kinds_table, summary.kinds, "kind"),
            **self._by_name(self.sources, self.sources_table, summary.sources, "source"),
            self.sizes: datacharts.sizes(summary.sizes),
            self.sizes_table: datafindings.sizes_table(summary),
            self.chosen: gr.update(choices=[(of(slug).name, slug) for slug in slugs], value=chosen),
            self.samples: self.show_species(chosen),
            self.groups: datafindings.near_duplicates(summary) + self._duplicates(),
        }

    @staticmethod
    def _by_name(figure: gr.Plot, below: gr.HTML, counts: dict, kind: str) -> Updates:
        """A chart and its table; neither where the data set does not say."""
        if not counts:
            return {figure: gr.update(visible=False), below: ""}
        drawn = datacharts.images_by_name(counts, f"Images by {kind}")
        return {
            figure: gr.update(value=drawn, visible=True),
            below: datafindings.counts_table(counts, kind),
        }

    def show_species(self, chosen: str) -> str:
        """Test images of a species, as HTML."""
        split = self.pictures.split()
        kinds = split.kinds_of("test")
        name = of(str(chosen)).name
        found = [
            Shown(path, f"{name}, {kind}" if kind else name, (kind or "kind not known",))
            for path, kind in zip(split.parts["test"], kinds, strict=True)
            if path.split("/")[0] == chosen
        ]
        if not found:
            raise PokeclfError("Choose a species of the data set.")
        return listing(self.pictures, found[:SAMPLES], ("kind",), f"Test images of {name}")

    def _duplicates(self) -> str:
        """The first groups of near-duplicates, as HTML."""
        found = [
            Shown(path, f"{name}, near-duplicate", (name, str(number)))
            for number, group in enumerate(_telling(self.pictures.split())[:GROUPS], start=1)
            for path in group
            for name in [of(path.split("/")[0]).name]
        ]
        if not found:
            return ""
        line = f"<p>The first {GROUPS} groups, those with several species before others:</p>"
        return line + listing(self.pictures, found, ("species", "group"), "Near-duplicates")


def _telling(split: Split) -> list[tuple[str, ...]]:
    """Groups of near-duplicates, those with several species first."""
    return sorted(split.groups, key=lambda group: len({path.split("/")[0] for path in group}) < 2)
