"""``python -m benchmarks.gradcam``: Grad-CAM with prediction against the library's usual set-up.

Both run on the same model and picture, in turns, so that other load on the machine hits both.
The usual set-up lets pytorch-grad-cam hook the shared model and run it forwards and backwards;
its prediction comes from the same pass, which is the cheapest way to use the library.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from torch import Tensor

from benchmarks.recording import record
from pokeclf import commandline, explain, hub, imaging
from pokeclf.classifier import Classifier
from pokeclf.drawings import FOLDER
from pokeclf.explain.cam import split_grid
from pokeclf.models.vit import ViT
from pokeclf.modelstore import ModelStore
from pokeclf.promises import GRAD_CAM, GRAD_CAM_TARGET

MODELS = ("resnet18_finetuned", "resnet18_frozen", "convmixer", "vit_finetuned", "vit_frozen")
ROUNDS = 30


def usual(classifier: Classifier, image: Image.Image) -> np.ndarray:
    """Predict and explain with pytorch-grad-cam as its documentation shows it."""
    network, preprocessing = classifier.network, classifier.card.preprocessing
    inputs = preprocessing.tensor(image)[None]
    with GradCAM(network, [_last_layer(network)], _reshaping(network, inputs)) as cam:
        heatmap = cam(inputs, None)[0]  # None: the likeliest class
        classifier.probabilities(cam.outputs.detach())
        return heatmap


def ours(classifier: Classifier, image: Image.Image) -> np.ndarray:
    """Predict and explain as the dashboard does."""
    return explain.explain(classifier, classifier.observe(image), method="grad-cam").heatmap


def _last_layer(network: torch.nn.Module) -> torch.nn.Module:
    if isinstance(network, ViT):
        return network.body.blocks[-network.read_blocks - 1]  # the same place as ours
    return network.body.layer4[-1] if hasattr(network, "body") else network.blocks[-1]


def _reshaping(network: torch.nn.Module, inputs: Tensor) -> Callable[[Tensor], Tensor] | None:
    """For transformers the library wants to be told how tokens lie in the picture."""
    if not isinstance(network, ViT):
        return None
    return lambda tokens: split_grid(network, inputs, tokens)[0]


def milliseconds(call: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def compare(classifier: Classifier, image: Image.Image) -> float:
    """Print both medians, their ratio and how well the maps agree; returns the ratio."""
    # Gradients reach the usual set-up's layer only when the weights ask for them; ours do not.
    network = deepcopy(classifier.network).requires_grad_(True)
    hooked = replace(classifier, network=network)
    pairs = []
    for _ in range(ROUNDS + 3):
        first = milliseconds(lambda: usual(hooked, image))
        pairs.append((first, milliseconds(lambda: ours(classifier, image))))
    theirs, own = (statistics.median(times) for times in zip(*pairs[3:], strict=True))
    agreement = np.corrcoef(usual(hooked, image).ravel(), ours(classifier, image).ravel())[0, 1]
    print(
        f"{classifier.card.model:20} usual {theirs:6.1f} ms, ours {own:6.1f} ms, faster "
        f"{GRAD_CAM_TARGET.verdict(theirs / own)}, correlation of the maps {agreement:.5f}",
        flush=True,
    )
    return theirs / own


def measure() -> int:
    """Compare on each model; returns the exit code."""
    image = imaging.decode(FOLDER / "pikachu.png")
    store = ModelStore(hub.BUNDLED)
    torch.set_num_threads(2)
    values, cards = {}, []
    for model in MODELS:
        if store.status(model).card is None:
            print(f"{model:20} has no checkpoint")
            continue
        classifier = store.get(model)
        ratio = compare(classifier, image)
        if model in GRAD_CAM:
            values[GRAD_CAM[model]] = ratio
            cards.append(classifier.card)
    record(values, cards)
    return 0


if __name__ == "__main__":
    sys.exit(commandline.run(measure))
