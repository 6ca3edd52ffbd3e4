"""What the server answers besides the page: whether it is well, the form of its answers, and
what it tells those who ask Gradio for what is not there."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pokeclf import __version__, schema
from pokeclf.dashboard.answer import NONE_TRAINED
from pokeclf.modelstore import ModelStore

UNKNOWN, MISUSED = (
    "There is no such endpoint; /gradio_api/info tells which there are.",
    "This endpoint takes other inputs; /gradio_api/info tells which.",
)


def routes(store: ModelStore) -> list[Route]:
    """The further routes of the server, below its root path like the page."""

    def health(request: Request) -> Response:
        return _health(store)

    def form(request: Request) -> Response:
        return FileResponse(schema.FILE, media_type="application/schema+json")

    return [Route("/health", health), Route("/schema.json", form)]


def _health(store: ModelStore) -> JSONResponse:
    """How many models can answer, by their cards and files; no weights are read for it."""
    statuses = store.statuses()
    able = sum(status.card is not None for status in statuses)
    facts = {"version": __version__, "models": able}
    if able:
        return JSONResponse({"status": "ok", **facts})
    damaged = (status.problem for status in statuses if status.state == "damaged")
    problem = next(damaged, NONE_TRAINED)
    return JSONResponse({"status": "failing", **facts, "problem": problem}, 503)


def wrong_calls() -> dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
    """What is said where Gradio fails on a request, by the mistake that it fails with.

    It takes for granted that an endpoint that is asked for exists, and takes what is sent. What our
    own listeners do happens in the queue, never here.
    """
    answers = {
        FnIndexInferError: (404, UNKNOWN),
        KeyError: (404, UNKNOWN),
        TypeError: (422, MISUSED),
    }

    async def answer(request: Request, error: Exception) -> Response:
        status, sentence = answers[type(error)]
        # Should it be a fault of ours after all, the log tells where to look.
        logging.getLogger("uvicorn.error").warning("%r: %r", request.url.path, error)
        return JSONResponse({"detail": sentence}, status)

    return dict.fromkeys(answers, answer)
