"""What of a request is not read, without the rest of the server."""

from __future__ import annotations

import shutil
import time
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pokeclf.dashboard import uploads
from pokeclf.dashboard.bodies import MOST_OF_OTHERS, TOOLS, UPLOAD, Bodies


@pytest.fixture
def client():
    async def count(request):
        return PlainTextResponse(str(len(await request.body())))

    routes = [Route(path, count, methods=["POST"]) for path in (UPLOAD, TOOLS, "/other")]
    return TestClient(Bodies(Starlette(routes=routes)))


@pytest.fixture
def free(monkeypatch, tmp_path):
    """Bytes that are free on the disk of uploads; what is deleted frees more."""
    monkeypatch.setenv(uploads.VARIABLE, str(tmp_path))
    disk = SimpleNamespace(size=uploads.RESERVE + 100, total=100 * uploads.RESERVE, place=tmp_path)

    def usage(place):
        taken = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        return SimpleNamespace(free=disk.size - taken, total=disk.total)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    return disk


def test_a_body_may_be_as_large_as_what_it_is_for(client):
    just = bytes(MOST_OF_OTHERS)
    assert client.post("/other", content=just).text == str(len(just))
    assert client.post("/other", content=just + b"x").status_code == 413
    assert client.post("/other", content=iter([just, b"x"])).status_code == 413
    for path in (UPLOAD, TOOLS):
        assert client.post(path, content=just + b"x").text == str(len(just) + 1)


def test_a_full_disk_refuses_uploads_with_a_sentence_and_nothing_else(client, free):
    assert client.post(UPLOAD, content=b"x").status_code == 200
    (free.place / "in use").write_bytes(bytes(101))
    refused = client.post(UPLOAD, content=b"x")
    assert (refused.status_code, refused.text.count(".")) == (507, 1)
    assert (free.place / "in use").exists()
    assert client.post("/other", content=b"x").status_code == 200


def test_of_a_small_disk_a_tenth_stays_free(client, free):
    free.total, free.size = 1000, 200
    assert client.post(UPLOAD, content=b"x").status_code == 200
    (free.place / "in use").write_bytes(bytes(101))
    assert client.post(UPLOAD, content=b"x").status_code == 507


def test_pictures_that_nobody_uses_make_room_when_it_is_scarce(client, free, monkeypatch):
    (free.place / "old").write_bytes(bytes(101))
    now = time.time() + uploads.IN_NEED + 1
    monkeypatch.setattr(uploads, "time", SimpleNamespace(time=lambda: now))
    assert client.post(UPLOAD, content=b"x").status_code == 200
    assert not list(free.place.iterdir())
