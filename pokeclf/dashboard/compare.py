"""The Compare tab: one picture, many models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from pokeclf import study
from pokeclf.checkpoint import CheckpointError
from pokeclf.dashboard import compare_wording, notices
from pokeclf.dashboard.address import COMPARE, OWN, SAME, Address
from pokeclf.dashboard.compare_layout import Layout
from pokeclf.dashboard.comparison import (
    Comparison,
    Guesses,
    Seat,
    answers,
    pictures,
    seat,
    seen_by_most,
)
from pokeclf.dashboard.picker import best
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Latest
from pokeclf.errors import PokeclfError
from pokeclf.imaging import ImageError

MOST = "most"
"""The species that the maps are for is the one that most models see."""


class Compare(Layout):
    """Handlers of the tab."""

    def __init__(self, observations: Observations, drawings: Path, workers: int) -> None:
        super().__init__(observations, drawings)
        self._listen(workers)

    @property
    def opened(self) -> list[gr.components.Component]:
        """Everything that :meth:`open` changes."""
        return [self.models, self.maps, self.top, self.address, self.picture, self.asked]

    def _listen(self, workers: int) -> None:
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        lane = {"concurrency_limit": workers, "concurrency_id": "models"}
        for button, stages in self.presets:
            button.click(partial(self.available, stages), None, self.models, **quiet)
        choices = [self.picture, self.models, self.maps, self.top]
        chosen = [*choices, *self.more.pair]
        # The picture goes when it cannot be read.
        compared = [self.picture, self.result, self.stop, self.found, *self.more.outputs]
        asking = {
            "show_progress": "minimal", "show_progress_on": self.result,
            "api_visibility": "private", **lane,
        }  # fmt: skip
        compare = {
            "fn": self.compare, "inputs": [*chosen, self.found, self.latest], "outputs": compared,
            **asking,
        }  # fmt: skip
        asked = self.button.click(trigger_mode="always_last", **compare)
        # Not with what the inputs stand at: they may not be on the page yet.
        follow = {**compare, "fn": self.follow, "inputs": [self.asked, self.latest]}
        opened = self.asked.change(trigger_mode="once", **follow)  # It is told twice.
        self.cards.offer_after(opened, asking)
        # The last one counts, see `compare`.
        uploaded = self.cards.listen(self.models, asking, compare)
        taken = self.examples.click(
            notices.guarded(self.take_example, len(self.cards.outputs)), self.examples,
            self.cards.outputs, trigger_mode="always_last", **asking,
        ).then(trigger_mode="multiple", **compare)  # fmt: skip
        cleared = gr.on(
            [self.stop.click, self.picture.clear], self.clear, [self.found, self.latest],
            compared, **quiet,
        )  # fmt: skip
        told = {
            "fn": self.changed, "inputs": [self.found, *chosen],
            "outputs": [self.address, self.stale], **quiet,
            "concurrency_id": "compare-link",  # so that the last one asked for is answered last
        }  # fmt: skip
        # The menus below a comparison tell only what a person chooses: each would tell of a new
        # comparison before the other one has it.
        for each in (asked, opened, taken, *uploaded, cleared):
            each.then(trigger_mode="multiple", **told)
        # One listener for all: several on the same changes would set each other off for ever.
        changes = [each.change for each in choices] + [menu.input for menu in self.more.pair]
        gr.on(changes, trigger_mode="always_last", **told)
        self.maps.change(lambda maps: gr.update(visible=maps != OWN), self.maps, self.top, **quiet)
        self.more.listen(self.found, self.latest, **lane)

    def open(self, asked: Address = Address()) -> Updates:  # noqa: B008 - frozen
        """The models that can answer now and what an address chooses; a drawing is compared."""
        statuses = self.observations.store.statuses()
        trained = {each.model.id: each.model.name for each in statuses if each.card}
        chosen = [model for model in asked.models if model in trained]
        if len(chosen) < len(asked.models):
            gr.Warning("The models of this address that are not trained yet were left out.")
        elif {asked.first, asked.second} - {None, *chosen}:
            gr.Warning(
                "This address asks where models differ that it does not compare; others are."
            )
        if not chosen:  # the best one of each stage
            stages = [[s for s in statuses if s.model.stage == stage] for stage in study.STAGES]
            chosen = [model for model in map(best, stages) if model]
        options = [(name, model) for model, name in trained.items()]
        top = asked.top if asked.top in trained else MOST
        maps, path = asked.maps or SAME, None
        pair = asked.first, asked.second
        if asked.example:  # where Gradio itself would put it, too
            path = self.cards.drawn(asked.example, asked.part)
        found = {
            self.models: gr.update(choices=options, value=chosen),
            self.maps: maps,
            self.top: gr.update(
                choices=[
                    ("the one that most models see", MOST),
                    *((f"the best guess of {name}", model) for name, model in options),
                ],
                value=top,
                visible=maps != OWN,
            ),
            self.address: self.link(path, chosen, maps, top, *pair),
        }
        asks = {self.picture: path, self.asked: (path, chosen, maps, top, *pair)}
        return found | (asks if path else {})

    def follow(self, asked: tuple | None, latest: Latest) -> Iterator[Updates]:
        """Compare what an address names."""
        if asked:
            yield from self.compare(*asked, latest=latest)

    def clear(self, before: Comparison | None, latest: Latest) -> Updates:
        """Nothing is compared any more: it was stopped, or the picture was removed."""
        latest.stop()
        return self._cleared(before)

    def link(
        self,
        path: str | None,
        models: list[str] | None,
        maps: str,
        top: str | None,
        first: str | None = None,
        second: str | None = None,
    ) -> str:
        """A link to what is chosen, as HTML."""
        return Address(
            COMPARE,
            **self.cards.in_address(path),
            models=tuple(models or ()),
            maps=maps,
            top=_chooser(maps, top),
            first=first,
            second=second,
        ).link

    def changed(self, found: Comparison | None, *chosen: Any) -> tuple[str, str]:  # noqa: ANN401
        """:meth:`link` and :meth:`outdated`; ``chosen`` as the first takes it.

        The two models whose maps are subtracted are told where there are two, also of what is
        chosen now.
        """
        *choices, first, second = chosen
        _, models, *_ = choices
        two = found is not None and first != second and {first, second} <= set(models or ())
        pair = (first, second) if two else ()
        return self.link(*choices, *pair), self.outdated(found, *choices)

    def outdated(
        self,
        found: Comparison | None,
        path: str | None,
        models: list[str] | None,
        maps: str,
        top: str | None,
    ) -> str:
        """A sentence where the result on the page is not of what is chosen now, as HTML."""
        if found is None or path is None:
            return ""
        was = found.path, set(found.asked), found.maps, found.top
        if was == (path, set(models or ()), maps, _chooser(maps, top)):
            return ""
        return "<p>The result below is of other choices; Compare shows these.</p>"

    def take_example(self, place: int) -> Updates:
        """The drawing that was chosen, whole; if it shows a card, its parts are offered."""
        return self.cards.offer(str(self.drawings[place]))

    def available(self, stages: tuple[str, ...]) -> list[str]:
        """Trained models of these stages."""
        return [
            status.model.id
            for status in self.observations.store.statuses()
            if status.card and status.model.stage in stages
        ]

    def compare(
        self,
        path: str | None,
        models: list[str] | None,
        maps: str,
        top: str | None = MOST,
        first: str | None = None,
        second: str | None = None,
        before: Comparison | None = None,
        latest: Latest | None = None,
    ) -> Iterator[Updates]:
        """What each model sees; the result grows with every model that has answered.

        Parameters
        ----------
        first, second : the models whose maps are subtracted, where both are compared.
        before : the comparison on the page.
        latest : the visitor's; a comparison gives up when another is asked for meanwhile, or
            when it is stopped.
        """
        latest = latest or Latest()
        number = latest.next()
        shown: Updates = {}

        def tell(error: Exception) -> None:
            if number == latest.number:
                notices.notify(error)

        for updates in self._steps(path, models, maps, top, (first, second), before, tell):
            if number != latest.number:
                break
            yield updates
            shown = updates
        if number == latest.number:
            return
        if latest.stopped:  # maybe while a step was on its way to the page
            yield self._cleared(shown.get(self.found))
        else:
            yield {self.result: gr.skip()}  # Gradio shows the last one again at the end.

    def _working(self, working: bool) -> Updates:
        """Whether there is something to stop."""
        # Gradio loses the label of a button that was hidden when its tab was first shown.
        return {self.stop: gr.update(value=self.stop.value, visible=working)}

    @property
    def _stopped(self) -> Updates:
        return {self.result: "", **self._working(False)}

    @property
    def _nothing(self) -> Updates:
        return {self.found: None, **self.more.nothing}

    def _cleared(self, before: Comparison | None) -> Updates:
        """Only if there was a comparison on the page, what belongs to it is hidden.

        Gradio would hide a column that was never shown for good.
        """
        return {**self._stopped, **(self._nothing if before else {})}

    def _steps(
        self,
        path: str | None,
        models: list[str] | None,
        maps: str,
        top: str | None,
        pair: tuple[str | None, str | None],
        before: Comparison | None,
        tell: Callable[[Exception], None],
    ) -> Iterator[Updates]:
        if before:
            yield self._nothing
        try:
            if path is None:
                raise PokeclfError("Choose a picture first.")
            if not models:
                raise PokeclfError("Choose at least one model.")
            guesses: dict[str, Guesses] = {}
            yield self._so_far("guess", 0, len(models), guesses)
            each = answers(self.observations, path, models)
            for number, (model, answer) in enumerate(each, start=1):
                if isinstance(answer, CheckpointError):
                    tell(answer)
                else:
                    guesses[model] = answer
                yield self._so_far("guess", number, len(models), guesses)
            if not guesses:
                raise PokeclfError("None of these models can answer.")
            chooser = _chooser(maps, top)
            species = None if maps == OWN else self._species(path, chooser, guesses)
            seats: list[Seat] = []
            for model, row in guesses.items():
                seats.append(seat(self.observations.get(path, model), row, species))
                yield self._so_far("map", len(seats), len(guesses), guesses)
            yield self._view(Comparison(path, maps, chooser, tuple(models), tuple(seats)), pair)
        except Exception as error:  # A person must see a sentence, whatever happened.
            tell(error)
            unreadable = isinstance(error, ImageError)
            gone = {self.picture: None} if unreadable else {}
            yield {**self._stopped, **gone}

    def _so_far(self, *progress: Any) -> Updates:  # noqa: ANN401 - as `progress` takes them
        return {self.result: compare_wording.progress(*progress), **self._working(True)}

    def _species(self, path: str, top: str | None, guesses: dict[str, Guesses]) -> str:
        if top:
            return self.observations.get(path, top).observation.best.species
        return seen_by_most(guesses)

    def _view(self, found: Comparison, asked: tuple[str | None, str | None]) -> Updates:
        return {
            self.result: compare_wording.compared(found, pictures(self.observations, found)),
            **self._working(False),
            self.found: found,
            **self.more.view(found, asked),
        }


def _chooser(maps: str, top: str | None) -> str | None:
    """The model whose best guess the maps are for, None where another rule chooses."""
    return top if top in study.BY_ID and maps != OWN else None
