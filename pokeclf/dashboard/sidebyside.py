"""The map on the page beside others: another species, method or model, all layers, all heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pokeclf import study
from pokeclf.dashboard import map_wording, wording
from pokeclf.dashboard.answer import Answer, fitting
from pokeclf.dashboard.comparison import Pictures, beside
from pokeclf.dashboard.inputs import Menu
from pokeclf.dashboard.seen import Observations, Seen
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Latest, Stop, following, if_still_shown
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS, Explanation, Options, explain, layers_of, methods_of
from pokeclf.explain.compare import (
    across_heads,
    across_layers,
    head_count,
    shared_scale,
)
from pokeclf.explain.overlay import Paint, overlay
from pokeclf.species import of

SPECIES, METHOD, MODEL = "species", "method", "model"
LAYERS, HEADS = "layers", "heads"
_KINDS = {
    SPECIES: "Another species",
    METHOD: "Another method",
    MODEL: "Another model",
    LAYERS: "All layers",
    HEADS: "All attention heads",
}


class SideBySide:
    """A drawer with two menus, a button and what it shows."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        with gr.Accordion("Compare this map", open=False, elem_id="beside"):
            with gr.Row():
                self.kind = Menu(
                    [], label="With", elem_id="beside-kind", interactive=True, filterable=False
                )
                self.other = Menu(
                    [], label="Which", elem_id="beside-other", interactive=True, filterable=False
                )
            self.button = gr.Button("Compare", size="sm", elem_id="beside-button")
            self.stop = Stop("beside-stop")
            self.result = gr.HTML(elem_id="beside-result")
        self.found = gr.State()

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`view` changes."""
        return [self.kind, self.other, self.result]

    def listen(self, shown: gr.State, latest: gr.State, **lane: object) -> None:
        """Connect the menus and the button; ``shown`` holds the answer on the page."""
        self.kind.input(
            self.choose, [self.kind, shown], self.other, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip
        self.button.click(
            self.compare, [self.kind, self.other, shown, latest, self.stop.own],
            [self.found, self.stop.button], show_progress_on=self.result,
            api_visibility="private", trigger_mode="multiple", **lane,
        ).then(
            if_still_shown, [self.found, shown], self.result, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip
        self.stop.listen()

    def view(self, found: Answer) -> Updates:
        """What the new answer's map can be compared with; older pictures go."""
        kinds = [(_KINDS[kind], kind) for kind in _kinds(found)]
        return {
            self.kind: gr.update(choices=kinds, value=kinds[0][1]),
            self.other: self.choose(kinds[0][1], found),
            self.result: "",
        }

    def choose(self, kind: str | None, shown: Answer | None) -> dict[str, Any]:
        """What there is of a kind."""
        if shown is None or kind not in (SPECIES, METHOD, MODEL):
            return gr.update(choices=[], value=None, visible=False)
        options = {SPECIES: self._species, METHOD: self._methods, MODEL: self._models}[kind](shown)
        return gr.update(
            choices=options, value=options[0][1] if options else None, visible=bool(options)
        )

    def compare(
        self,
        kind: str | None,
        other: str | None,
        shown: Answer | None,
        latest: Latest,
        own: Latest,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
    ) -> Iterator[Updates]:
        """Which map was compared, and the pictures with how to read them, as HTML.

        It gives up when the visitor stops it, or asks for another map meanwhile.

        Parameters
        ----------
        latest, own : the visitor's questions for maps, and for comparisons.
        """
        tell = following(latest, own, progress, "Drawing the maps")

        def work() -> tuple[tuple, str]:
            if shown is None:
                raise PokeclfError("There is no map to compare yet.")
            if kind in (LAYERS, HEADS):
                seen = self.observations.get(shown.path, shown.card.model)
                line, pictures = _through(kind, seen, shown, tell)
            else:
                line, pictures = _pair(shown, *self._second(kind, other, shown, tell))
            return shown.question, line + wording.figures(pictures)

        yield from self.stop.during(own, self.found, work)

    def _species(self, shown: Answer) -> list[tuple[str, str]]:
        return [
            (of(guess.species).name, guess.species)
            for guess in shown.guesses
            if guess.species != shown.explanation.species
        ]

    def _methods(self, shown: Answer) -> list[tuple[str, str]]:
        return [(each.name, each.id) for each in shown.methods if each.id != shown.method.id]

    def _models(self, shown: Answer) -> list[tuple[str, str]]:
        return [
            (status.model.name, status.model.id)
            for status in self.observations.store.statuses()
            if status.card and status.model.id != shown.card.model
        ]

    def _second(
        self,
        kind: str | None,
        other: str | None,
        shown: Answer,
        tell: Callable[[float], None],
    ) -> tuple[Explanation, Image.Image]:
        """The map to compare with, and the crop that its model saw."""
        if not other or kind not in (SPECIES, METHOD, MODEL):
            raise PokeclfError("Choose what this map is to be compared with.")
        seen = self.observations.get(shown.path, other if kind == MODEL else shown.card.model)
        species = other if kind == SPECIES else shown.explanation.species
        methods = methods_of(seen.classifier)
        wanted = other if kind == METHOD else shown.method.id
        method = next((each for each in methods if each.id == wanted), methods[0])
        options = Options()
        if kind != METHOD:  # What another model has not, and the species itself, is left out.
            layers = layers_of(seen.classifier, method)
            options = fitting(shown.options, layers, head_count(seen.classifier), species)
        found = explain(seen.classifier, seen.observation, species, method.id, options, tell)
        return found, seen.observation.crop


