"""``python -m pokeclf``: list the models, classify, explain, catalogue, report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pokeclf import (
    catalog,
    catalogcommand,
    commandline,
    explaincommand,
    hub,
    imaging,
    reading,
    schema,
    species,
    study,
    tradingcards,
)
from pokeclf.classifier import Observation
from pokeclf.errors import PokeclfError
from pokeclf.library import Library
from pokeclf.modelstore import ModelStore


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main_parser = commandline.Parser(prog="python -m pokeclf", description=__doc__)
    main_parser.add_argument(
        "--checkpoints",
        default=str(hub.BUNDLED),
        metavar="PLACE",
        help="folder of checkpoints, or hf:OWNER/NAME on the Hugging Face Hub",
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="the fifteen, their state and figures")
    models.add_argument("--json", action="store_true")
    models.set_defaults(run=list_models)

    predict = commands.add_parser("predict", help="which species is it?")
    predict.add_argument(
        "paths", nargs="+", type=commandline.path, metavar="PATH", help="images or folders"
    )
    predict.add_argument("--model", required=True, metavar="ID[,ID]", help="ids of models, or: all")
    predict.add_argument("--top", type=int, default=5, metavar="K", help="guesses per image")
    predict.add_argument("--json", action="store_true", help="one JSON object a line")
    predict.add_argument(
        "--cards",
        action="store_true",
        help="look for a trading card; the part of it counts that tells most",
    )
    predict.set_defaults(run=predict_images)

    explaincommand.add_to(commands)
    catalogcommand.add_to(commands)

    report = commands.add_parser("report", help="the experiments as one web page without a server")
    report.add_argument("--out", required=True, type=commandline.path, metavar="FILE.html")
    report.set_defaults(run=write_report)
    return main_parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = parser().parse_args(arguments)
    return commandline.run(lambda: options.run(options))


def list_models(options: argparse.Namespace) -> int:
    """Print the table of models."""
    rows = [schema.model_state(status) for status in _store(options).statuses()]
    if options.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    print(f"{'model':20} {'stage':13} {'parameters':>12} {'study':>8} {'accuracy':>9}  state")
    for row in rows:
        parameters = f"{row['parameters']:,}" if row["parameters"] else "–"
        accuracy = f"{row['accuracy']:.2%}" if "accuracy" in row else "–"
        print(
            f"{row['model']:20} {row['stage']:13} {parameters:>12} "
            f"{row['study_accuracy']:>8.2%} {accuracy:>9}  {row['problem'] or row['state']}"
        )
    return 0


def predict_images(options: argparse.Namespace) -> int:
    """Classify images; those that cannot be read are named and the others go on."""
    if options.top < 1:
        raise PokeclfError("--top takes a number of guesses of at least 1.")
    store = _store(options)
    finder = tradingcards.load(store.root) if options.cards else None
    models = _model_ids(store, options.model)
    # Whatever is wrong with a model is said before the first image.
    broken = _broken(store, models)
    if broken and options.model != "all":
        raise next(iter(broken.values()))
    for error in broken.values():
        print(commandline.printable(error), file=sys.stderr)
    models = [model_id for model_id in models if model_id not in broken]
    failed = len(broken)
    for path in _images(options.paths):
        try:
            image = imaging.decode(path)
        except imaging.ImageError as error:
            print(commandline.printable(f"{path}: {error}"), file=sys.stderr)
            failed += 1
            continue
        views = reading.views(image, finder)
        for model_id in models:
            found = reading.read(store.get(model_id), views)
            part = found.part if finder else None
            if options.json:
                line = schema.prediction(str(path), found.observation, options.top, part)
                print(json.dumps(line), flush=True)
            else:
                told = _told(found.observation, options.top, part)
                print(f"{commandline.printable(path)}: {told}", flush=True)
    return 2 if failed else 0


def _told(seen: Observation, count: int, part: str | None) -> str:
    """A model's guesses; ``part`` is what of the picture counted, where that may be a part."""
    guesses = ", ".join(
        f"{species.of(guess.species).name} {guess.probability:.1%}" for guess in seen.top(count)
    )
    about = f" ({part})" if part else ""
    doubt = "" if seen.familiar else " (does not look like any of them)"
    return f"{seen.model}{about}: {guesses}{doubt}"


def write_report(options: argparse.Namespace) -> int:
    """Write all stored results as one web page; results that cannot be read are named."""
    from pokeclf import report  # Nothing else here draws charts.

    problems = report.write(Library(hub.checkpoints_folder(options.checkpoints)), options.out)
    for problem in problems:
        print(commandline.printable(problem), file=sys.stderr)
    print(f"The report is written to {commandline.printable(options.out)}.")
    return 2 if problems else 0


def _store(options: argparse.Namespace) -> ModelStore:
    return ModelStore(hub.checkpoints_folder(options.checkpoints))


def _model_ids(store: ModelStore, names: str) -> list[str]:
    """The named models; ``all`` means those that are trained."""
    if names != "all":
        return list(dict.fromkeys(study.find(name.strip()).id for name in names.split(",")))
    trained = [status.model.id for status in store.statuses() if status.card]
    if not trained:
        raise PokeclfError("No model is trained yet; python -m train makes checkpoints.")
    return trained


def _broken(store: ModelStore, models: list[str]) -> dict[str, PokeclfError]:
    """What is wrong with each of the models that do not load."""
    broken = {}
    for model_id in models:
        try:
            store.get(model_id)
        except PokeclfError as error:
            broken[model_id] = error
    return broken


def _images(paths: list[Path]) -> Iterator[Path]:
    """Files as they are named, and the images below folders."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        # A folder without images is said to be none.
        yield from list(catalog.pictures_in(path)) or [path]


if __name__ == "__main__":
    sys.exit(main())
