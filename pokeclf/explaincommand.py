"""``python -m pokeclf explain``: where a model looked, as a picture and as an array."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pokeclf import commandline, explain, hub, imaging, reading, species, tradingcards
from pokeclf.checkpoint import Card
from pokeclf.classifier import Classifier, Observation
from pokeclf.errors import PokeclfError
from pokeclf.explain.caption import caption
from pokeclf.explain.overlay import captioned, overlay
from pokeclf.explain.result import NOTHING_FOUND
from pokeclf.files import check_writable, write_together
from pokeclf.modelstore import ModelStore
from pokeclf.reading import Reading


@dataclass(frozen=True)
class Destinations:
    """Where the overlay goes, and the map itself when it is wanted."""

    picture: Path
    array: Path | None


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of the command line."""
    command = commands.add_parser("explain", help="where did the model look?")
    command.add_argument("image", type=commandline.path)
    command.add_argument("--model", required=True, metavar="ID")
    command.add_argument(
        "--method", type=str.lower, metavar="METHOD", help=", ".join(explain.METHODS)
    )
    command.add_argument("--species", metavar="SLUG", help="default: the likeliest")
    command.add_argument(
        "--layer", type=str.lower, help="for example: stage 3 of 4; default: the deepest"
    )
    command.add_argument(
        "--against",
        metavar="SLUG",
        help="what finer-cam compares with; default: the next likeliest",
    )
    command.add_argument("--heads", choices=explain.HEADS, default="mean", help="how to merge")
    command.add_argument("--head", type=int, metavar="N", help="of attention, from 0")
    command.add_argument(
        "--discard", type=float, default=0.0, metavar="SHARE", help="of rollout, 0 to 0.95"
    )
    command.add_argument(
        "--out",
        type=commandline.path,
        metavar="PNG",
        help="default: IMAGE-MODEL-METHOD.png in the current folder",
    )
    command.add_argument(
        "--array", type=commandline.path, metavar="NPY", help="also the map itself, 0…1, for NumPy"
    )
    command.add_argument(
        "--cards",
        action="store_true",
        help="look for a trading card; the map lies over the part of it that tells most",
    )
    command.set_defaults(run=explain_image)


def explain_image(options: argparse.Namespace) -> int:
    """Write the overlay of one explanation with a caption as PNG."""
    wanted, against = (
        None if name is None else species.find(name).slug
        for name in (options.species, options.against)
    )  # fmt: skip
    choices = explain.Options(options.layer, against, options.heads, options.discard, options.head)
    root = hub.checkpoints_folder(options.checkpoints)
    classifier = ModelStore(root).get(options.model)
    finder = tradingcards.load(root) if options.cards else None
    # Whatever is wrong is said before the image is read and the map is computed.
    method = explain.method_of(classifier, options.method)
    _check_choices(method, choices)
    to = _destinations(options, method)
    found = reading.read(classifier, reading.views(imaging.decode(options.image), finder))
    explanation = _explain(classifier, found.observation, wanted, method, choices)
    write_together(dict(_contents(to, classifier.card, found.observation, explanation)))
    print(_sentence(found, explanation, to, cards=options.cards))
    if explanation.is_empty:
        print(NOTHING_FOUND)
    return 0


def _check_choices(method: explain.Method, chosen: explain.Options) -> None:
    """Raise PokeclfError for a choice that the method would not read."""
    made = [
        field.name for field in fields(chosen) if getattr(chosen, field.name) != field.default
    ]  # fmt: skip
    unread = [name for name in made if name not in method.takes]
    if unread:
        raise PokeclfError(f"Method {method.id} takes no --{unread[0]}.")
    if {"head", "heads"} <= set(made):
        raise PokeclfError("A single --head leaves nothing to merge, so it takes no --heads.")


def _destinations(options: argparse.Namespace, method: explain.Method) -> Destinations:
    """Where to write; PokeclfError when that is not possible."""
    picture = options.out or Path(f"{options.image.stem}-{options.model}-{method.id}.png")
    to = Destinations(picture, options.array)
    if to.picture.suffix.lower() != ".png":
        raise PokeclfError(f"--out is a PNG: {to.picture} does not end in .png.")
    if to.array and to.array.suffix.lower() != ".npy":
        raise PokeclfError(f"--array is for NumPy: {to.array} does not end in .npy.")
    _check_different({"--out": to.picture, "--array": to.array, "the image": options.image})
    for path in filter(None, (to.picture, to.array)):
        check_writable(path)
    return to


def _check_different(places: dict[str, Path | None]) -> None:
    # Unlike Path.resolve, os.path.realpath does not raise for links that go round in circles.
    real = {name: os.path.realpath(path) for name, path in places.items() if path}
    for one, other in combinations(real, 2):
        if real[one] == real[other]:
            raise PokeclfError(f"{one} and {other} are the same file.")


def _explain(
    classifier: Classifier,
    observation: Observation,
    wanted: str | None,
    method: explain.Method,
    choices: explain.Options,
) -> explain.Explanation:
    """The explanation, with a bar of progress on a terminal."""
    with tqdm(total=1, disable=None, leave=False, bar_format="{l_bar}{bar}") as bar:
        return explain.explain(
            classifier, observation, wanted, method.id, choices,
            lambda share: bar.update(share - bar.n),
        )  # fmt: skip


def _contents(
    to: Destinations, card: Card, observation: Observation, explanation: explain.Explanation
) -> Iterator[tuple[Path, bytes]]:
    buffer = io.BytesIO()
    lines = caption(explanation, card, _probability(observation, explanation))
    captioned(overlay(observation.crop, explanation.heatmap), lines).save(buffer, "PNG")
    yield to.picture, buffer.getvalue()
    if to.array:
        buffer = io.BytesIO()
        np.save(buffer, explanation.heatmap, allow_pickle=False)
        yield to.array, buffer.getvalue()


def _probability(observation: Observation, explanation: explain.Explanation) -> float:
    return float(observation.probabilities[observation.classes.index(explanation.species)])


def _sentence(
    found: Reading, explanation: explain.Explanation, to: Destinations, *, cards: bool
) -> str:
    probability = _probability(found.observation, explanation)
    about = f" in the {found.part}" if cards else ""
    compared = ""
    if explanation.against:
        compared = f" and not {species.of(explanation.against).name}"
    return (
        f"{explanation.method} of {explanation.model} for {species.of(explanation.species).name} "
        f"({probability:.1%}){compared}{about} is written to {commandline.printable(to.picture)}."
    )
