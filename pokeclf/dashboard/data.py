"""The Data tab: what the models learn from and are tested on."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from pokeclf import charts, datafindings
from pokeclf.dashboard import notices
from pokeclf.dashboard.address import DATA, EMBEDDING, EXPERIMENTS, Address
from pokeclf.dashboard.cards import Shown, listing
from pokeclf.dashboard.chart import Chart
from pokeclf.dashboard.inputs import Menu
from pokeclf.dashboard.updates import Updates
from pokeclf.datasummary import Counts
from pokeclf.errors import PokeclfError
from pokeclf.pictures import Pictures
from pokeclf.species import of
from pokeclf.split import Split

SAMPLES = 24
"""Images that are shown of a species."""
GROUPS = 12
"""Groups of near-duplicates that are shown: those with several species first."""

_EMBEDDING = (
    "<h2>How the test images lie to each other</h2>"
    "<p>A map of them, in which those that look alike to a model are neighbours, stands beside "
    f'what the models make of them: <a href="{escape(Address(EXPERIMENTS, EMBEDDING).query)}">'
    "Embedding, under Experiments</a>.</p>"
)


class Data:
    """Components and handlers of the tab; everything is drawn when it is first looked at."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self.asked = gr.State(Address())  # what the page was opened with
        self.address = gr.HTML(self.link(), padding=False)
        self.problem = gr.HTML(elem_id="data-problem")
        with gr.Column(visible=False, elem_id="data") as self.panel:
            self.overview = gr.HTML(elem_classes="words")
            self.species = Chart("data-species")
            self.split = gr.HTML(elem_id="data-split")
            with gr.Row():
                with gr.Column(min_width=300):
                    self.kinds = Chart("data-kinds")
                with gr.Column(min_width=300):
                    self.sources = Chart("data-sources")
            self.sizes = Chart("data-sizes")
            self.common = gr.HTML(elem_id="data-common")
            gr.HTML("<h2>Test images of a species</h2>")
            self.chosen = Menu([], label="Species", interactive=True, elem_id="data-chosen")
            self.samples = gr.HTML(elem_id="data-samples")
            gr.HTML("<h2>Near-duplicates</h2>")
            self.groups = gr.HTML(elem_id="data-groups", elem_classes="words numbers")
            gr.HTML(_EMBEDDING, elem_id="data-embedding", elem_classes="words")
        self.chosen.input(
            notices.guarded(self.show_species, 1), self.chosen, self.samples,
            show_progress="hidden", api_visibility="private", trigger_mode="always_last",
        )  # fmt: skip
        self.chosen.change(
            self.link, self.chosen, self.address, show_progress="hidden",
            api_visibility="private", trigger_mode="always_last",
        )  # fmt: skip

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`refresh` changes."""
        charts = (self.species, self.kinds, self.sources, self.sizes)
        return [
            self.problem, self.panel, self.overview, self.split, self.common, self.chosen,
            self.samples, self.groups, *(output for chart in charts for output in chart.outputs),
        ]  # fmt: skip

    @staticmethod
    def link(chosen: str | None = None) -> str:
        """A link to the tab with a species' images, as HTML."""
        return Address(DATA, species=chosen).link

    def refresh(
        self,
        chosen: str | None = None,
        asked: Address = Address(),  # noqa: B008 - frozen
    ) -> Updates:
        """Draw everything from what is known of the data set now.

        Parameters
        ----------
        chosen : the species whose images are on the page.
        asked : what the page was opened with.
        """
        try:
            return self._view(chosen or asked.species)
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
            self.split: datafindings.split_table(summary),
            **self.species.shows(charts.data.images_by_species(summary.species)),
            **self.kinds.shows(_by_name(summary.kinds, "kind")),
            **self.sources.shows(_by_name(summary.sources, "source")),
            **self.sizes.shows(charts.data.sizes(summary.sizes)),
            self.common: datafindings.sizes_table(summary),
            self.chosen: gr.update(choices=[(of(slug).name, slug) for slug in slugs], value=chosen),
            self.samples: self.show_species(chosen),
            self.groups: datafindings.near_duplicates(summary) + self._duplicates(),
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


def _by_name(counts: Counts, kind: str) -> Any:  # noqa: ANN401 - a figure
    """A figure, None where the data set does not say."""
    return charts.data.images_by_name(counts, kind) if counts else None


def _telling(split: Split) -> list[tuple[str, ...]]:
    """Groups of near-duplicates, those with several species first."""
    return sorted(split.groups, key=lambda group: len({path.split("/")[0] for path in group}) < 2)
