"""A person or a program at the dashboard, as its server sees them: uploads, questions, answers.

A question is asked as Gradio's page asks it: the visitor joins the queue, and then hears its place
in it and the answer in a stream of events.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Self

import httpx

API = "/gradio_api"
PATIENCE = 600
"""Seconds without a word from the server after which it counts as hanging."""
Json = Any


class LostError(Exception):
    """The server answered with something else than an answer or a sentence."""


@dataclass(frozen=True)
class Picture:
    """A file that is uploaded: its name, and its bytes, whatever they are."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Reply:
    """What came of one question.

    Attributes
    ----------
    data : the endpoint's results; of a refusal its sentence.
    refused : whether it was refused with a sentence.
    notices : sentences that were shown meanwhile.
    places : in the queue, in the order in which they were told; the next one is 0.
    """

    data: Json
    refused: bool
    notices: tuple[str, ...]
    places: tuple[int, ...]


@dataclass(frozen=True)
class Listener:
    """A listener of the page: its number, and what its inputs stand at when a page is opened."""

    number: int
    inputs: tuple[tuple[str | None, Json], ...]
    outputs: tuple[str | None, ...]


class Site:
    """The listeners of a running dashboard by name, and by the ids of what they read."""

    def __init__(self, address: str) -> None:
        self.address = address
        config = httpx.get(f"{address}/config", timeout=60).raise_for_status().json()
        parts = {each["id"]: each["props"] for each in config["components"]}
        self.listeners: dict[str, Listener] = {}
        for each in config["dependencies"]:
            inputs = [parts[number] for number in each["inputs"]]
            outputs = [parts[number].get("elem_id") for number in each["outputs"]]
            self.listeners[each["api_name"]] = Listener(
                each["id"],
                tuple((part.get("elem_id"), part.get("value")) for part in inputs),
                tuple(outputs),
            )


class Visitor:
    """Somebody who asks one question at a time."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.session = uuid.uuid4().hex
        self._http = httpx.AsyncClient(base_url=site.address, timeout=PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def reopen(self) -> None:
        """Open the page anew: the server knows nothing of what was asked before."""
        self.session = uuid.uuid4().hex

    async def upload(self, picture: Picture) -> dict[str, Json]:
        """Upload a picture; what names it in questions."""
        files = {"files": (picture.name, picture.data)}
        sent = await self._http.post(f"{API}/upload", files=files)
        if sent.status_code != 200:
            raise LostError(f"An upload was answered with {sent.status_code}: {sent.text[:200]}")
        return {
            "path": sent.json()[0],
            "orig_name": picture.name,
            "meta": {"_type": "gradio.FileData"},
        }

    async def ask(self, name: str, data: list[Json]) -> Reply:
        """Ask an endpoint, or a listener of the page, and wait for the answer.

        Raises
        ------
        LostError
            When there is neither an answer nor a sentence.
        """
        question = {
            "data": data,
            "fn_index": self.site.listeners[name].number,
            "session_hash": self.session,
        }
        joined = await self._http.post(f"{API}/queue/join", json=question)
        if joined.status_code == 503:
            return Reply(joined.json()["detail"], True, (), ())
        if joined.status_code != 200:
            raise LostError(f"A question was answered with {joined.status_code}: {joined.text}")
        return await self._listen()

    async def look(self, listener: str, changed: Mapping[str, Json]) -> dict[str, Json]:
        """Let the page ask; what changes on it, by the ids of its parts."""
        inputs = self.site.listeners[listener].inputs
        reply = await self.ask(listener, [changed.get(name, value) for name, value in inputs])
        if reply.refused:
            raise LostError(f"The page shows an error: {reply.data}")
        names = self.site.listeners[listener].outputs
        seen = {name: part for name, part in zip(names, reply.data, strict=True) if name}
        return {**seen, "notices": reply.notices, "places": reply.places}

    async def _listen(self) -> Reply:
        """Hear the server out."""
        places: list[int] = []
        notices: list[str] = []
        stream = self._http.stream(
            "GET", f"{API}/queue/data", params={"session_hash": self.session}
        )
        async with stream as told:
            async for line in told.aiter_lines():
                if not line.startswith("data: "):
                    continue
                event = json.loads(line.removeprefix("data: "))
                if event["msg"] == "estimation":
                    places.append(event["rank"])
                elif event["msg"] == "log":
                    notices.append(event["log"])
                elif event["msg"] == "process_completed":
                    return _reply(event, tuple(notices), tuple(places))
        raise LostError("The server hung up without an answer.")


def _reply(event: dict[str, Json], notices: tuple[str, ...], places: tuple[int, ...]) -> Reply:
    output = event["output"]
    if event["success"]:
        return Reply(output["data"], False, notices, places)
    if not isinstance(output.get("error"), str):
        raise LostError(f"The server failed without a sentence: {output}")
    return Reply(output["error"], True, notices, places)


def without_place(answer: Json) -> Json:
    """An answer in which files are named by a hash of their contents, as the server does."""
    if isinstance(answer, dict):
        if isinstance(answer.get("path"), str):
            return PurePosixPath(answer["path"]).parent.name
        return {key: without_place(value) for key, value in answer.items()}
    return [without_place(each) for each in answer] if isinstance(answer, list) else answer
