"""``python -m benchmarks.growth [MODEL…]``: does memory grow with the number of explanations?

Each trained model draws a thousand maps, all of its fast methods of one picture after the other,
after it has warmed up; what the process holds then is compared with what it held before.
"""

from __future__ import annotations

import argparse
import resource
import sys
from functools import partial
from itertools import cycle
from pathlib import Path

import torch

from benchmarks.recording import record
from pokeclf import commandline, explain, hub, imaging, study
from pokeclf.drawings import drawings_of
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.promises import GROWTH
from train.workshop import trained_models

EXPLANATIONS = 1000
WARM_UP = 100


def resident(process: int | str = "self") -> float:
    """Megabytes of memory that a process, this one if none is named, holds; Linux tells it."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        raise PokeclfError("Memory is read from /proc, which this system has not.") from None
    return pages * resource.getpagesize() / 2**20


def growth(store: ModelStore, model: str) -> tuple[float, float]:
    """Megabytes held after the warm-up, and megabytes more after all explanations."""
    classifier = store.get(model)
    pictures = [imaging.decode(path) for path in drawings_of()]
    methods = [method.id for method in explain.methods_of(classifier) if not method.slow]

    def explain_times(times: int) -> None:
        for start, picture in zip(range(0, times, len(methods)), cycle(pictures)):
            observation = classifier.observe(picture)
            for method in methods[: times - start]:
                explain.explain(classifier, observation, method=method)

    explain_times(WARM_UP)
    before = resident()
    explain_times(EXPLANATIONS)
    return before, resident() - before


def measure(names: list[str]) -> int:
    """Print a line for each model; returns 1 when memory grew, otherwise 0."""
    grown, cards = [], []
    for model in trained_models(names, hub.BUNDLED):
        # A store of its own: no model is dropped and loaded again meanwhile.
        store = ModelStore(hub.BUNDLED)
        before, more = growth(store, model)
        grown.append(more)
        cards.append(store.status(model).card)
        print(f"{model:20} {before:6.0f} MB warm, {more:+6.1f} MB after {EXPLANATIONS:,} more")
    most = max(grown)
    print(f"Most: {GROWTH.target.verdict(most)}.")
    full = len(grown) == len(study.STUDY)
    record({GROWTH: most}, cards, at_full_length=full)
    return int(not GROWTH.target.reached(most))


def main() -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("models", nargs="*", default=["all"], metavar="MODEL")
    options = parser.parse_args()
    torch.set_num_threads(1)
    return commandline.run(partial(measure, options.models))


if __name__ == "__main__":
    sys.exit(main())
