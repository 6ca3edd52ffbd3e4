"""What a handler changes on the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

Updates = dict[gr.blocks.Block, Any]
"""New values, or what ``gr.update`` gives, by component."""
