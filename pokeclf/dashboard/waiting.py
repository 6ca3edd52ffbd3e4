"""Slow maps: they are drawn in a lane of their own, show progress and can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import gradio as gr

from pokeclf.dashboard import limits, notices
from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.updates import Updates
from pokeclf.explain import Options
from pokeclf.explain.overlay import Paint

LANE = {"concurrency_limit": 1, "concurrency_id": "slow"}
"""What takes seconds runs one at a time, and never in the way of what takes milliseconds."""


class StoppedError(Exception):
    """Nobody waits for this any more."""


class Latest:
    """The number of a visitor's last question; work on earlier ones gives up.

    A session's handlers share one object; Gradio copies it for each new session.
    """

    def __init__(self) -> None:
        self.number = 0
        self.waiting = False  # for a slow map, which even the answer on the page overtakes
        self.stopped = False  # nobody waits for the last question either
        self.inputs: tuple | None = None  # what the page's inputs stood at when last looked at

    def __deepcopy__(self, memo: dict) -> Self:
        return type(self)()

    def next(self) -> int:
        """A new question: its number."""
        return self._count(stopped=False)

    def stop(self) -> None:
        """Nobody waits for anything any more."""
        self._count(stopped=True)

    def _count(self, stopped: bool) -> int:
        self.waiting, self.stopped = False, stopped  # before the number makes others look
        self.number += 1
        return self.number

    def stand_at(self, inputs: tuple) -> bool:
        """Note what the page's inputs stand at; whether that is another question than before.

        When an answer changes the inputs, Gradio says so as if a person had done it.
        """
        changed = inputs != self.inputs
        self.inputs = inputs
        return changed

    def check(self, number: int) -> None:
        """Raise StoppedError when another question has come."""
        if number != self.number:
            raise StoppedError


def following(
    latest: Latest, own: Latest, progress: Callable[..., None], words: str
) -> Callable[[float], None]:
    """Shows progress on work about the map that is on the page, and gives up in time.

    Parameters
    ----------
    latest, own : the visitor's questions for maps, and for such work: a new one of either, or
        its button to stop, ends it.
    """
    numbers = latest.number, own.next()

    def tell(share: float) -> None:
        latest.check(numbers[0])
        own.check(numbers[1])
        limits.check()
        progress(share, desc=words)

    return tell


def if_still_shown(found: tuple[tuple, str] | None, shown: Answer | None) -> str:
    """A finding about a map, as HTML, unless another map has come to the page meanwhile.

    Parameters
    ----------
    found : the map's :attr:`~pokeclf.dashboard.answer.Answer.question` and the finding.
    """
    if found is None or shown is None or found[0] != shown.question:
        return ""
    return found[1]


@dataclass(frozen=True)
class Wish:
    """A question about a map; what is None is left open."""

    number: int
    path: str
    model: str | None
    count: int
    species: str | None
    method: str | None
    options: Options
    paint: Paint


class Stop:
    """A button that is seen while something below the map is at work, and ends that."""

    def __init__(self, name: str) -> None:
        self.button = gr.Button("Stop", size="sm", visible=False, elem_id=name)
        self.own = gr.State(Latest())  # the visitor's questions of this kind

    def listen(self) -> None:
        """Connect the button."""
        self.button.click(
            self.give_up, self.own, self.button, show_progress="hidden", api_visibility="private"
        )

    def during(self, own: Latest, found: gr.State, work: Callable[[], Any]) -> Iterator[Updates]:
        """Show the button while a question is worked on; what comes of it is put into ``found``.

        Where it is given up that is None, and of an error, of which a notice tells.
        """
        number = own.number
        yield {self.button: gr.update(visible=True), found: None}
        result = None
        try:
            result = work()
        except StoppedError:
            pass
        except Exception as error:  # A person must see a sentence, whatever happened.
            notices.notify(error)
        # A later question may be at work already.
        hidden = gr.update(visible=False) if own.number == number else gr.skip()
        yield {self.button: hidden, found: result}

    def give_up(self, own: Latest) -> dict[str, Any]:
        """Nobody waits for it any more."""
        own.stop()
        return gr.update(visible=False)


class Waiting:
    """What is seen while a slow map is drawn: its progress, and a button that stops it."""

    def __init__(self) -> None:
        self.latest = gr.State(Latest())
        self.wish = gr.State()
        self.stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop")
        self.progress = gr.HTML(elem_id="waiting")

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`begin` and :meth:`end` change."""
        return [self.wish, self.stop]

    def begin(self, wish: Wish) -> Updates:
        """Hand a wish to the slow lane."""
        return {self.wish: wish, self.stop: gr.update(visible=True)}

    def end(self) -> Updates:
        """There is nothing to stop any more."""
        return {self.stop: gr.update(visible=False)}
