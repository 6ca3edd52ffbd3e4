"""How long a request may keep a model: beyond that it ends with one sentence.

No thread can be stopped from outside, so that whatever takes long looks at the clock between two
steps: before each model, and whenever a slow map tells how far it is.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import gradio as gr

from pokeclf.errors import PokeclfError

LANES = frozenset({"models", "beside", "slow", "collections"})
"""Where requests of the models wait for each other."""
COLLECTIONS = {"concurrency_limit": 1, "concurrency_id": "collections"}
"""Many pictures run one request at a time, and never in the way of a single picture."""
_end: ContextVar[float | None] = ContextVar("end", default=None)


class TimeUpError(PokeclfError):
    """A request has taken too long."""


def check() -> None:
    """Raise TimeUpError when the time of the request that is answered now is over."""
    end = _end.get()
    if end is not None and time.monotonic() > end:
        raise TimeUpError(
            "This took longer than the server allows, so it was stopped; "
            "another method or fewer models are faster."
        )


def apply(page: gr.Blocks, seconds: float) -> None:
    """Give every request of the models on a page so many seconds."""
    for listener in page.fns.values():
        if listener.concurrency_id in LANES:
            listener.fn = limited(listener.fn, seconds)


def limited(handler: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """A handler, also one that gives several results, in which the time is over at some point."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def steps(*arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever it takes
            end, results = time.monotonic() + seconds, handler(*arguments)
            while True:
                with _until(end):  # Gradio may take each step in another thread.
                    try:
                        found = next(results)
                    except StopIteration:
                        return
                yield found

        return steps

    @functools.wraps(handler)
    def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the handler takes and gives
        with _until(time.monotonic() + seconds):
            return handler(*arguments)

    return call


@contextmanager
def _until(end: float) -> Iterator[None]:
    token = _end.set(end)
    try:
        yield
    finally:
        _end.reset(token)
