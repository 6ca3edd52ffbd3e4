"""Files that visitors and programs name: uploads to this server and nothing else.

Gradio would also download what an address names. It keeps every upload in a folder that is named
after its contents, so whoever knows the path has the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.state_holder import SessionState
from gradio.utils import get_upload_folder

from pokeclf.dashboard import notices
from pokeclf.errors import PokeclfError

_ROUTE = "/gradio_api/file="
"""Gradio's route to a file; what follows it in an upload's address is the path."""


def path_of(file: object) -> str:
    """Where an upload lies.

    Parameters
    ----------
    file : what Gradio's clients send of a file: its path, or its address on this server.

    Raises
    ------
    PokeclfError
        For anything but an upload.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not path:
        raise PokeclfError("Give a picture that was uploaded.")
    if path.startswith(("http://", "https://")):
        path = unquote(path.partition(_ROUTE)[2])
    if "\0" in path or not Path(os.path.realpath(path)).is_relative_to(_folder()):
        raise PokeclfError("Only uploaded pictures are read, no other files and no addresses.")
    return path


def _folder() -> str:
    return os.path.realpath(get_upload_folder())


def uploads_only(sent: Any) -> Any:  # noqa: ANN401 - whatever a program sends
    """The same with the path of each file in it; raises PokeclfError as :func:`path_of` does."""
    if isinstance(sent, list):
        return [uploads_only(each) for each in sent]
    if isinstance(sent, dict):
        if "path" in sent:
            return {**sent, "path": path_of(sent)}
        return {key: uploads_only(value) for key, value in sent.items()}
    return sent


class Blocks(gr.Blocks):
    """Gradio's, which refuse in a sentence what Gradio would refuse with a traceback."""

    async def preprocess_data(
        self,
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,
    ) -> list[Any]:
        """Gradio's, after a look at the files among the inputs and at their number."""
        try:
            if len(inputs) < len(block_fn.inputs):
                raise PokeclfError(f"This takes {len(block_fn.inputs)} inputs, not {len(inputs)}.")
            checked = uploads_only(inputs)
        except PokeclfError as error:
            raise notices.as_failure(error) from None
        return await super().preprocess_data(block_fn, checked, state, explicit_call)
