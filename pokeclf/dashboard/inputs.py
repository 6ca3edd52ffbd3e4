"""Inputs that hand over what the browser sent, for our own code to check."""

from __future__ import annotations

import math
from abc import ABCMeta
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta
from gradio.data_classes import ImageData
from gradio_client.utils import is_http_url_like

from pokeclf.dashboard import notices, uploads
from pokeclf.errors import PokeclfError


class _Plain(ComponentMeta):
    """Gradio writes a ``.pyi`` file beside every component class; these classes need none."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
        return ABCMeta.__new__(cls, name, bases, members)


class Picture(gr.Image, metaclass=_Plain):
    """An image whose file is not opened here: only ``imaging.decode`` decodes uploads.

    Gradio's own preprocessing would open it with every decoder that Pillow has.
    """

    is_template = True

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file as it came, None when there is none.

        Gradio checks a path only where the browser says that it is a file, so it is checked here.
        """
        try:
            return uploads.checked(payload.path or "") if payload else None
        except PokeclfError as error:
            raise notices.as_failure(error) from None

    async def async_move_resource_to_block_cache(
        self, url_or_file_path: str | Path | None
    ) -> str | None:
        """What Gradio does with a path; of an address, which it would fetch, nothing is kept."""
        if is_http_url_like(str(url_or_file_path)):
            raise notices.as_failure(PokeclfError("Addresses are not fetched; upload a picture."))
        return await super().async_move_resource_to_block_cache(url_or_file_path)


class Options(gr.Radio, metaclass=_Plain):
    """A radio group whose options change with every answer.

    Gradio compares the choice with the options that it remembers for the session, and shows a
    message for programmers when it has forgotten them, for example after a restart.
    """

    is_template = True

    def preprocess(self, payload: str | None) -> str | None:
        """The chosen value as it came."""
        return payload


class Menu(gr.Dropdown, metaclass=_Plain):
    """A drop-down list whose options may change while the page is open; see :class:`Options`."""

    is_template = True

    def preprocess(self, payload: str | list[str] | None) -> str | list[str] | None:
        """The chosen value, or values, as they came."""
        return payload


class Boxes(gr.CheckboxGroup, metaclass=_Plain):
    """Boxes to tick whose options may change while the page is open; see :class:`Options`."""

    is_template = True

    def preprocess(self, payload: list[str]) -> list[str]:
        """The ticked values as they came."""
        return payload


class Dial(gr.Slider, metaclass=_Plain):
    """A slider whose number field may hold anything that a person types."""

    is_template = True

    def preprocess(self, payload: Any) -> float:  # noqa: ANN401 - whatever a program sends
        """The nearest number within the bounds; the first value for anything but a number."""
        number = isinstance(payload, int | float) and not math.isnan(payload)
        return min(max(payload if number else self.value, self.minimum), self.maximum)