def _kinds(found: Answer) -> list[str]:
    kinds = [SPECIES] if found.method.per_species and len(found.guesses) > 1 else []
    kinds += [METHOD, MODEL]
    kinds += [LAYERS] if "layer" in found.method.takes else []
    return kinds + ([HEADS] if "head" in found.method.takes else [])


def _pair(shown: Answer, second: Explanation, crop: Image.Image) -> tuple[str, Pictures]:
    """Two maps on one scale and their difference."""
    # What is hidden of the one map by itself may be all of it on the scale of both.
    first, paint = shown.explanation, Paint((shown.paint or Paint()).strength)
    crops = (shown.crop, crop.resize(shown.crop.size, Image.Resampling.BICUBIC))
    shared, pictures = beside((first, second), crops, _names(first, second), paint)
    both = f"<p>Both: {escape(_common(first, second))}.</p>"
    return both + map_wording.pair_line(first, second, shared), pictures


def _names(first: Explanation, second: Explanation) -> tuple[str, str]:
    """What tells two maps apart, in a word or two each."""
    pairs = zip(_made_of(first), _made_of(second), strict=True)
    unlike = [(one, other) for one, other in pairs if one != other]
    one, other = (", ".join(filter(None, each)) for each in zip(*unlike, strict=True))
    return one, other


def _common(first: Explanation, second: Explanation) -> str:
    """What two maps share: model, method, layer, species."""
    pairs = zip(_made_of(first), _made_of(second), strict=True)
    return ", ".join(one for one, other in pairs if one == other and one)


def _made_of(each: Explanation) -> tuple[str, ...]:
    """Everything that a map was made by, in words; empty where there is nothing to say."""
    against = f"not {of(each.against).name}" if each.against else ""
    return (
        study.find(each.model).name,
        METHODS[each.method].name,
        each.layer,
        of(each.species).name,
        against,
        ", ".join(each.settings),
    )


def _through(
    kind: str,
    seen: Seen,
    shown: Answer,
    tell: Callable[[float], None],
) -> tuple[str, Pictures]:
    """A picture for every layer, or every head."""
    across = across_layers if kind == LAYERS else across_heads
    found = across(
        seen.classifier, seen.observation, shown.explanation.species, shown.method.id,
        shown.options, tell,
    )  # fmt: skip
    maps: tuple[np.ndarray, ...] = tuple(each.heatmap for each in found)
    names = [each.layer.capitalize() for each in found]
    if kind == HEADS:
        maps = shared_scale(found, shown.crop.width)
        names = [f"Head {number}" for number in range(1, len(found) + 1)]
    paint = shown.paint or Paint()
    pictures = [
        (overlay(shown.crop, heatmap, paint), name)
        for heatmap, name in zip(maps, names, strict=True)
    ]
    return map_wording.through_line(kind == HEADS), pictures
