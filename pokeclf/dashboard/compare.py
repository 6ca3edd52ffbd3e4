"""The Compare tab: one picture, many models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pokeclf import study
from pokeclf.checkpoint import CheckpointError
from pokeclf.classifier import Guess
from pokeclf.dashboard import examples, notices
from pokeclf.dashboard.inputs import Boxes, Options, Picture
from pokeclf.dashboard.picker import best
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.wording import figures
from pokeclf.errors import PokeclfError
from pokeclf.explain import Explanation, default_method, explain
from pokeclf.explain.compare import brightest, overlap, shared_scale
from pokeclf.explain.overlay import overlay
from pokeclf.markup import NBSP, percent, table
from pokeclf.species import of

SAME, OWN = "same", "own"
GUESSES = 3
SIDE = 224
"""Side of the maps that are shown on one scale."""


@dataclass(frozen=True)
class Seat:
    """One model at the table: what it is called, what it saw, and its map."""

    name: str
    method: str
    crop: Image.Image
    explanation: Explanation


class Compare:
    """Components and handlers of the tab."""

    def __init__(self, observations: Observations, drawings: Path, workers: int) -> None:
        self.observations = observations
        self.drawings = sorted(drawings.glob("*.png"))
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.picture = Picture(
                    type="filepath", image_mode=None, sources=["upload", "clipboard", "webcam"],
                    label="One picture", placeholder="Drop a picture here\nor click to choose one",
                    height=260, buttons=[], elem_id="compare-picture",
                    alt_text="The picture that is compared",
                )  # fmt: skip
                self.examples = examples.strip(self.drawings, "compare-examples")
            with gr.Column(scale=7, min_width=300):
                self.models = Boxes([], interactive=True, label="Models", elem_id="compare-models")
                with gr.Row():
                    self.presets = [
                        (gr.Button(name, size="sm", min_width=120), stages)
                        for name, stages in _PRESETS
                    ]
                self.which = Options(
                    [("the same species for all", SAME), ("each model's own guess", OWN)],
                    value=SAME, label="The maps are for", interactive=True,
                    info="The same species is the one that most models see.",
                )  # fmt: skip
                self.button = gr.Button("Compare", variant="primary", elem_id="compare-button")
        self.result = gr.HTML(elem_id="compare-result")
        self._listen(workers)

    def _listen(self, workers: int) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        for button, stages in self.presets:
            button.click(partial(self.available, stages), None, self.models, **quiet)
        compare = {
            "fn": self.compare,
            "inputs": [self.picture, self.models, self.which],
            "outputs": self.result,
            "show_progress": "minimal",
            "api_visibility": "private",
            "concurrency_limit": workers,
            "concurrency_id": "models",
        }
        changes = [self.button.click, self.picture.upload]
        gr.on(changes, trigger_mode="always_last", **compare)
        self.examples.click(self.take_example, self.examples, self.picture, **quiet).then(**compare)

    def take_example(self, place: int) -> str:
        """The path of the drawing that was chosen."""
        return str(self.drawings[place])

    def available(self, stages: tuple[str, ...]) -> list[str]:
        """Trained models of these stages."""
        return [
            status.model.id
            for status in self.observations.store.statuses()
            if status.card and status.model.stage in stages
        ]

    def refresh(self) -> dict[str, Any]:
        """The models that can answer now; at first the best one of each stage is chosen."""
        statuses = self.observations.store.statuses()
        trained = [(each.model.name, each.model.id) for each in statuses if each.card]
        stages = [
            tuple(each for each in statuses if each.model.stage == stage) for stage in study.STAGES
        ]
        chosen = [model for model in map(best, stages) if model]
        return gr.update(choices=trained, value=chosen)

    def compare(self, path: str | None, models: list[str] | None, which: str) -> Iterator[str]:
        """What each model sees, as HTML that grows with every model that has answered."""
        try:
            if path is None:
                raise PokeclfError("Choose a picture first.")
            if not models:
                raise PokeclfError("Choose at least one model.")
            guesses: dict[str, tuple[Guess, ...]] = {}
            for number, model in enumerate(models, start=1):
                try:
                    guesses[model] = self.observations.get(path, model).observation.top(GUESSES)
                except CheckpointError as error:  # The others can answer all the same.
                    notices.notify(error)
                yield _progress("guess", number, len(models)) + matrix(guesses)
            if not guesses:
                raise PokeclfError("None of these models can answer.")
            common = Counter(row[0].species for row in guesses.values()).most_common(1)[0][0]
            seats = []
            for model in guesses:
                seats.append(self._seat(path, model, None if which == OWN else common))
                yield _progress("map", len(seats), len(guesses)) + matrix(guesses)
            yield summary(guesses, common) + matrix(guesses) + maps(seats)
        except Exception as error:  # A person must see a sentence, whatever happened.
            notices.notify(error)
            yield ""

    def _seat(self, path: str, model: str, species: str | None) -> Seat:
        seen = self.observations.get(path, model)
        explanation = explain(seen.classifier, seen.observation, species)
        method = default_method(seen.classifier).name
        return Seat(_name(model), method, seen.observation.crop, explanation)


def _name(model: str) -> str:
    return study.find(model).name


def _progress(what: str, done: int, count: int) -> str:
    """How many models have answered, as HTML that screen readers tell, too."""
    return (
        f'<p role="status"><progress value="{done}" max="{count}"></progress> '
        f"{what} {done} of {count}</p>"
    )


def summary(guesses: Mapping[str, tuple[Guess, ...]], common: str) -> str:
    """Do the models agree?"""
    count = sum(row[0].species == common for row in guesses.values())
    name = escape(of(common).name)
    if count == len(guesses):
        return f"<h3>All {count} say {name}.</h3>" if count > 1 else f"<h3>It says {name}.</h3>"
    others = sorted(
        {of(row[0].species).name for row in guesses.values() if row[0].species != common}
    )
    return f"<h3>{count} of {len(guesses)} say {name}; others see {escape(', '.join(others))}.</h3>"


def matrix(guesses: Mapping[str, tuple[Guess, ...]]) -> str:
    """Models and their likeliest species, as a table."""
    rows = [
        [
            _name(model),
            *(f"{escape(of(guess.species).name)} {percent(guess.probability)}" for guess in row),
        ]
        for model, row in guesses.items()
    ]
    return table(("model", "first guess", "second", "third"), rows, "What each model sees")


def maps(seats: Sequence[Seat]) -> str:
    """The models' maps, and where most of them look, as HTML."""
    crop = seats[0].crop.resize((SIDE, SIDE))
    one_species = len({seat.explanation.species for seat in seats}) == 1
    shared = shared_scale([seat.explanation for seat in seats], SIDE)
    pictures, line = [], "Each map has a scale of its own, as they are for different species."
    if len(seats) == 1:
        line = "Where it looked."
    elif one_species:
        together = np.mean([brightest(heatmap) for heatmap in shared], 0, dtype=np.float32)
        pictures.append((overlay(crop, together), "All together: where most of them look"))
        line = (
            "All maps are on one scale: the colours show each place's share of its map. Overlap "
            "is how much of a map's brightest fifth is bright in the first model's, too; by "
            f"chance it would be 20{NBSP}%."
        )
    for place, (seat, heatmap) in enumerate(zip(seats, shared, strict=True)):
        caption = f"{seat.name}, {seat.method}: {of(seat.explanation.species).name}"
        if not one_species:
            pictures.append((overlay(seat.crop, seat.explanation.heatmap), caption))
            continue
        if place:
            caption += f"; overlap {100 * overlap(shared[0], heatmap):.0f}{NBSP}%"
        pictures.append((overlay(crop, heatmap), caption))
    return f"<p>{line}</p>{figures(pictures)}"


_PRESETS = (
    ("All", study.STAGES),
    ("From scratch", (study.SCRATCH,)),
    ("Experiment 1", (study.EXPERIMENT_1,)),
    ("Experiment 2", (study.EXPERIMENT_2,)),
)
