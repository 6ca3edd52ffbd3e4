"""The page: title, tabs, footer and look; and how it is served."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gradio as gr

from pokeclf.classifier import ModelStore
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.data import Data
from pokeclf.dashboard.embedding import Embedding
from pokeclf.dashboard.experiments import Experiments
from pokeclf.dashboard.gallery import Gallery
from pokeclf.dashboard.identify import Identify
from pokeclf.imaging import MAX_BYTES
from pokeclf.library import Library
from pokeclf.pictures import Pictures

HERE = Path(__file__).parent
TITLE = "pokeclf"
HEADER = """
<header><h1>pokeclf</h1>
<p>Which of the first 151 Pokémon is it, and where did the model look?</p></header>"""
FOOTER = """
<footer>For research and teaching only. The characters belong to Nintendo / The Pokémon Company,
which this project has no connection with. Pictures stay on this server; their files are deleted
after a day.</footer>"""

HOUR = 3600
VISITORS = 200
"""Visitors whose last answer is kept, at most 800 kB each."""

# Only fonts that every computer has: a classroom may have no network.
THEME = gr.themes.Default(
    primary_hue=gr.themes.colors.indigo,
    secondary_hue=gr.themes.colors.indigo,
    neutral_hue=gr.themes.colors.slate,
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    # The theme's own greys for secondary text are too pale to read.
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    block_label_text_color="*neutral_600",
    block_label_text_color_dark="*neutral_300",
    block_title_text_color="*neutral_700",
    block_title_text_color_dark="*neutral_200",
)


def build(store: ModelStore, drawings: Path, workers: int, images: Path | None = None) -> gr.Blocks:
    """The whole page.

    Parameters
    ----------
    drawings : folder of example pictures.
    workers : number of requests that may use the models at the same time.
    images : folder of the images that the models were trained on; None where it is not at hand.
    """
    library, pictures = Library(store.root), Pictures(store.root, images)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR)) as page:
        gr.HTML(HEADER, elem_id="header")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Identify", id="identify"):
                identify = Identify(store, drawings, workers)
            with gr.Tab("Compare", id="compare"):
                compare = Compare(identify.observations, drawings, workers)
            with gr.Tab("Experiments", id="experiments") as tab:
                seen = identify.observations
                further = (
                    partial(Gallery, library, pictures, seen, workers),
                    partial(Embedding, library, pictures),
                )
                experiments = Experiments(library, further)
            with gr.Tab("Data", id="data") as data_tab:
                data = Data(pictures)
        tab.select(
            experiments.refresh, experiments.drawn, experiments.outputs, show_progress="minimal",
            api_visibility="private",
        )  # fmt: skip
        data_tab.select(
            data.refresh, data.chosen, data.outputs, show_progress="minimal",
            api_visibility="private",
        )  # fmt: skip
        # Models that were trained since the server started appear with the next visit.
        outputs = [identify.model, identify.summary, identify.table]
        page.load(identify.refresh, None, outputs, show_progress="hidden", api_visibility="private")
        page.load(
            compare.refresh, None, compare.models, show_progress="hidden", api_visibility="private"
        )
        gr.HTML(FOOTER, elem_id="footer")
    return page


def launch(page: gr.Blocks, drawings: Path) -> None:
    """Serve the page until it is interrupted."""
    page.queue(max_size=200).launch(
        theme=THEME,
        css_paths=HERE / "style.css",
        js=(HERE / "page.js").read_text(encoding="utf-8"),
        footer_links=["settings"],
        allowed_paths=[str(drawings)],
        max_file_size=4 * MAX_BYTES,  # Up to there, our own sentence says what is too large.
        state_session_capacity=VISITORS,
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        share=False,
    )
