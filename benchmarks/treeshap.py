"""``python -m benchmarks.treeshap``: a tree ensemble's map against its backbone's forward pass.

Both run on the same picture, in turns: TreeSHAP with the way back to the picture, and the pass
through the network that the trees read.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial

import torch
from torch import Tensor

from benchmarks.gradcam import milliseconds
from benchmarks.recording import record
from pokeclf import commandline, explain, hub, imaging, study
from pokeclf.classifier import Classifier
from pokeclf.drawings import FOLDER
from pokeclf.modelstore import ModelStore
from pokeclf.promises import TREE_MAP

ROUNDS = 15


@torch.no_grad()
def _forward(classifier: Classifier, inputs: Tensor) -> Tensor:
    return classifier.network.forward_trunk(inputs)


def measure() -> int:
    """Print, per ensemble, both medians and their ratio; returns the exit code."""
    image = imaging.decode(FOLDER / "pikachu.png")
    store = ModelStore(hub.BUNDLED)
    torch.set_num_threads(2)
    trees = [model for model in study.STUDY if model.is_tree]
    ratios, cards = {}, []
    for model in trees:
        if store.status(model.id).card is None:
            continue
        classifier = store.get(model.id)
        observation = classifier.observe(image)
        explain.explain(classifier, observation)  # the first one looks up every node's ancestry
        pairs = [
            (
                milliseconds(partial(_forward, classifier, observation.inputs)),
                milliseconds(partial(explain.explain, classifier, observation, method="shap")),
            )
            for _ in range(ROUNDS)
        ]
        backbone, own = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratios[model.id] = own / backbone
        cards += [classifier.card, store.status(model.features_from).card]
        print(
            f"{model.id:20} backbone {backbone:6.1f} ms, map {own:6.1f} ms: "
            f"{TREE_MAP.target.verdict(own / backbone)}",
            flush=True,
        )
    full = len(ratios) == len(trees)
    record({TREE_MAP: max(ratios.values())}, cards, at_full_length=full)
    return 0


if __name__ == "__main__":
    sys.exit(commandline.run(measure))
