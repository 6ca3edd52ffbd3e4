"""The page: title, tabs, footer and look; and how it is served."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from pokeclf.dashboard import limits, tools, wording
from pokeclf.dashboard.address import (
    COLLECTION,
    COMPARE,
    DATA,
    EXPERIMENTS,
    IDENTIFY,
    Address,
    read,
)
from pokeclf.dashboard.api import EXPLAIN_SLOWLY, Api, asks_for_slow_map
from pokeclf.dashboard.blocks import Blocks
from pokeclf.dashboard.bodies import Bodies, read_uploads
from pokeclf.dashboard.collection import Collection
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.data import Data
from pokeclf.dashboard.experiments import Experiments
from pokeclf.dashboard.headers import Headers
from pokeclf.dashboard.identify import Identify
from pokeclf.dashboard.picker import species
from pokeclf.dashboard.places import PLACES
from pokeclf.dashboard.routes import routes, wrong_calls
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.updates import Updates
from pokeclf.drawings import drawings_of
from pokeclf.imaging import MAX_BYTES
from pokeclf.library import Library
from pokeclf.markup import TABLES_CSS
from pokeclf.modelstore import ModelStore
from pokeclf.pictures import Pictures

HERE = Path(__file__).parent
TITLE = "pokeclf"
HEADER = """
<header><h1>pokeclf</h1>
<p>Which of the first 151 Pokémon is it, and where did the model look?</p></header>"""
FOOTER = """
<footer>For research and teaching only. The characters belong to Nintendo / The Pokémon Company,
which this project has no connection with. Pictures stay on this server; their files are deleted
an hour after they were last used.</footer>"""

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


def build(
    store: ModelStore,
    drawings: Path,
    workers: int,
    images: Path | None = None,
    seconds: float = math.inf,
) -> gr.Blocks:
    """The whole page.

    Parameters
    ----------
    drawings : folder of example pictures.
    workers : number of requests that may use the models at the same time.
    images : folder of the images that the models were trained on; None where it is not at hand.
    seconds : that a request of the models may take.
    """
    library, pictures = Library(store.root), Pictures(store.root, images)
    observations = Observations(store)
    with Blocks(title=TITLE, analytics_enabled=False) as page:
        Api(observations).listen(workers)  # First, or a listener of the page takes a name.
        gr.HTML(HEADER, elem_id="header")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Identify", id=IDENTIFY, elem_id=f"tab-{IDENTIFY}"):
                identify = Identify(observations, drawings, workers)
            with gr.Tab("Compare", id=COMPARE, elem_id=f"tab-{COMPARE}"):
                compare = Compare(observations, drawings, workers)
            with gr.Tab("Collection", id=COLLECTION, elem_id=f"tab-{COLLECTION}"):
                collection = Collection(observations)
            with gr.Tab("Experiments", id=EXPERIMENTS, elem_id=f"tab-{EXPERIMENTS}") as tab:
                experiments = Experiments(library, pictures, observations, drawings, workers)
            with gr.Tab("Data", id=DATA, elem_id=f"tab-{DATA}") as data_tab:
                data = Data(pictures)
        tab.select(
            experiments.refresh, experiments.leaderboard.drawn, experiments.outputs,
            show_progress="minimal", api_visibility="private",
        )  # fmt: skip
        data_tab.select(
            data.refresh, [data.chosen, data.asked], data.outputs, show_progress="minimal",
            api_visibility="private",
        )  # fmt: skip

        def opened(request: gr.Request) -> Updates:
            """The view that the address names."""
            names = [path.stem for path in drawings_of(drawings)]
            asked, unknown = read(request.query_params, names, species(store.statuses()))
            if unknown:
                gr.Warning(wording.unknown_address(unknown))
            # Somebody may have chosen another tab by now.
            chosen = {} if asked.tab == IDENTIFY else {tabs: gr.update(selected=asked.tab)}
            return {
                **chosen,
                **identify.open(asked if asked.tab == IDENTIFY else Address()),
                **compare.open(asked if asked.tab == COMPARE else Address()),
                **collection.open(asked if asked.tab == COLLECTION else Address()),
                **experiments.open(asked if asked.tab == EXPERIMENTS else Address()),
                data.asked: asked if asked.tab == DATA else Address(),
            }

        page.load(
            opened, None,
            [
                tabs, *identify.opened, *compare.opened, *collection.opened, *experiments.opened,
                data.asked,
            ],
            show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        gr.HTML(FOOTER, elem_id="footer")
    page.part("explain", EXPLAIN_SLOWLY, asks_for_slow_map)
    limits.apply(page, seconds)
    return page


def _head() -> str:
    """Tells ``page.js`` of Gradio's module that draws charts, by its place below the page.

    Gradio names it with a hash; under another name it is loaded with the first chart, as usual.
    """
    assets = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    names = [escape(path.name) for path in assets.glob("PlotlyPlot-*.js")]
    return "".join(f'<meta name="charts" content="assets/{name}">' for name in names)


def launch(page: gr.Blocks, store: ModelStore, drawings: Path, mcp: bool = False) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    mcp : whether programs may also call the endpoints as tools of an MCP server.

    Raises
    ------
    PokeclfError
        When that is asked for and its package is not installed.
    """
    read_uploads()
    lifespan = {"lifespan": tools.serve(page)} if mcp else {}
    # Without api_open=False, a program could pass the queue by.
    page.queue(max_size=PLACES, api_open=False).launch(
        theme=THEME,
        css_paths=[TABLES_CSS, HERE / "style.css"],
        js=(HERE / "page.js").read_text(encoding="utf-8"),
        head=_head(),
        footer_links=["settings"],
        allowed_paths=[str(drawings)],
        max_file_size=4 * MAX_BYTES,  # Up to there, our own sentence says what is too large.
        state_session_capacity=VISITORS,
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        share=False,
        mcp_server=False,  # Not another one than ours.
        app_kwargs={
            "routes": routes(store),
            "exception_handlers": wrong_calls(),
            "middleware": [Middleware(Headers), Middleware(Bodies)],
            **lifespan,
        },
    )
