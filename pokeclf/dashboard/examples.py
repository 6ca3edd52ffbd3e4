"""The project's own drawings as a strip of thumbnails to choose from."""

from __future__ import annotations

import base64
import filecmp
import io
from pathlib import Path

import gradio as gr

from pokeclf.imaging import decode
from pokeclf.species import of

SIDE = 112
"""Longest side of a thumbnail in pixels: twice its size on the page, for sharp screens."""


def strip(paths: list[Path], elem_id: str) -> gr.Dataset:
    """Thumbnails as buttons; a click gives the drawing's place in ``paths``."""
    return gr.Dataset(
        components=[gr.HTML(visible=False)],
        samples=[[_thumbnail(path)] for path in paths],
        samples_per_page=max(1, len(paths)),
        type="index",
        label="Or start with a drawing",
        elem_id=elem_id,
        elem_classes="examples",
    )


def find(paths: list[Path], name: str) -> Path:
    """The drawing of that name; raises StopIteration when there is none."""
    return next(path for path in paths if path.stem == name)


def name_of(paths: list[Path], upload: str) -> str | None:
    """The name of the drawing that a file is a copy of, None when it is none of them, or gone."""
    try:
        return next((path.stem for path in paths if filecmp.cmp(path, upload, shallow=False)), None)
    except FileNotFoundError:
        return None


def _thumbnail(path: Path) -> str:
    image = decode(path)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80)
    data = base64.b64encode(file.getvalue()).decode()
    title = title_of(path.stem)
    return f'<img src="data:image/webp;base64,{data}" alt="{title}" title="{title}">'


def title_of(stem: str) -> str:
    """What a drawing is called, from its file's name without ending."""
    slug = stem.removeprefix("card-")
    name = of(slug).name
    return name if slug == stem else f"Trading card with {name}"
