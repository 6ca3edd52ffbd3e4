"""Gradio's blocks, which look at what is sent before anything is done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi
import gradio as gr
from gradio.blocks import BlockFunction
from gradio.data_classes import PredictBodyInternal
from gradio.state_holder import SessionState
from gradio.utils import get_function_params

from pokeclf.dashboard import notices, uploads
from pokeclf.dashboard.places import Places, address_of
from pokeclf.errors import PokeclfError


class Blocks(gr.Blocks):
    """Gradio's, which refuse in a sentence what Gradio would refuse with a traceback.

    Requests of the same endpoint may wait in two lanes: see :meth:`part`.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - as Gradio takes them
        self._detours: dict[str, tuple[str, Callable[[list[Any]], bool]]] = {}
        super().__init__(**options)

    def part(self, listener: str, other: str, goes: Callable[[list[Any]], bool]) -> None:
        """Let some requests of a listener wait where another one's wait, which does the same.

        Parameters
        ----------
        listener, other : names of listeners.
        goes : whether a request goes to the other, by what it sends.
        """
        self._detours[listener] = other, goes

    def queue(self, *arguments: Any, **options: Any) -> Blocks:  # noqa: ANN401 - as Gradio
        """Gradio's, in which every request waits in its own lane, if there is a place for it."""
        super().queue(*arguments, **options)
        push, places = self._queue.push, Places(self._queue)
        numbers = {listener.api_name: number for number, listener in self.fns.items()}
        detours = {
            numbers[name]: (numbers[other], goes) for name, (other, goes) in self._detours.items()
        }

        async def push_in_lane(
            body: PredictBodyInternal, request: fastapi.Request, username: str | None
        ) -> tuple:
            refusal = places.refusal(body.session_hash, address_of(request))
            if refusal is not None:
                return places.refuse(body, refusal)
            other, goes = detours.get(body.fn_index, (body.fn_index, None))
            if goes and goes(body.data):
                body.fn_index = other
            pushed = await push(body=body, request=request, username=username)
            places.take_turns()
            return pushed

        self._queue.push = push_in_lane
        return self

    async def preprocess_data(
        self,
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,
    ) -> list[Any]:
        """Gradio's, after a look at the files among the inputs and at their number."""
        try:
            checked = uploads.uploads_only(_completed(block_fn, inputs))
        except PokeclfError as error:
            raise notices.as_failure(error) from None
        return await super().preprocess_data(block_fn, checked, state, explicit_call)


def _completed(listener: BlockFunction, inputs: list[Any]) -> list[Any]:
    """The inputs, with the defaults of those at the end that whoever asks does not know of.

    Raises
    ------
    PokeclfError
        When one is missing that has no default.
    """
    if len(inputs) >= len(listener.inputs):
        return inputs
    left_out = get_function_params(listener.fn)[len(inputs) : len(listener.inputs)]
    defaults = [default for _, optional, default, _ in left_out if optional]
    if len(inputs) + len(defaults) < len(listener.inputs):
        needed = len(listener.inputs) - len(defaults)
        raise PokeclfError(f"This takes at least {needed} inputs, not {len(inputs)}.")
    return [*inputs, *defaults]
