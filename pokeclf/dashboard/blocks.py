"""Gradio's blocks, which look at the files that are named before anything is done with them."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.state_holder import SessionState

from pokeclf.dashboard import notices, uploads
from pokeclf.errors import PokeclfError


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
            checked = uploads.uploads_only(inputs)
        except PokeclfError as error:
            raise notices.as_failure(error) from None
        return await super().preprocess_data(block_fn, checked, state, explicit_call)
