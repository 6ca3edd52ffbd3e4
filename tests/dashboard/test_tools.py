"""Assistants as users: the real client of the Model Context Protocol on the real server."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import gradio as gr
import jsonschema
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from pokeclf import schema
from pokeclf.dashboard import tools
from tests.dashboard.conftest import PIKACHU
from tests.serving import APP

SCHEMA = json.loads(schema.FILE.read_text(encoding="utf-8"))
PICTURE = "data:image/png;base64," + base64.b64encode(Path(PIKACHU).read_bytes()).decode()


@pytest.fixture(scope="module")
def ask(served):
    """Calls a method of a session with the server."""

    async def asked(method, *arguments):
        async with (
            streamable_http_client(f"{served}/gradio_api/mcp/") as (reader, writer, _),
            ClientSession(reader, writer) as session,
        ):
            await session.initialize()
            return await getattr(session, method)(*arguments)

    return lambda method, *arguments: asyncio.run(asked(method, *arguments))


def test_every_endpoint_is_a_tool_and_described_with_its_parameters(ask):
    tools = {tool.name: tool for tool in ask("list_tools").tools}
    assert set(tools) == {"predict", "explain", "compare", "catalog", "models"}
    for tool in tools.values():
        assert tool.description
        # Of a parameter's description no more than its first line is told.
        told = [each["description"] for each in tool.inputSchema["properties"].values()]
        assert all(each.endswith(".") for each in told)
    assert set(tools["predict"].inputSchema["required"]) == {"picture", "model"}


def test_a_call_answers_in_json(ask):
    asked = {"picture": PICTURE, "model": "convmixer", "top": 2}
    result = ask("call_tool", "predict", asked)
    assert not result.isError
    answer = json.loads(result.content[0].text)
    jsonschema.validate(answer, SCHEMA)
    assert len(answer["top"]) == 2


def test_a_map_is_json_and_a_picture(ask):
    result = ask("call_tool", "explain", {"picture": PICTURE, "model": "convmixer"})
    answer, picture = result.content[:2]
    jsonschema.validate(json.loads(answer.text), SCHEMA)
    with Image.open(io.BytesIO(base64.b64decode(picture.data))) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (160, 160))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"model": "nonsense"}, "There is no model 'nonsense'"),
        ({"picture": "http://127.0.0.1:9/x.png"}, "Only uploaded pictures are read"),
        ({"picture": PIKACHU}, "Invalid file data format"),  # Gradio's own sentence
    ],
)
def test_a_mistake_is_one_sentence(ask, changed, words):
    result = ask("call_tool", "predict", {"picture": PICTURE, "model": "convmixer", **changed})
    assert result.isError
    assert result.content[0].text.startswith(words)
    assert "\n" not in result.content[0].text


def test_what_is_written_for_a_data_address_is_deleted_like_an_upload():
    with gr.Blocks() as page:
        tools.serve(page)
    given = page.mcp_server_obj.convert_strings_to_filedata({"picture": PICTURE}, [["picture"]])
    path = given["picture"]["path"]
    assert Path(path).read_bytes() == Path(PIKACHU).read_bytes()
    assert path in page.upload_file_set
    Path(path).unlink()


def test_without_its_package_the_server_says_what_to_install(checkpoints, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['mcp'] = None\n")
    done = subprocess.run(
        [sys.executable, APP],
        env={
            **os.environ,
            "POKECLF_MCP": "1",
            "POKECLF_CHECKPOINTS": str(checkpoints),
            "PYTHONPATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr == 'An MCP server needs one more package: pip install "gradio[mcp]".\n'
