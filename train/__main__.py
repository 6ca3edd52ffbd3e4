"""``python -m train MODEL…``: train models of the study and write their checkpoints.

``python -m train report`` writes down their results, ``python -m train verify MODEL… --data DIR``
measures them again, ``python -m train data --data DIR`` describes the data set,
``python -m train embed MODEL… --data DIR`` arranges the test images by a model's features,
``python -m train faithfulness MODEL… --data DIR`` examines its maps,
``python -m train novelty MODEL… --data DIR --others DIR`` tells pictures of something else,
``python -m train cardfinder --data DIR --backgrounds DIR`` learns to find trading cards,
``python -m train cards MODEL… --data DIR --backgrounds DIR`` measures how they are recognised, and
``python -m train diagnose MODEL… --data DIR`` looks for the reason why the study's plain CNNs
hardly learned.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import time
from pathlib import Path

from tqdm import tqdm

from pokeclf import commandline, dataset, heaps, study
from pokeclf.dataset import ImageFolder
from pokeclf.errors import PokeclfError
from pokeclf.files import check_folder_writable
from pokeclf.split import SPLIT_FILE, Split, make_split, read_split, write_split
from pokeclf.study import StudyModel
from train.neural import train_neural
from train.sources import data_folder
from train.trees import train_trees
from train.workshop import BudgetSpent, Workshop

COMMANDS = (
    "report",
    "verify",
    "data",
    "embed",
    "faithfulness",
    "diagnose",
    "cardfinder",
    "cards",
    "novelty",
)
"""Modules of this package that are commands of their own."""
MAX_SEED = 2**32 - 1
"""scikit-learn takes no larger ones."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = commandline.Parser(prog="python -m train", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="ids of models, or: all")
    parser.add_argument(
        "--data", required=True, help="folder of class folders, or kaggle:OWNER/NAME"
    )
    parser.add_argument("--recipe", choices=("tuned", "study"), default="tuned")
    parser.add_argument(
        "--weights", type=Path, help="folder of pretrained weights; downloaded when not given"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("checkpoints"),
        metavar="DIR",
        help="folder of checkpoints; of recipe study and of other seeds than the split's, "
        "results without weights go to its subfolders study and seeds",
    )
    parser.add_argument("--work", type=Path, default=Path("runs"), help="caches, unfinished runs")
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="stop after so long")
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="train networks for so many epochs at most; their cards tell",
    )
    parser.add_argument(
        "--size",
        type=commandline.side,
        metavar="PIXELS",
        help="train networks on pictures of that side instead of their recipes'; their cards tell",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="train even what is up to date")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    command, rest = (arguments or [""])[0], arguments[1:]
    if command in COMMANDS:
        # Imported when asked for: training itself needs fewer libraries than explaining.
        return importlib.import_module(f"train.{command}").main(rest)
    options = parser().parse_args(arguments)
    return commandline.run(lambda: train(options))


def train(options: argparse.Namespace) -> int:
    """Train the named models one after the other."""
    chosen = _in_order(options.models)
    shop = _open_workshop(options)
    for model in chosen:
        if not options.again and shop.is_current(model):
            print(f"{model.id} is up to date.")
            continue
        check_folder_writable(shop.out)
        print(f"{model.id}: {model.summary}, recipe {shop.recipe}")
        try:
            (train_trees if model.is_tree else train_neural)(model, shop)
        except BudgetSpent as pause:
            print(pause)
            return 0
        print(f"{model.id} is written to {shop.out / model.id}.")
    return 0


def _in_order(names: list[str]) -> list[StudyModel]:
    """The named models, those that lend features before those that read them."""
    wanted = {study.find(name).id for name in names if name != "all"}
    if "all" in names:
        wanted = set(study.BY_ID)
    chosen = [model for model in study.STUDY if model.id in wanted]
    return sorted(chosen, key=lambda model: model.is_tree)


def _open_workshop(options: argparse.Namespace) -> Workshop:
    if options.budget is not None and not 0 < options.budget < math.inf:
        raise PokeclfError("--budget takes a number of minutes greater than 0.")
    if options.epochs is not None and options.epochs < 1:
        raise PokeclfError("--epochs takes a number from 1.")
    start = time.monotonic()
    if not 0 <= options.seed <= MAX_SEED:
        raise PokeclfError(f"--seed takes a number from 0 to {MAX_SEED}.")
    root = options.out
    folder = dataset.open_folder(
        data_folder(options.data),
        options.work,
        lambda images, count: tqdm(images, "decoding images", count, unit="image", mininterval=2),
    )
    for path, reason in folder.broken:
        print(commandline.printable(f"Skipped {path}: {reason}"), file=sys.stderr)
    return Workshop(
        folder=folder,
        split=_split(folder, root, options.seed),
        root=root,
        work=options.work,
        weights=options.weights,
        recipe=options.recipe,
        seed=options.seed,
        deadline=None if options.budget is None else start + 60 * options.budget,
        epochs=options.epochs,
        size=options.size,
    )


def _split(folder: ImageFolder, root: Path, seed: int) -> Split:
    """The split beside the checkpoints, which all models share; made when there is none."""
    path = root / SPLIT_FILE
    if not path.exists():
        write_split(make_split(folder, seed), path)
    split = read_split(path)
    split.check(folder, root)
    return split


if __name__ == "__main__":
    heaps.keep()
    sys.exit(main())
