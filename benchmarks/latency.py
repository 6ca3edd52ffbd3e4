"""``python -m benchmarks.latency [--out FILE]``: how long each trained model takes for one image.

One image at a time on a warm model with the threads that the server gives a request: from the
decoded picture to the probabilities, so preprocessing, the network and, if there are any, trees.
In turns with each model runs a baseline that does not change, so that other load on the machine
shows, and figures of two machines can be compared. The page reads what this writes.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
from functools import partial
from pathlib import Path

import timm
import torch
from PIL import Image

from app import WORKERS
from benchmarks.gradcam import milliseconds
from pokeclf import commandline, hub, imaging, latency, study
from pokeclf.drawings import FOLDER
from pokeclf.errors import PokeclfError
from pokeclf.latency import Latency
from pokeclf.modelstore import ModelStore

BASELINE = "a plain ResNet-18 forward pass at 224 px"
WARM_UP = 5


def baseline() -> torch.nn.Module:
    """A ResNet-18 as timm has it; its weights do not matter for its speed."""
    return timm.create_model("resnet18", pretrained=False).eval()


@torch.inference_mode()
def _pass(network: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    return network(inputs)


def cpu() -> str:
    """Name of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def measure(store: ModelStore, model: str, image: Image.Image, rounds: int) -> Latency:
    """Medians of a model and of the baseline, in turns."""
    classifier, network = store.get(model), baseline()
    inputs = torch.rand(1, 3, 224, 224)
    pairs = []
    for _ in range(WARM_UP + rounds):
        plain = milliseconds(partial(_pass, network, inputs))
        pairs.append((milliseconds(partial(classifier.observe, image)), plain))
    own, plain = (statistics.median(times) for times in zip(*pairs[WARM_UP:], strict=True))
    return Latency(
        model=model,
        milliseconds=round(own, 2),
        baseline=BASELINE,
        baseline_milliseconds=round(plain, 2),
        rounds=rounds,
        threads=torch.get_num_threads(),
        cpu=cpu(),
        date=datetime.date.today().isoformat(),
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; returns the exit code."""
    parser = commandline.Parser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all that are trained")
    parser.add_argument("--out", type=commandline.path, default=hub.BUNDLED / latency.FILE)
    parser.add_argument("--rounds", type=int, default=50, help="measurements a model")
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _write(options))


def _write(options: argparse.Namespace) -> int:
    if options.rounds < 1:
        raise PokeclfError("--rounds takes a number of measurements of at least 1.")
    store = ModelStore(hub.BUNDLED)
    models = [study.find(name).id for name in options.models]
    models = models or [each.model.id for each in store.statuses() if each.card]
    if not models:
        raise PokeclfError("No model is trained yet, so there is nothing to measure.")
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // WORKERS))
    image = imaging.decode(FOLDER / "pikachu.png")
    rows = []
    for model in models:
        row = measure(store, model, image, options.rounds)
        rows.append(row)
        print(
            f"{model:20} {row.milliseconds:7.1f} ms; {BASELINE} {row.baseline_milliseconds:6.1f} "
            f"ms: {row.milliseconds / row.baseline_milliseconds:5.2f} times",
            flush=True,
        )
    latency.write(options.out, rows)
    print(f"Written to {commandline.printable(options.out)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
