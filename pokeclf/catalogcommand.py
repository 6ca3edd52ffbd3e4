"""``python -m pokeclf catalog``: a folder of pictures as a table of species."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable
from pathlib import Path

from tqdm import tqdm

from pokeclf import catalog, commandline, hub, tradingcards
from pokeclf.catalog import Summary
from pokeclf.catalogtable import Table
from pokeclf.errors import PokeclfError
from pokeclf.modelstore import ModelStore
from pokeclf.species import of


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the command line."""
    command = commands.add_parser("catalog", help="a folder of pictures as a table of species")
    command.add_argument("folder", type=commandline.path, metavar="DIR")
    command.add_argument("--model", required=True, metavar="ID")
    command.add_argument(
        "--csv",
        required=True,
        type=commandline.path,
        metavar="OUT",
        help="the table; one that was begun before is gone on with",
    )
    command.add_argument(
        "--cards",
        action="store_true",
        help="look for a trading card in each picture; the part of it counts that tells most. A "
        "table does not tell, so go on with it as it was begun",
    )
    command.set_defaults(run=write_catalog)


def write_catalog(options: argparse.Namespace) -> int:
    """Classify every picture below a folder; those that cannot be read get a row that says so."""
    folder: Path = options.folder
    if not folder.is_dir():
        raise PokeclfError(f"There is no folder {folder}.")
    root = hub.checkpoints_folder(options.checkpoints)
    classifier = ModelStore(root).get(options.model)
    finder = tradingcards.load(root) if options.cards else None
    card = classifier.card
    table = Table(options.csv)
    if table.models - {card.model}:
        raise PokeclfError(
            f"{options.csv} was made with {', '.join(table.models)}; "
            f"choose another file for {card.model}."
        )
    known = table.summary
    if unknown := sorted(set(known.pictures) - set(card.classes)):
        raise PokeclfError(
            f"{options.csv} names {commandline.printable(unknown[0])}, which is no species that "
            f"{card.model} knows."
        )
    total = sum(1 for _ in catalog.pictures_in(folder))
    named = ((catalog.file_name(path, folder), path) for path in catalog.pictures_in(folder))
    new = (file for file in named if file[0] not in table.done)
    found = catalog.rows(classifier, new, catalog.least_confidence(root, card), finder)
    bar = tqdm(
        table.append(found), initial=table.rows, total=total, unit=" pictures", mininterval=1
    )
    for row in bar:
        if row.problem:
            bar.write(f"{row.file}: {row.problem}")
    print(_told(table.summary, card.classes, known.recognised, commandline.printable(options.csv)))
    return 0


def _told(summary: Summary, classes: Collection[str], before: int, table: str) -> str:
    """What a collection holds, in sentences."""
    missing = summary.missing(classes)
    lines = [
        f"{_counted(summary.recognised, 'picture')} of {len(summary.pictures)} of the "
        f"{len(classes)} species"
        f"{f', {before:,} of them known before' if before else ''}; "
        f"{_counted(summary.duplicates, 'duplicate')}, {summary.doubtful:,} to check, "
        f"{_counted(summary.unread, 'file')} that could not be read.",
        f"The table is in {table}.",
    ]
    if summary.pictures and missing:
        lines.insert(1, f"Missing: {_names(missing)}.")
    return "\n".join(lines)


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _names(slugs: Iterable[str]) -> str:
    return ", ".join(of(slug).name for slug in slugs)
