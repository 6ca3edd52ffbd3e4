"""A folder of small random checkpoints, and the handlers of the Identify tab on it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported.

import gradio as gr

from pokeclf import hub
from pokeclf.dashboard.compare import Compare
from pokeclf.dashboard.identify import Identify
from pokeclf.dashboard.seen import Observations
from pokeclf.dashboard.waiting import Latest
from pokeclf.markup import NBSP
from pokeclf.modelstore import ModelStore
from tests.serving import serving
from tests.tiny_checkpoints import write_random_checkpoint

ROOT = Path(__file__).parents[2]
DRAWINGS = ROOT / "examples"
PIKACHU = str(DRAWINGS / "pikachu.png")
EEVEE = str(DRAWINGS / "eevee.png")


def plain(text):
    """Without the spaces that keep figures and units together."""
    return text.replace(NBSP, " ")


def captions(html):
    """What stands below the pictures of a piece of a page."""
    return re.findall("<figcaption>([^<]+)", html)


@pytest.fixture(scope="module")
def bundled_observations():
    return Observations(ModelStore(hub.BUNDLED))


@pytest.fixture(scope="module")
def compare(bundled_observations):
    """The handlers of the Compare tab on the bundled models."""
    with gr.Blocks():
        return Compare(bundled_observations, DRAWINGS, workers=1)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Two models that answer, one with a damaged card, one with damaged weights."""
    root = tmp_path_factory.mktemp("checkpoints")
    write_random_checkpoint(root, "convmixer", seed=1, accuracy=0.7)
    write_random_checkpoint(root, "vit_frozen", seed=2, accuracy=0.8)
    (root / "basic_cnn").mkdir()
    (root / "basic_cnn" / "card.json").write_text("{")
    damaged = write_random_checkpoint(root, "resnet18_scratch", accuracy=0.6)
    weights = bytearray((damaged / "weights.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1  # of the right size, so that only loading can tell
    (damaged / "weights.safetensors").write_bytes(weights)
    return root


@pytest.fixture(scope="session")
def store(checkpoints):
    return ModelStore(checkpoints)


@pytest.fixture(scope="session")
def served(tmp_path_factory, checkpoints):
    """The address of the real ``app.py`` on these models, with its tools for assistants."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with serving(elsewhere, checkpoints, POKECLF_MCP="1") as server:
        yield server.address


@pytest.fixture
def identify(store):
    """The tab, built but not served."""
    with gr.Blocks():
        return Identify(Observations(store), DRAWINGS, workers=1)


@pytest.fixture
def warnings(monkeypatch):
    """The sentences that were shown as notices."""
    shown = []
    monkeypatch.setattr(gr, "Warning", lambda message, **_: shown.append(message))
    return shown


@pytest.fixture
def look(identify):
    """``look`` with everything at its default; the result's keys are names of components."""
    parts = {
        **{f"beside {name}": part for name, part in vars(identify.beside).items()},
        **vars(identify.settings),
        **vars(identify.waiting),
        **{f"check {number}": part for number, part in enumerate(identify.check.outputs)},
        "verified": identify.check.result,
        "links": identify.keep.links,
        **vars(identify),
    }
    names = {
        component: name
        for name, component in parts.items()
        if isinstance(component, gr.blocks.Block)
    }

    def call(
        path=PIKACHU, model="convmixer", count=5, species=None, method=None, shown=None,
        settings=(None, None, "mean", "all", 0), strength=60, threshold=0,
        latest=None, longer=True,
    ):  # fmt: skip
        latest = latest or Latest()
        updates = identify.look(
            path, model, count, species, method, strength, threshold, shown, latest, *settings
        )
        if longer and (wish := updates.get(identify.waiting.wish)):
            updates = identify.look_longer(wish, shown, latest, lambda *_, **__: None)
        if longer:
            updates.pop(identify.waiting.stop, None)
        return {names[component]: value for component, value in updates.items()}

    return call
