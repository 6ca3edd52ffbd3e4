"""``python -m benchmarks.compare``: all trained models on one picture against their bare passes.

The Compare tab's work, guesses and maps together, on a warm server; beside it the sum of the
models' forward passes alone, of which models that share a network make the same one several times.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from benchmarks.gradcam import milliseconds
from benchmarks.recording import record
from pokeclf import commandline, explain, hub, imaging, study
from pokeclf.classifier import Classifier
from pokeclf.dashboard.seen import Observations
from pokeclf.drawings import FOLDER
from pokeclf.modelstore import ModelStore
from pokeclf.promises import COMPARISON

ROUNDS = 9


def measure() -> int:
    """Print both medians, their ratio, and the part of the maps; returns the exit code."""
    torch.set_num_threads(1)  # as the server does, which answers two at a time
    store = ModelStore(hub.BUNDLED)
    models = [status.model.id for status in store.statuses() if status.card]
    classifiers = {model: store.get(model) for model in models}
    image = imaging.decode(FOLDER / "pikachu.png")
    inputs = {
        model: each.card.preprocessing.tensor(image)[None] for model, each in classifiers.items()
    }
    bare, guesses, maps = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS + 1):
            bare.append(
                sum(
                    milliseconds(partial(_forward, classifiers[model], inputs[model]))
                    for model in models
                )
            )
            path = _fresh_copy(image, Path(folder), number)
            observations = Observations(store)
            start = time.perf_counter()
            for model in models:
                observations.get(path, model)
            middle = time.perf_counter()
            for model in models:
                seen = observations.get(path, model)
                explain.explain(seen.classifier, seen.observation)
            guesses.append(1000 * (middle - start))
            maps.append(1000 * (time.perf_counter() - middle))
    passes, seeing, explaining = (statistics.median(times[1:]) for times in (bare, guesses, maps))
    ratio = (seeing + explaining) / passes
    print(
        f"{len(models)} models: bare passes {passes:.0f} ms; guesses {seeing:.0f} ms and maps "
        f"{explaining:.0f} ms: {COMPARISON.target.verdict(ratio)}"
    )
    full = len(models) == len(study.STUDY)
    record({COMPARISON: ratio}, (each.card for each in classifiers.values()), at_full_length=full)
    return 0


@torch.inference_mode()
def _forward(classifier: Classifier, inputs: torch.Tensor) -> torch.Tensor:
    return classifier.logits(inputs)


def _fresh_copy(image: Image.Image, folder: Path, number: int) -> str:
    path = folder / f"{number}.png"
    image.save(path)
    return str(path)


if __name__ == "__main__":
    sys.exit(commandline.run(measure))
