"""What the server answers besides the page: whether it is well, and the form of its answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pokeclf import __version__, schema
from pokeclf.dashboard.answer import NONE_TRAINED
from pokeclf.modelstore import ModelStore


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
