"""What the commands on finished checkpoints have in common: their options, and the workshop."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from pokeclf import commandline, hub
from train.workshop import Workshop, finished_workshop, trained_models


def parser(command: str, description: str | None) -> commandline.Parser:
    """The options of ``python -m train <command>``: the images, the checkpoints, and caches."""
    parser = commandline.Parser(prog=f"python -m train {command}", description=description)
    parser.add_argument("--data", required=True, help="folder of class folders")
    parser.add_argument("--out", type=Path, default=hub.BUNDLED, help="folder of checkpoints")
    parser.add_argument("--work", type=Path, default=Path("runs"), help="caches")
    return parser


def models_parser(command: str, description: str | None) -> commandline.Parser:
    """The same for a command on models."""
    with_models = parser(command, description)
    with_models.add_argument(
        "models", nargs="+", metavar="MODEL", help="ids, or: all that are trained"
    )
    return with_models


def on_models(options: argparse.Namespace, work: Callable[[Sequence[str], Workshop], int]) -> int:
    """Do some work on the named models; returns the exit code."""

    def run() -> int:
        names = trained_models(options.models, options.out)
        return work(names, finished_workshop(options.data, options.out, options.work))

    return commandline.run(run)
