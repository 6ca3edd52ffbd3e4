"""What people and programs read when something goes wrong: one sentence, never a traceback."""

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
    return html.escape(_plain(error), quote=False)


def _plain(error: Exception) -> str:
    if isinstance(error, PokeclfError):
        return str(error)
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
    """The exception by which a program that called gets the sentence, as plain text."""
    return gr.Error(_plain(error), print_exception=False)


def for_programs(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose errors reach the program that called it as a sentence."""

    @functools.wraps(handler)
    def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the handler takes and gives
        try:
            return handler(*arguments)
        except Exception as error:  # A program must get a sentence, whatever happened.
            raise as_failure(error) from None

    return call
