"""The endpoints as tools of a server for the Model Context Protocol, which assistants speak."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.mcp import GradioMCPServer
from gradio_client.utils import is_file_obj_with_meta, traverse

from pokeclf.errors import PokeclfError


class _Server(GradioMCPServer):
    """Gradio's, but what an endpoint gives becomes JSON and pictures.

    Gradio's own answers are in Python's notation, and all in one text when there are several.
    """

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list) -> Any:  # noqa: ANN401
        """What a call gives; the files that data: addresses become are deleted like uploads."""
        given = super().convert_strings_to_filedata(value, filedata_positions)
        traverse(given, self._note, is_file_obj_with_meta)
        return given

    def _note(self, file: dict[str, Any]) -> None:
        self.blocks.upload_file_set.add(file["path"])

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:  # noqa: ANN401
        """The content of an answer, from what one endpoint gave."""
        given = data[0] if isinstance(data[0], list | tuple) else data
        told = [each if is_file_obj_with_meta(each) else json.dumps(each) for each in given]
        return super().postprocess_output_data(told, root_url)


def serve(page: gr.Blocks) -> Callable[[Any], Any]:
    """Let a page serve its endpoints as tools; to be called before it is launched.

    Returns
    -------
    What has to be running as long as the server, for ``lifespan`` of its application.

    Raises
    ------
    PokeclfError
        When the package ``mcp`` is missing or none that Gradio can use.
    """
    # The last of what Gradio takes from that package, if it can.
    if not hasattr(GradioMCPServer, "StreamableHTTPSessionManager"):
        raise PokeclfError('An MCP server needs one more package: pip install "gradio[mcp]".')
    page.mcp_server_obj = _Server(page)
    page.mcp_server = True
    return page.mcp_server_obj.lifespan
