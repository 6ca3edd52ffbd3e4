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
from benchmarks.recording import record
from pokeclf import catalog, commandline, hub, imaging
from pokeclf.catalogtable import Table
from pokeclf.classifier import Classifier
from pokeclf.drawings import drawings_of
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.promises import CATALOG, CATALOG_GROWTH

MODEL, FILES = "resnet18_finetuned", 10_000
"""What the promise is about."""
SIDE = 240
ROUND = 10
"""Batches in a turn."""


def main(arguments: list[str] | None = None) -> int:
    """Print the throughput of both and their ratio, and how memory grew."""
    parser = commandline.Parser(prog="python -m benchmarks.catalog", description=__doc__)
    parser.add_argument("--model", default=MODEL, metavar="ID")
    parser.add_argument("--files", type=int, default=FILES)
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    least = 3 * ROUND * catalog.BATCH
    if options.files < least:
        raise PokeclfError(f"--files takes a number of at least {least}.")
    torch.set_num_threads(2)
    classifier = ModelStore(hub.BUNDLED).get(options.model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder, options.files)
        ratio, growth = _run(classifier, folder, options.files)
    full = options.model == MODEL and options.files >= FILES
    record({CATALOG: ratio, CATALOG_GROWTH: growth}, [classifier.card], at_full_length=full)
    return 0


def _run(classifier: Classifier, folder: Path, count: int) -> tuple[float, float]:
    """Print both; returns the catalogue's share of the bare throughput, and megabytes more."""
    size = classifier.card.preprocessing.size
    ready = torch.rand(catalog.BATCH, 3, size, size)
    table = Table(folder / "table.csv")
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
        f"{classifier.card.model}: bare {bare:.1f} images/s, the catalogue "
        f"{CATALOG.target.verdict(ratio)}; {table.rows:,} files, memory {memory[0]:.0f} MB after "
        f"the first turns, at the end {CATALOG_GROWTH.target.verdict(growth)}"
    )
    return ratio, growth


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
