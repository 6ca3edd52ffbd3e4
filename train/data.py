"""``python -m train data --data DIR``: describe the data set for the dashboard.

Counts, sizes, near-duplicates and hashes of the images that the checkpoints' split names go to
``data.json`` beside the split; no picture does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pokeclf import commandline, dataset, datasummary, imaging
from pokeclf.split import SPLIT_FILE, read_split
from train.finished import parser
from train.sources import data_folder


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser("data", __doc__).parse_args(arguments)
    return commandline.run(lambda: describe(data_folder(options.data), options.out, options.work))


def describe(data: Path, root: Path, work: Path) -> int:
    """Write the summary of a folder of images; returns the exit code.

    Raises
    ------
    PokeclfError
        When there is no split in ``root``, or it belongs to other images.
    """
    split = read_split(root / SPLIT_FILE)
    folder = dataset.open_folder(data, work)
    split.check(folder, root)
    with ThreadPoolExecutor() as pool:
        # The cache holds the images shrunk; what people want to know is the size of the files.
        sizes = list(pool.map(lambda entry: imaging.size(data / entry.path), folder.entries))
    sources = dataset.manifest_column(data, "source")
    summary = datasummary.summarise(folder, split, sizes, sources)
    datasummary.write(root, summary)
    print(
        f"{root / datasummary.FILE} describes {len(folder.entries):,} images of "
        f"{len(folder.classes)} species."
    )
    return 0
