"""What stands on the Identify tab, and how an answer looks there."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from PIL import Image

from pokeclf.dashboard import examples, map_wording, wording
from pokeclf.dashboard.address import IDENTIFY, Address
from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.cardpanel import CardPanel
from pokeclf.dashboard.check import Check
from pokeclf.dashboard.inputs import Dial, Menu, Options, Picture
from pokeclf.dashboard.keep import Keep
from pokeclf.dashboard.picker import best, choices, summary
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.settings import MapSettings
from pokeclf.dashboard.sidebyside import SideBySide
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Waiting
from pokeclf.drawings import drawings_of
from pokeclf.explain.overlay import Paint, overlay
from pokeclf.species import of

INVITATION = """
<div class="empty"><h2>Which Pokémon is this?</h2>
<p>Drop in a trading card, a photo of a toy or fan art, and see which of the first 151 species
it is, how sure the model is, and where in the picture it looked.</p></div>"""
STRENGTH = round(100 * Paint().strength)
MOST_HIDDEN = 95
LIMITS = (
    "The model knows 151 species and nothing else: it names one of them whatever the picture "
    "shows. What looks like none of them is told, mostly."
)


class Layout:
    """The tab's components; :class:`~pokeclf.dashboard.identify.Identify` brings them to life."""

    def __init__(self, observations: Observations, drawings: Path) -> None:
        self.observations = observations
        self.store = observations.store
        self.drawings = drawings_of(drawings)
        self.shown = gr.State()
        self.asked = gr.State()  # the address that the page was opened with, if it has a picture
        with gr.Row(elem_classes="identify"):
            with gr.Column(scale=3, min_width=300):
                self._build_question()
            with gr.Column(scale=7, min_width=300):
                self._build_answer()
        with gr.Accordion("All models", open=False, elem_id="all-models"):
            self.table = gr.HTML(wording.model_table(self.store.statuses()))

    def _build_question(self) -> None:
        self.picture = Picture(
            type="filepath",
            image_mode=None,
            sources=["upload", "clipboard", "webcam"],
            label="Your picture",
            placeholder="Drop a picture here\nor click to choose one",
            height=260,
            buttons=[],
            elem_id="picture",
            alt_text="The picture that you chose",
        )
        self.cards = CardPanel(self.observations, self.picture, self.drawings)
        self.examples = examples.strip(self.drawings, "examples")
        statuses = self.store.statuses()
        self.model = Menu(
            choices=choices(statuses),
            value=best(statuses),
            label="Model",
            filterable=False,
            interactive=True,
            elem_id="model",
        )
        self.summary = gr.HTML(summary(self.store, best(statuses)), elem_id="model-summary")
        self.address = gr.HTML(padding=False)

    def _build_answer(self) -> None:
        self.verdict = gr.HTML(INVITATION, elem_id="verdict")
        with gr.Column(visible=False, elem_id="answer") as self.panel:
            with gr.Row():
                with gr.Column(scale=1, min_width=260):
                    self._build_guesses()
                with gr.Column(scale=2, min_width=300):
                    self._build_map()
            with gr.Accordion("For specialists", open=False, elem_id="specialists"):
                self.details = gr.HTML(elem_id="details")

    def _build_guesses(self) -> None:
        self.guesses = Options(
            [],
            label="Best guesses",
            info="Choose a species to see where the model looked for it.",
            interactive=True,
            elem_id="guesses",
        )
        self.count = Dial(
            1, 10, value=5, step=1, label="Number of guesses", buttons=[], elem_id="count"
        )
        gr.HTML(f'<p class="hint">{LIMITS}</p>')

    def _build_map(self) -> None:
        with gr.Row():
            with gr.Column(min_width=240):
                self.map = _picture_box("Where it looked", "map", ["download", "fullscreen"])
            with gr.Column(min_width=240):
                self.seen = _picture_box("What the model saw", "seen", ["fullscreen"])
                self.seen_line = gr.HTML(elem_id="seen-line")
        with gr.Row():
            self.strength = Dial(
                0, 100, value=STRENGTH, step=5, label="Strength of the colours, in percent",
                buttons=[], elem_id="strength", min_width=200,
            )  # fmt: skip
            self.threshold = Dial(
                0, MOST_HIDDEN, value=0, step=5, label="Hide weaker places, in percent",
                buttons=[], elem_id="threshold", min_width=200,
            )  # fmt: skip
        self.method = Menu([], label="Method", interactive=True, filterable=False, elem_id="method")
        self.waiting = Waiting()
        self.reading = gr.HTML(elem_id="reading")
        self.check = Check(self.observations)
        self.keep = Keep()
        self.settings = MapSettings()
        self.beside = SideBySide(self.observations)

    @property
    def page(self) -> list[gr.components.Component]:
        """Everything that an answer may change."""
        return [
            self.picture, self.model, self.summary, self.verdict, self.panel, self.guesses,
            self.count, self.strength, self.threshold, self.map, self.seen, self.seen_line,
            self.method, self.reading, self.details, self.shown, self.address,
            self.keep.links, *self.check.outputs,
            *self.settings.outputs, *self.beside.outputs, *self.waiting.outputs,
        ]  # fmt: skip

    def view(self, found: Answer) -> Updates:
        """An answer as it stands on the page."""
        looked = " looked"
        if found.method.per_species:
            looked += f" for {of(found.explanation.species).name}"
        entry = self.store.status(found.card.model).model
        best_guess, seconds = found.guesses[0], found.explanation.seconds
        labels = [(wording.guess_label(guess), guess.species) for guess in found.guesses]
        methods = [(method.name, method.id) for method in found.methods]
        return {
            self.summary: wording.model_summary(entry, found.card),
            self.verdict: wording.verdict(
                entry.name, best_guess, found.familiar, found.seconds, seconds
            )
            + wording.guess_bars(found.guesses),
            self.panel: gr.update(visible=True),
            self.guesses: gr.update(choices=labels, value=found.explanation.species),
            self.map: gr.update(
                value=draw(found),
                label=f"Where it{looked}",
                alt_text=f"Map of where {entry.name}{looked}",
            ),
            self.seen: gr.update(
                value=found.crop, alt_text=f"The square picture that {entry.name} saw"
            ),
            self.seen_line: wording.seen_line(found.card.preprocessing, found.size),
            self.method: gr.update(choices=methods, value=found.method.id),
            self.reading: map_wording.reading_line(found),
            self.details: map_wording.details(found),
            self.shown: found,
            self.address: self.link_of(found),
            **self.check.nothing,
            self.keep.links: "",
            **self.settings.view(found),
            **self.beside.view(found),
            **self.waiting.end(),
        }

    def link_of(self, found: Answer) -> str:
        """A link to an answer, as HTML; without its picture unless that is a drawing of ours."""
        strength, threshold = (
            round(100 * value) for value in (found.paint.strength, found.paint.threshold)
        )
        return Address(
            IDENTIFY,
            **self.cards.in_address(found.path),
            model=found.card.model,
            species=found.explanation.species,
            method=found.method.id,
            strength=strength if strength != STRENGTH else None,
            threshold=threshold or None,
            **self.settings.in_address(found),
        ).link

    def restored(self, shown: Answer) -> Updates:
        """Everything that a person may have chosen since, as it was for this answer."""
        there = {self.picture: shown.path} if Path(shown.path).is_file() else {}
        return {
            **there,
            self.model: shown.card.model,
            self.count: len(shown.guesses),
            self.guesses: shown.explanation.species,
            self.method: shown.method.id,
            **self.settings.view(shown),
        }


def link_to(model: str | None) -> str:
    """A link to the tab with a model and no picture, as HTML."""
    return Address(IDENTIFY, model=model).link


def _picture_box(label: str, elem_id: str, buttons: list[str]) -> gr.Image:
    return gr.Image(
        type="pil", format="png", interactive=False, buttons=buttons, label=label, elem_id=elem_id
    )


def draw(found: Answer) -> Image.Image:
    """The map over the picture."""
    return overlay(found.crop, found.explanation.heatmap, found.paint)
