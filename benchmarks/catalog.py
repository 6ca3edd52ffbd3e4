"""``python -m benchmarks.catalog``: a folder of pictures against the bare model, and its memory.

The pictures are the project's own drawings, mirrored and turned, as JPEGs of 240 pixels like those
that the models were trained on. In turns, a batch of inputs that lie ready goes through the model
and as many files through the catalogue.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from tqdm import tqdm

from benchmarks.growth import resident
from pokeclf import catalog, commandline, hub, imaging
from pokeclf.classifier import Classifier, ModelStore
from pokeclf.drawings import drawings_of

TARGET = 0.9
SIDE = 240
ROUND = 10
"""Batches in a turn."""
GROWTH_MB = 50


def main(arguments: list[str] | None = None) -> int:
    """Print the throughput of both and their ratio, and how memory grew."""
    parser = commandline.Parser(prog="python -m benchmarks.catalog", description=__doc__)
    parser.add_argument("--model", default="resnet18_finetuned", metavar="ID")
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    torch.set_num_threads(2)
    classifier = ModelStore(hub.BUNDLED).get(options.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder, options.files)
        _run(classifier, folder, options.files)
    return 0


def _run(classifier: Classifier, folder: Path, count: int) -> None:
    size = classifier.card.preprocessing.size
    ready = torch.rand(catalog.BATCH, 3, size, size)
    table = catalog.Table(folder / "table.csv")
    files = ((path.name, path) for path in catalog.pictures_in(folder))
    found = catalog.rows(classifier, files, 0.9)
    written = table.append(tqdm(found, total=count, unit=" pictures", mininterval=5))
    ratios, memory = [], []
    while True:
        start = time.perf_counter()
        for _ in range(ROUND):
            classifier.logits(ready)
        middle = time.perf_counter()
        rows = sum(1 for _ in islice(written, ROUND * catalog.BATCH))
        end = time.perf_counter()
        if rows < ROUND * catalog.BATCH:
            break
        ratios.append((middle - start) / (end - middle))
        memory.append(resident())
    ratios, memory = ratios[1:], memory[1:]  # the first turn reads ahead
    ratio, growth = statistics.median(ratios), memory[-1] - memory[0]
    bare = ROUND * catalog.BATCH / (middle - start)
    print(
        f"{classifier.card.model}: bare {bare:.1f} images/s, the catalogue {ratio:.2f} times that "
        f"(target {TARGET}: {'reached' if ratio >= TARGET else 'missed'}); {table.rows:,} files, "
        f"memory {memory[0]:.0f} MB after the first turns, {memory[-1]:.0f} MB at the end "
        f"(growth under {GROWTH_MB} MB: {'reached' if growth < GROWTH_MB else 'missed'})"
    )


def write_pictures(folder: Path, count: int) -> None:
    """JPEGs of the drawings, no two neighbours alike."""
    drawings = [imaging.decode(path).resize((SIDE, SIDE)) for path in drawings_of()]
    turns = [None, *Image.Transpose]
    encoded = []
    for turn in turns:
        for drawing in drawings:
            path = folder / "picture.jpg"
            (drawing if turn is None else drawing.transpose(turn)).save(path, quality=90)
            encoded.append(path.read_bytes())
            path.unlink()
    for number in range(count):
        place = folder / f"{number // 1000:03}"
        place.mkdir(exist_ok=True)
        (place / f"{number:06}.jpg").write_bytes(encoded[number % len(encoded)])


if __name__ == "__main__":
    raise SystemExit(main())
