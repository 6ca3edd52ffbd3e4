"""What the server answers besides the page, without a server."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from pokeclf import __version__, schema
from pokeclf.dashboard.routes import UNKNOWN, routes, wrong_calls
from pokeclf.modelstore import ModelStore


def _ask(store, path):
    return TestClient(Starlette(routes=routes(store))).get(path)


def test_health_counts_the_models_that_can_answer_and_reads_no_weights(checkpoints):
    store = ModelStore(checkpoints)
    answer = _ask(store, "/health")
    assert answer.status_code == 200
    # The third is damaged in a way that only loading its weights would tell.
    assert answer.json() == {"status": "ok", "version": __version__, "models": 3}
    assert store.loaded_bytes == 0


@pytest.mark.parametrize(
    ("card", "problem"),
    [(None, "No model is trained yet"), ("{", "The card of checkpoint convmixer cannot be read.")],
)
def test_a_server_that_cannot_answer_says_why_in_a_sentence(tmp_path, card, problem):
    if card:
        (tmp_path / "convmixer").mkdir()
        (tmp_path / "convmixer" / "card.json").write_text(card)
    answer = _ask(ModelStore(tmp_path), "/health")
    assert answer.status_code == 503
    assert answer.json()["models"] == 0
    assert answer.json()["problem"].startswith(problem)
    assert answer.json()["problem"].endswith(".")


def test_a_client_can_get_the_schema(tmp_path):
    answer = _ask(ModelStore(tmp_path), "/schema.json")
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert answer.content == schema.FILE.read_bytes()


def test_what_gradio_fails_with_is_logged_in_one_line(caplog):
    async def failing(request):
        raise KeyError("a\nb")

    app = Starlette(routes=[Route("/{name}", failing)], exception_handlers=wrong_calls())
    answer = TestClient(app).get("/a%0Ab")
    assert (answer.status_code, answer.json()) == (404, {"detail": UNKNOWN})
    (line,) = caplog.messages
    assert "\n" not in line
