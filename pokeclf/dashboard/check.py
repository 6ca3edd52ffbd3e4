"""The question below a map: does the answer really depend on what it marks?"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import gradio as gr

from pokeclf.dashboard import map_wording, notices
from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest, StoppedError, following, if_still_shown
from pokeclf.errors import PokeclfError
from pokeclf.explain.faithfulness import (
    Faithfulness,
    Scores,
    check_for_sense,
    faithfulness,
    random_scores,
)
from pokeclf.species import of

KEPT = 64
"""Pictures whose random maps are remembered: a second method is then checked at once."""


class Check:
    """A button and its answer."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        self._lock = threading.Lock()
        self._random: OrderedDict[tuple[str, str, str], Scores] = OrderedDict()
        self.button = gr.Button("Can this map be believed?", size="sm", elem_id="check")
        self.result = gr.HTML(elem_id="check-result")
        self.found = gr.State()

    def listen(self, shown: gr.State, latest: gr.State, **lane: object) -> None:
        """Connect the button; ``shown`` holds the answer on the page."""
        self.button.click(
            self.check, [shown, latest], self.found, show_progress_on=self.result,
            api_visibility="private", **lane,
        ).then(
            if_still_shown, [self.found, shown], self.result, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip

    def check(
        self,
        shown: Answer | None,
        latest: Latest,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
    ) -> tuple[tuple, str] | None:
        """Which map it is, and what 100 random maps say about it as HTML.

        It gives up when the visitor asks for another map meanwhile.
        """
        tell = following(latest, progress, "Comparing with random maps")
        try:
            if shown is None:
                raise PokeclfError("There is no map to check yet.")
            found = self._compare(shown, tell)
            name = of(shown.explanation.species).name
            return shown.question, map_wording.faithfulness_line(shown.method, name, found)
        except StoppedError:
            return None
        except Exception as error:  # A person must see a sentence, whatever happened.
            notices.notify(error)
            return None

    def _compare(self, shown: Answer, tell: Callable[[float], None]) -> Faithfulness:
        seen = self.observations.get(shown.path, shown.card.model)
        classifier, observation = seen.classifier, seen.observation
        species = shown.explanation.species
        check_for_sense(observation, shown.explanation)
        key = (shown.path, classifier.card.weights_sha256, species)
        with self._lock:
            random = self._random.get(key)
        if random is None:
            random = random_scores(classifier, observation, species, tell)
            with self._lock:
                self._random[key] = random
                while len(self._random) > KEPT:
                    self._random.popitem(last=False)
        return faithfulness(classifier, observation, shown.explanation, random)
