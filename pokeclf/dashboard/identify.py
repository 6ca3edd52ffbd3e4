"""The Identify tab: one picture in, its species, and where the model looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from pokeclf.checkpoint import CheckpointError
from pokeclf.dashboard import limits, notices, waiting, wording
from pokeclf.dashboard.address import Address
from pokeclf.dashboard.answer import NONE_TRAINED, Answer, answer, guesses_with
from pokeclf.dashboard.identify_layout import (
    INVITATION,
    MOST_HIDDEN,
    STRENGTH,
    Layout,
    draw,
    link_to,
)  # fmt: skip
from pokeclf.dashboard.picker import able, choices, summary
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Latest, StoppedError, Wish
from pokeclf.errors import PokeclfError
from pokeclf.explain import METHODS
from pokeclf.explain.overlay import Paint


class Identify(Layout):
    """Components and handlers of the tab.

    Everything that a person can change runs through one listener, :meth:`look`. Gradio runs a
    listener once at a time for each visitor and then once more with the latest values, so an
    older answer never replaces a newer one.
    """

    def __init__(self, observations: Observations, drawings: Path, workers: int) -> None:
        super().__init__(observations, drawings)
        self._listen(workers)

    def _listen(self, workers: int) -> None:
        models = {"concurrency_limit": workers, "concurrency_id": "models"}
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        asking = {
            "show_progress": "minimal", "show_progress_on": self.verdict,
            "api_visibility": "private", **models,
        }  # fmt: skip
        look = {
            "fn": self.look,
            "inputs": [
                self.picture, self.model, self.count, self.guesses, self.method, self.strength,
                self.threshold, self.shown, self.waiting.latest, *self.settings.inputs,
            ],
            "outputs": self.page,
            **asking,
        }  # fmt: skip
        # Not picture.change: it also fires, empty, while a file is on its way. Not model.input: it
        # fires twice for one click, and the second answer would undo what is chosen meanwhile.
        changes = [
            self.model.change,
            self.count.change,
            self.guesses.input,
            self.method.input,
            self.strength.change,
            self.threshold.change,
            *self.settings.changes,
        ]
        gr.on(changes, trigger_mode="always_last", **look)
        self.cards.listen(self.model, asking, look)
        self.examples.click(
            notices.guarded(self.take_example, len(self.cards.outputs)), self.examples,
            self.cards.outputs, trigger_mode="always_last", **asking,
        ).then(trigger_mode="multiple", **look)  # fmt: skip
        self.waiting.wish.change(
            self.look_longer, [self.waiting.wish, self.shown, self.waiting.latest], self.page,
            show_progress="full", show_progress_on=self.waiting.progress,
            api_visibility="private", **waiting.LANE,
        )  # fmt: skip
        self.waiting.stop.click(
            self.stop, [self.shown, self.waiting.latest],
            [
                self.picture, self.model, self.count, self.guesses, self.method,
                *self.settings.outputs, *self.waiting.outputs,
            ],
            **quiet,
        )  # fmt: skip
        opened = self.asked.change(
            self.follow, [self.asked, self.waiting.latest], self.page, trigger_mode="once",
            **asking,
        )  # fmt: skip
        self.cards.offer_after(opened, asking)
        self.picture.clear(
            self.clear, [self.model, self.waiting.latest],
            [self.verdict, self.panel, self.shown, self.address, *self.waiting.outputs], **quiet,
        )  # fmt: skip
        self.check.listen(self.shown, self.waiting.latest, **waiting.LANE)
        # Most comparisons are fast, so they do not wait for slow maps either.
        self.beside.listen(
            self.shown, self.waiting.latest, concurrency_limit=workers, concurrency_id="beside"
        )
        self.keep.listen(self.shown)

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
        latest: Latest,
        *settings: Any,  # noqa: ANN401 - what the settings' components stand at
    ) -> Updates:
        """Answer what is asked now, or hand it to the slow lane.

        Parameters
        ----------
        shown : the answer on the page.
        latest : the visitor's; whatever is still at work for an earlier question gives up.
        """
        path = path or (shown and shown.path)
        number = latest.number
        try:
            if path is None:
                return {self.summary: summary(self.store, model), self.address: link_to(model)}
            if shown and (path, model, species, method) == (*shown.question[:2], None, None):
                # The model's menu tells that an address changed it, before the answer is shown.
                return {self.summary: gr.skip()}
            options = self.settings.chosen(*settings)
            paint = Paint(strength / 100, threshold / 100)
            changed = latest.stand_at((path, model, species, method))
            if shown and shown.fits(path, model, count, species, method, options):
                if latest.waiting and changed:
                    latest.next()
                if paint == shown.paint:
                    # Sent again, the map's file would be written while the browser reads it.
                    return self.waiting.end() if changed else {self.summary: gr.skip()}
                shown = replace(shown, paint=paint)
                # The saved map would still have the old colours.
                old = {self.keep.links: ""}
                new = {self.map: draw(shown), self.shown: shown, self.address: self.link_of(shown)}
                return {**new, **old, **self.waiting.end()}
            number = latest.next()
            if not shown or (path, model) != (shown.path, shown.card.model):
                species = None
                options = replace(options, against=None)
            if not shown or model != shown.card.model:
                method = None
            elif species not in (None, shown.explanation.species):
                method = _for_one_species(shown, method)
            wish = Wish(number, path, model, int(count), species, method, options, paint)
            if method in METHODS and METHODS[method].slow:
                return self._begin(wish, shown, latest)
            found = self._answer(wish)
            # Two clicks may run at the same time; the later one's answer stays.
            return self.view(found) if number == latest.number else {self.summary: gr.skip()}
        except Exception as error:  # A person must see a sentence, whatever happened.
            return self._failed(error, shown, latest, number)

    def look_longer(
        self,
        wish: Wish | None,
        shown: Answer | None,
        latest: Latest,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
    ) -> Updates:
        """Answer a question of the slow lane, unless it is stopped or another one is asked."""
        nothing = {self.summary: gr.skip()}
        if wish is None:
            return nothing

        def tell(share: float) -> None:
            latest.check(wish.number)
            limits.check()
            progress(share, desc="Looking for the reason")

        try:
            latest.check(wish.number)
            found = self._answer(wish, tell)
            latest.check(wish.number)
            latest.waiting = False
            return self.view(found)
        except StoppedError:
            return nothing
        except Exception as error:  # A person must see a sentence, whatever happened.
            return self._failed(error, shown, latest, wish.number)

    def stop(self, shown: Answer | None, latest: Latest) -> Updates:
        """Give up the slow map and go back to the answer on the page."""
        latest.stop()
        return {**(self.restored(shown) if shown else {}), **self.waiting.end()}

    def follow(self, asked: Address | None, latest: Latest) -> Updates:
        """Show the view of an address that names a drawing."""
        if asked is None:
            return {self.summary: gr.skip()}
        number = latest.next()
        # Where Gradio itself would put it, so that the page speaks of it by the same path.
        path = self.cards.drawn(asked.example, asked.part)
        try:
            model = able(self.store, asked.model)
            if model is None:
                raise PokeclfError(NONE_TRAINED)
            seen = self.observations.get(path, model).observation
            count = guesses_with(seen, asked.species, self.count.value, self.count.maximum)
            slow = asked.method in METHODS and METHODS[asked.method].slow
            wish = Wish(
                number, path, model, count, asked.species, asked.method,
                self.settings.asked(asked), _paint(asked),
            )  # fmt: skip
            found = self._answer(replace(wish, method=None) if slow else wish)
            latest.check(number)  # A person who was faster may have chosen a picture.
            if asked.species not in (None, found.explanation.species):
                gr.Warning(wording.not_guessed(asked.species, self.count.maximum))
            if not slow and (absent := self.settings.absent(asked, found)):
                gr.Warning(wording.not_there(found.card.model, absent))
            latest.stand_at(found.question[:4])
            dials = {
                self.count: count,
                self.strength: round(100 * wish.paint.strength),
                self.threshold: round(100 * wish.paint.threshold),
            }
            view = {self.picture: path, self.model: model, **dials, **self.view(found)}
            if slow:
                latest.waiting = True
                view |= self.waiting.begin(wish)
            return view
        except StoppedError:
            return {self.summary: gr.skip()}
        except Exception as error:  # A person must see a sentence, whatever happened.
            if number != latest.number:
                return {self.summary: gr.skip()}
            notices.notify(error)
            return {self.picture: path}

    def _answer(self, wish: Wish, tell: Callable[[float], None] = lambda share: None) -> Answer:
        found = answer(
            self.observations, wish.path, wish.model, wish.count, wish.species, wish.method,
            wish.options, tell,
        )  # fmt: skip
        return replace(found, paint=wish.paint)

    def clear(self, model: str | None, latest: Latest) -> Updates:
        """Back to the beginning, when the picture is removed."""
        latest.stop()
        return {
            self.address: link_to(model),
            self.verdict: INVITATION,
            self.panel: gr.update(visible=False),
            self.shown: None,
            **self.waiting.end(),
        }

    def take_example(self, place: int) -> Updates:
        """Show the drawing that was chosen; of a trading card its parts are offered."""
        return self.cards.offer(str(self.drawings[place]))

    def open(self, asked: Address = Address()) -> Updates:  # noqa: B008 - frozen
        """A page is opened; models that were trained since the server started appear.

        A drawing that the address names is answered by :meth:`follow`.
        """
        statuses = self.store.statuses()
        offered = {
            self.model: gr.update(choices=choices(statuses)),
            self.table: wording.model_table(statuses),
        }
        if asked.example:
            return {**offered, self.asked: asked}
        model = able(self.store, asked.model)
        return {
            **offered,
            self.model: gr.update(choices=choices(statuses), value=model),
            self.summary: summary(self.store, model),
            self.address: link_to(model),
        }

    @property
    def opened(self) -> list[gr.components.Component]:
        """Everything that :meth:`open` changes."""
        return [self.model, self.summary, self.table, self.address, self.asked]

    def _begin(self, wish: Wish, shown: Answer | None, latest: Latest) -> Updates:
        """Hand a slow map on; a new picture is answered at once, by another method."""
        first = {}
        if shown is None or wish.path != shown.path:
            found = self._answer(replace(wish, method=None))
            latest.stand_at(found.question[:4])
            first = self.view(found)
        latest.waiting = True
        return {**first, **self.waiting.begin(wish)}

    def _failed(
        self, error: Exception, shown: Answer | None, latest: Latest, number: int
    ) -> Updates:
        """A notice, and what was chosen before; nothing when another question came meanwhile."""
        if number != latest.number:
            return {self.summary: gr.skip()}
        notices.notify(error)
        return {**self._back_to(shown, error), **self.waiting.end()}

    def _back_to(self, shown: Answer | None, error: Exception) -> Updates:
        """The answer on the page with all that was chosen for it; a failure loses nothing."""
        if shown and Path(shown.path).is_file():
            return self.restored(shown)
        if isinstance(error, CheckpointError):
            return {self.shown: None}  # The picture may stay for another model.
        return {self.picture: None}


def _paint(asked: Address) -> Paint:
    """The colours that an address asks for."""
    strength = STRENGTH if asked.strength is None else asked.strength
    return Paint(strength / 100, min(asked.threshold or 0, MOST_HIDDEN) / 100)


def _for_one_species(shown: Answer, method: str | None) -> str | None:
    """The method to explain a chosen species with: one whose map depends on the species."""
    able = [each.id for each in shown.methods if each.per_species]
    return method if method in able or not able else able[0]
