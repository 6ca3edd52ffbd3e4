"""What stands on the Compare tab."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from pokeclf import study
from pokeclf.dashboard import examples
from pokeclf.dashboard.address import MAPS, SAME
from pokeclf.dashboard.cardpanel import CardPanel
from pokeclf.dashboard.compare_more import More
from pokeclf.dashboard.inputs import Boxes, Menu, Options, Picture
from pokeclf.dashboard.picker import best
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest
from pokeclf.drawings import drawings_of

_MAPS = (
    "the same species, on one scale",
    "the same species, each on its own scale",
    "each model's own guess",
)
_PRESETS = (
    ("All", study.STAGES),
    ("From scratch", (study.SCRATCH,)),
    ("Experiment 1", (study.EXPERIMENT_1,)),
    ("Experiment 2", (study.EXPERIMENT_2,)),
    ("Experiments 1 and 2", (study.EXPERIMENT_1, study.EXPERIMENT_2)),
)


class Layout:
    """The tab's components; :class:`~pokeclf.dashboard.compare.Compare` brings them to life."""

    def __init__(self, observations: Observations, drawings: Path) -> None:
        self.observations = observations
        self.drawings = drawings_of(drawings)
        self.asked = gr.State()  # what the page was opened with, if that has a picture
        self.found = gr.State()
        self.latest = gr.State(Latest())
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self._build_picture()
            with gr.Column(scale=7, min_width=300):
                self._build_choices()
        self.result = gr.HTML(elem_id="compare-result")
        self.more = More(observations)

    def _build_picture(self) -> None:
        self.picture = Picture(
            type="filepath", image_mode=None, sources=["upload", "clipboard", "webcam"],
            label="One picture", placeholder="Drop a picture here\nor click to choose one",
            height=260, buttons=[], elem_id="compare-picture",
            alt_text="The picture that is compared",
        )  # fmt: skip
        self.cards = CardPanel(
            self.observations, self.picture, self.drawings, "compare-cards", self._most_accurate
        )
        self.examples = examples.strip(self.drawings, "compare-examples")

    def _most_accurate(self, models: list[str] | None) -> str | None:
        """Of the chosen models that can answer."""
        return best(tuple(self.observations.store.status(model) for model in models or ()))

    def _build_choices(self) -> None:
        self.models = Boxes([], interactive=True, label="Models", elem_id="compare-models")
        with gr.Row():
            self.presets = [
                (gr.Button(name, size="sm", min_width=120), stages) for name, stages in _PRESETS
            ]
        self.maps = Options(
            list(zip(_MAPS, MAPS, strict=True)), value=SAME, label="The maps are for",
            interactive=True, elem_id="compare-maps",
        )  # fmt: skip
        self.top = Menu(
            [], label="The same species is", interactive=True, filterable=False,
            elem_id="compare-top",
        )  # fmt: skip
        self.button = gr.Button("Compare", variant="primary", elem_id="compare-button")
        self.stop = gr.Button("Stop", size="sm", visible=False, elem_id="compare-stop")
        self.stale = gr.HTML(elem_id="compare-stale", elem_classes="hint", padding=False)
        self.address = gr.HTML(padding=False)
