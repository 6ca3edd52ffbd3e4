"""A map to take along: as a picture with a caption, and as numbers."""

from __future__ import annotations

import base64
import io
from html import escape

import gradio as gr
import numpy as np

from pokeclf.dashboard import notices
from pokeclf.dashboard.answer import Answer
from pokeclf.errors import PokeclfError
from pokeclf.explain.caption import caption
from pokeclf.explain.overlay import Paint, captioned, overlay


class Keep:
    """A button, and two links that appear when it is pressed.

    The files stand in the links themselves: nothing stays behind on the server.
    """

    def __init__(self) -> None:
        self.button = gr.Button("Save this map", size="sm", elem_id="keep")
        self.links = gr.HTML(elem_id="keep-links")

    def listen(self, shown: gr.State) -> None:
        """Connect the button; ``shown`` holds the answer on the page."""
        self.button.click(self.keep, shown, self.links, api_visibility="private")

    def keep(self, shown: Answer | None) -> str:
        """Links to both files, as HTML."""
        try:
            if shown is None:
                raise PokeclfError("There is no map to save yet.")
            stem = "-".join((shown.card.model, shown.explanation.method, shown.explanation.species))
            picture = file_link(
                f"{stem}.png", "image/png", _png(shown), "Picture with caption (PNG)"
            )
            numbers = file_link(
                f"{stem}.npy", "application/octet-stream", _npy(shown), "Numbers for NumPy (NPY)"
            )
            return f"<p>{picture} · {numbers}</p>"
        except Exception as error:  # A person must see a sentence, whatever happened.
            notices.notify(error)
            return ""


def _png(shown: Answer) -> bytes:
    paint = shown.paint or Paint()
    picture = overlay(shown.crop, shown.explanation.heatmap, paint)
    lines = caption(shown.explanation, shown.card, shown.probability, paint.threshold)
    buffer = io.BytesIO()
    captioned(picture, lines).save(buffer, "PNG")
    return buffer.getvalue()


def _npy(shown: Answer) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, shown.explanation.heatmap, allow_pickle=False)
    return buffer.getvalue()


def file_link(name: str, kind: str, data: bytes, text: str) -> str:
    """A link that holds a file, as HTML."""
    encoded = base64.b64encode(data).decode()
    return f'<a download="{escape(name)}" href="data:{kind};base64,{encoded}">{escape(text)}</a>'
