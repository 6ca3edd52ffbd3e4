"""What people read when something goes wrong: one sentence, never a traceback."""

from __future__ import annotations

import functools
import html
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from pokeclf.errors import PokeclfError

GENERIC = "This should not have happened; the server has noted it. Please try once more."
SECONDS = 12

logger = logging.getLogger(__name__)


def sentence(error: Exception) -> str:
    """The sentence to show for an error, safe as HTML; a defect of ours is logged in full."""
    if isinstance(error, PokeclfError):
        return html.escape(str(error), quote=False)
    logger.error("unexpected error in the dashboard", exc_info=error)
    return GENERIC


def notify(error: Exception) -> None:
    """Show an error as a notice; the page stays as it is."""
    gr.Warning(sentence(error), duration=SECONDS)


def guarded(handler: Callable[..., Any], outputs: int) -> Callable[..., Any]:
    """A handler whose errors are notices, after which its outputs stay as they are.

    Parameters
    ----------
    outputs : how many components the handler changes.
    """

    @functools.wraps(handler)
    def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the handler takes and gives
        try:
            return handler(*arguments)
        except Exception as error:  # A person must see a sentence, whatever happened.
            notify(error)
            return gr.skip() if outputs == 1 else (gr.skip(),) * outputs

    return call


def as_failure(error: Exception) -> gr.Error:
    """The exception to raise for an error where a program called and not a person."""
    return gr.Error(sentence(error), print_exception=False)
