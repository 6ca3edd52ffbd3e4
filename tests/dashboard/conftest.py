"""A folder of small random checkpoints, and the handlers of the Identify tab on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported.

from pokeclf.classifier import ModelStore
from tests.tiny_checkpoints import write_random_checkpoint

ROOT = Path(__file__).parents[2]
DRAWINGS = ROOT / "examples"


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


@pytest.fixture
def identify(store):
    """The tab, built but not served."""
    import gradio as gr

    from pokeclf.dashboard.identify import Identify

    with gr.Blocks():
        return Identify(store, DRAWINGS, workers=1)
