"""The question below a map: does the answer really depend on what it marks?"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr

from pokeclf import charts
from pokeclf.alternatives import Figure
from pokeclf.dashboard import map_wording
from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.chart import Chart
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Latest, Stop, following
from pokeclf.errors import PokeclfError
from pokeclf.explain.faithfulness import (
    Faithfulness,
    Scores,
    check_for_sense,
    faithfulness,
    random_scores,
)
from pokeclf.species import of

SECONDS = 30
"""How long random maps are judged at most; a slow computer judges fewer of them."""
KEPT = 64
"""Pictures whose random maps are remembered: a second method is then checked at once."""


@dataclass(frozen=True)
class Checked:
    """What was found out about a map.

    Attributes
    ----------
    question : the map's :attr:`~pokeclf.dashboard.answer.Answer.question`.
    line : what the comparison says, as HTML.
    """

    question: tuple
    line: str
    deletion: Figure
    insertion: Figure


class Check:
    """A button, its answer in words, and the curves behind it."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        self._lock = threading.Lock()
        self._random: OrderedDict[tuple[str, str, str], Scores] = OrderedDict()
        self.button = gr.Button("Can this map be believed?", size="sm", elem_id="check")
        self.stop = Stop("check-stop")
        self.result = gr.HTML(elem_id="check-result")
        with gr.Row():
            with gr.Column(min_width=240):
                self.deletion = Chart("check-deletion", visible=False)
            with gr.Column(min_width=240):
                self.insertion = Chart("check-insertion", visible=False)
        self.found = gr.State()

    @property
    def outputs(self) -> list[gr.components.Component]:
        """Everything that :meth:`show` changes."""
        return [self.result, *self.deletion.outputs, *self.insertion.outputs]

    def listen(self, shown: gr.State, latest: gr.State, **lane: object) -> None:
        """Connect the buttons; ``shown`` holds the answer on the page."""
        quiet = {"show_progress": "hidden", "api_visibility": "private"}
        self.button.click(
            self.check, [shown, latest, self.stop.own], [self.found, self.stop.button],
            show_progress_on=self.result, api_visibility="private",
            trigger_mode="multiple",  # once more at once after it was stopped, for instance
            **lane,
        ).then(self.show, [self.found, shown], self.outputs, **quiet)  # fmt: skip
        self.stop.listen()

    def check(
        self,
        shown: Answer | None,
        latest: Latest,
        own: Latest,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
    ) -> Iterator[Updates]:
        """Compare the map on the page with up to 100 random ones.

        It gives up when the visitor stops it, or asks for another map meanwhile.

        Parameters
        ----------
        latest, own : the visitor's questions for maps, and for checks.
        """
        tell = following(latest, own, progress, "Comparing with random maps")

        def work() -> Checked:
            if shown is None:
                raise PokeclfError("There is no map to check yet.")
            return _checked(shown, self._compare(shown, tell))

        yield from self.stop.during(own, self.found, work)

    def show(self, found: Checked | None, shown: Answer | None) -> Updates:
        """A finding, unless another map has come to the page meanwhile."""
        if found is None or shown is None or found.question != shown.question:
            return self.nothing
        return {
            self.result: found.line,
            **self.deletion.shows(found.deletion),
            **self.insertion.shows(found.insertion),
        }

    @property
    def nothing(self) -> Updates:
        """The map on the page has not been checked."""
        return {self.result: "", **self.deletion.shows(None), **self.insertion.shows(None)}

    def _compare(self, shown: Answer, tell: Callable[[float], None]) -> Faithfulness:
        seen = self.observations.get(shown.path, shown.card.model)
        classifier, observation = seen.classifier, seen.observation
        species = shown.explanation.species
        check_for_sense(observation, shown.explanation)
        key = (shown.path, classifier.card.weights_sha256, species)
        with self._lock:
            random = self._random.get(key)
        if random is None:
            random = random_scores(classifier, observation, species, tell, seconds=SECONDS)
            with self._lock:
                self._random[key] = random
                while len(self._random) > KEPT:
                    self._random.popitem(last=False)
        return faithfulness(classifier, observation, shown.explanation, random)


def _checked(shown: Answer, found: Faithfulness) -> Checked:
    """A comparison with random maps in words and figures."""
    name = of(shown.explanation.species).name
    own, random = found.own, found.random
    return Checked(
        shown.question,
        map_wording.faithfulness_line(shown.method, name, found),
        charts.faithfulness.deletion(own.deletion_curves[0], random.deletion_curves, name),
        charts.faithfulness.insertion(own.insertion_curves[0], random.insertion_curves, name),
    )
