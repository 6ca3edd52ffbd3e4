"""The Identify tab: one picture in, its species, and where the model looked."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from pokeclf.checkpoint import CheckpointError
from pokeclf.classifier import ModelStore, Status
from pokeclf.dashboard import examples, notices, wording
from pokeclf.dashboard.answer import Answer, answer, read
from pokeclf.dashboard.check import Check
from pokeclf.dashboard.inputs import Dial, Menu, Options, Picture
from pokeclf.dashboard.keep import Keep
from pokeclf.dashboard.settings import MapSettings
from pokeclf.dashboard.sidebyside import SideBySide
from pokeclf.errors import PokeclfError
from pokeclf.explain.overlay import Paint, overlay
from pokeclf.species import of

Updates = dict[gr.components.Component, Any]

SLOW = {"concurrency_limit": 1, "concurrency_id": "slow"}
"""The lane of what takes seconds: it never blocks the others."""
INVITATION = """
<div class="empty"><h2>Which Pokémon is this?</h2>
<p>Drop in a trading card, a photo of a toy or fan art, and see which of the first 151 species
it is, how sure the model is, and where in the picture it looked.</p></div>"""
LIMITS = (
    "The model knows 151 species and nothing else: it names one of them whatever the picture shows."
)
UNTRAINED = (
    "No model is trained yet. Train the smallest one with "
    "<code>python -m train convmixer --data DIR</code>."
)


class Identify:
    """Components and handlers of the tab.

    Everything that a person can change runs through one listener, :meth:`look`. Gradio runs a
    listener once at a time for each visitor and then once more with the latest values, so an
    older answer never replaces a newer one.
    """

    def __init__(self, store: ModelStore, drawings: Path, workers: int) -> None:
        self.store = store
        self.drawings = sorted(drawings.glob("*.png"))
        self.shown = gr.State()
        with gr.Row(elem_classes="identify"):
            with gr.Column(scale=3, min_width=300):
                self._build_question()
            with gr.Column(scale=7, min_width=300):
                self._build_answer()
        with gr.Accordion("All models", open=False, elem_id="all-models"):
            self.table = gr.HTML(wording.model_table(store.statuses()))
        self._listen(workers)

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
        self.examples = examples.strip(self.drawings)
        statuses = self.store.statuses()
        self.model = Menu(
            choices=choices(statuses),
            value=best(statuses),
            label="Model",
            filterable=False,
            interactive=True,
            elem_id="model",
        )
        self.summary = gr.HTML(self._summary(best(statuses)), elem_id="model-summary")

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
                0, 100, value=60, step=5, label="Strength of the colours in percent", buttons=[],
                elem_id="strength", min_width=200,
            )  # fmt: skip
            self.threshold = Dial(
                0, 95, value=0, step=5, label="Hide what counts less, in percent of the most",
                buttons=[], elem_id="threshold", min_width=200,
            )  # fmt: skip
        self.method = Menu([], label="Method", interactive=True, filterable=False, elem_id="method")
        self.reading = gr.HTML(elem_id="reading")
        self.check = Check(self.store)
        self.keep = Keep()
        self.settings = MapSettings()
        self.beside = SideBySide(self.store)

    def _listen(self, workers: int) -> None:
        models = {"concurrency_limit": workers, "concurrency_id": "models"}
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        look = {
            "fn": self.look,
            "inputs": [
                self.picture, self.model, self.count, self.guesses, self.method, self.strength,
                self.threshold, self.shown, *self.settings.inputs,
            ],
            "outputs": [
                self.picture, self.model, self.summary, self.verdict, self.panel, self.guesses,
                self.map, self.seen, self.seen_line, self.method, self.reading, self.details,
                self.shown, self.check.result, self.keep.links, *self.settings.outputs,
                *self.beside.outputs,
            ],
            "show_progress": "minimal",
            "show_progress_on": self.verdict,
            "api_visibility": "private",
            **models,
        }  # fmt: skip
        # Not picture.change: it also fires, empty, while a file is on its way. Not model.input: it
        # fires twice for one click, and the second answer would undo what is chosen meanwhile.
        changes = [
            self.picture.upload,
            self.model.change,
            self.count.change,
            self.guesses.input,
            self.method.input,
            self.strength.change,
            self.threshold.change,
            *self.settings.changes,
        ]
        gr.on(changes, trigger_mode="always_last", **look)
        self.examples.click(self.take_example, self.examples, self.picture, **quiet).then(**look)
        self.picture.clear(self.clear, None, [self.verdict, self.panel, self.shown], **quiet)
        self.check.listen(self.shown, **SLOW)
        self.beside.listen(self.shown, **SLOW)
        self.keep.listen(self.shown)
        # Programs call this endpoint; nobody presses the button.
        gr.Button(visible=False).click(
            self.identify,
            [self.picture, self.model, self.count],
            gr.JSON(visible=False),
            api_name="identify",
            api_description="Name the likeliest species in a picture.",
            **models,
        )

    def look(
        self,
        path: str | None,
        model: str | None,
        count: int,
        species: str | None,
        method: str | None,
        strength: float,
        threshold: float,
        shown: Answer | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
        *settings: Any,  # noqa: ANN401 - what the settings' components stand at
    ) -> Updates:
        """Answer what is asked now; ``shown`` is the answer on the page."""
        path = path or (shown and shown.path)
        if path is None:
            return {self.summary: self._summary(model)}
        try:
            options = self.settings.chosen(*settings)
            paint = Paint(strength / 100, threshold / 100)
            if shown and shown.fits(path, model, count, species, method, options):
                if paint == shown.paint:
                    # Sent again, the map's file would be written while the browser reads it.
                    return {self.summary: gr.skip()}
                shown = replace(shown, paint=paint)
                return {self.map: draw(shown), self.shown: shown}
            if not shown or (path, model) != (shown.path, shown.card.model):
                species = None
                options = replace(options, against=None)
            if not shown or model != shown.card.model:
                method = None
            elif species not in (None, shown.explanation.species):
                method = _for_one_species(shown, method)
            found = answer(
                self.store, path, model, int(count), species, method, options,
                lambda share: progress(share, desc="Looking for the reason"),
            )  # fmt: skip
            return self._view(replace(found, paint=paint))
        except Exception as error:  # A person must see a sentence, whatever happened.
            notices.notify(error)
            return self._back_to(shown, error)

    def clear(self) -> Updates:
        """Back to the beginning, when the picture is removed."""
        return {self.verdict: INVITATION, self.panel: gr.update(visible=False), self.shown: None}

    def identify(self, path: str | None, model: str, count: int = 5) -> dict[str, Any]:
        """Name the likeliest species in a picture, for programs."""
        try:
            if path is None:
                raise PokeclfError("Give a picture.")
            seen = self.store.get(str(model)).observe(read(path))
            guesses = seen.top(int(count))
        except Exception as error:
            raise notices.as_failure(error) from None
        return {
            "model": seen.model,
            "guesses": [
                {
                    "species": guess.species,
                    "name": of(guess.species).name,
                    "number": of(guess.species).number,
                    "probability": round(guess.probability, 6),
                }
                for guess in guesses
            ],
            "seconds": round(seen.seconds, 4),
        }

    def take_example(self, place: int) -> str:
        """The path of the drawing that was chosen."""
        return str(self.drawings[place])

    def refresh(self) -> Updates:
        """Models that were trained since the server started appear when a page is opened."""
        statuses = self.store.statuses()
        return {
            self.model: gr.update(choices=choices(statuses), value=best(statuses)),
            self.summary: self._summary(best(statuses)),
            self.table: wording.model_table(statuses),
        }

    def _view(self, found: Answer) -> Updates:
        name = of(found.explanation.species).name
        entry = self.store.status(found.card.model).model
        best_guess, seconds = found.guesses[0], found.explanation.seconds
        labels = [(wording.guess_label(guess), guess.species) for guess in found.guesses]
        methods = [(method.name, method.id) for method in found.methods]
        return {
            self.summary: wording.model_summary(entry, found.card),
            self.verdict: wording.verdict(entry.name, best_guess, found.seconds, seconds)
            + wording.guess_bars(found.guesses),
            self.panel: gr.update(visible=True),
            self.guesses: gr.update(choices=labels, value=found.explanation.species),
            self.map: gr.update(
                value=draw(found),
                label=f"Where it looked for {name}",
                alt_text=f"Map of where {entry.name} looked for {name}",
            ),
            self.seen: gr.update(
                value=found.crop, alt_text=f"The square picture that {entry.name} saw"
            ),
            self.seen_line: wording.seen_line(found.card.preprocessing, found.size),
            self.method: gr.update(choices=methods, value=found.method.id),
            self.reading: wording.reading_line(found.method, found.explanation, found.trust),
            self.details: wording.details(
                found.card, found.method, found.explanation, found.probability, found.trust
            ),
            self.shown: found,
            self.check.result: "",
            self.keep.links: "",
            **self.settings.view(found),
            **self.beside.view(found),
        }

    def _back_to(self, shown: Answer | None, error: Exception) -> Updates:
        """The picture and the model of the answer on the page, so that a failure loses nothing."""
        if shown and Path(shown.path).is_file():
            return {self.picture: shown.path, self.model: shown.card.model}
        if isinstance(error, CheckpointError):
            return {self.shown: None}  # The picture may stay for another model.
        return {self.picture: None}

    def _summary(self, model: str | None) -> str:
        if not model:
            return UNTRAINED
        status = self.store.status(model)
        return (
            wording.model_summary(status.model, status.card)
            if status.card
            else escape(status.problem)
        )


def _picture_box(label: str, elem_id: str, buttons: list[str]) -> gr.Image:
    return gr.Image(
        type="pil", format="png", interactive=False, buttons=buttons, label=label, elem_id=elem_id
    )


def _for_one_species(shown: Answer, method: str | None) -> str | None:
    """The method to explain a chosen species with: one whose map depends on the species."""
    able = [each.id for each in shown.methods if each.per_species]
    return method if method in able or not able else able[0]


def draw(found: Answer) -> Image.Image:
    """The map over the picture."""
    return overlay(found.crop, found.explanation.heatmap, found.paint)


def choices(statuses: tuple[Status, ...]) -> list[tuple[str, str]]:
    """The models that can answer, as options of the picker, in the study's order."""
    return [
        (wording.model_label(status.model, status.card), status.model.id)
        for status in statuses
        if status.card
    ]


def best(statuses: tuple[Status, ...]) -> str | None:
    """The id of the trained model with the highest test accuracy, None when there is none."""
    trained = [status for status in statuses if status.card]
    return max(trained, key=lambda status: status.card.test.accuracy).model.id if trained else None
