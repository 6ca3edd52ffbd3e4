"""``python -m benchmarks.treeshap``: a tree ensemble's map against its backbone's forward pass.

Both run on the same picture, in turns: TreeSHAP with the way back to the picture, and the pass
through the network that the trees read.
"""

from __future__ import annotations

import statistics
from functools import partial

import torch
from torch import Tensor

from benchmarks.gradcam import milliseconds
from pokeclf import explain, hub, imaging, study
from pokeclf.classifier import Classifier, ModelStore
from pokeclf.drawings import FOLDER

ROUNDS = 15
TARGET = 5.0


@torch.no_grad()
def _forward(classifier: Classifier, inputs: Tensor) -> Tensor:
    return classifier.network.forward_trunk(inputs)


def main() -> None:
    """Print, per ensemble, both medians and their ratio."""
    image = imaging.decode(FOLDER / "pikachu.png")
    store = ModelStore(hub.BUNDLED)
    torch.set_num_threads(2)
    for model in study.STUDY:
        if not model.is_tree or store.status(model.id).card is None:
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
        verdict = "reached" if own <= TARGET * backbone else "missed"
        print(
            f"{model.id:20} backbone {backbone:6.1f} ms, map {own:6.1f} ms: {own / backbone:4.2f} "
            f"times (target at most {TARGET}: {verdict})"
        )


if __name__ == "__main__":
    main()
