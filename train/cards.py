"""``python -m train cards MODEL… --data DIR --backgrounds DIR``: recognising trading cards.

The test images that are trading cards are classified as they are, and on made-up photos of them
over backgrounds that the card finder has not seen; each as the whole picture, and as the page
does it: the finder looks for the card, and one of its parts counts, or the whole picture, by the
rule of :func:`pokeclf.reading.telling`. So are all test images in which the finder sees a card,
whether there is one or not: what looking for cards does to ordinary pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from pokeclf import cardfigures, commandline, reading, tradingcards
from pokeclf.cardfigures import CardFigures
from pokeclf.classifier import Classifier
from pokeclf.files import sha256
from pokeclf.modelstore import ModelStore
from pokeclf.reading import Views
from pokeclf.tradingcards import WHOLE, Finder
from train.cardfinder import every_second, scenes_of
from train.cardphotos import Scenes
from train.finished import models_parser
from train.workshop import Workshop, finished_workshop, trained_models

PHOTOS_OF_EACH = 3
SCALE = 2.5
"""The photos' sides: 405 to 720 pixels."""
SMALLEST = 0.4
"""Whoever takes a photo of one card comes as close; the finder learns on smaller ones, too."""


@dataclass(frozen=True)
class Seen:
    """A picture of one card, and what was found in it.

    Attributes
    ----------
    views : what a model is asked about; the whole picture alone where no card was found.
    """

    species: str
    views: Views[Image.Image]


@dataclass(frozen=True)
class Tally:
    """What a model made of pictures, each as a whole and as it is read.

    Attributes
    ----------
    whole, right : recognised as a whole; and by the view that counts.
    whole_familiar, familiar : taken for one of the species, likewise.
    """

    whole: int
    right: int
    whole_familiar: int
    familiar: int


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = models_parser("cards", __doc__)
    parser.add_argument("--backgrounds", type=Path, required=True, help="folder of photos")
    parser.add_argument("--part", choices=("validation", "test"), default="test",
                        help="validation: print the figures and keep none")  # fmt: skip
    options = parser.parse_args(arguments)
    return commandline.run(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    names = trained_models(options.models, options.out)
    shop = finished_workshop(options.data, options.out, options.work)
    finder = tradingcards.load(shop.root)
    scenes = scenes_of(shop, options.part, every_second(options.backgrounds, 1), SCALE)
    upright = [_seen(finder, species, card) for species, card in scenes.cards]
    photos = [_seen(finder, *each) for each in photographs(scenes, shop.split.seed)]
    taken = taken_for_cards(finder, shop, options.part)
    print(
        f"{len(upright)} scans and {len(photos)} photos of trading cards; of all images "
        f"{len(taken)} are taken for one"
    )
    figures = cardfigures.read(shop.root) if options.part == "test" else {}
    store = ModelStore(shop.root)
    for name in names:
        found = measure(store.get(name), shop, upright, photos, taken)
        figures[name] = found
        print(_line(found), flush=True)
        if options.part == "test":
            cardfigures.write(shop.root, figures)
    return 0


def _line(found: CardFigures) -> str:
    whole = found.upright_whole / found.upright, found.photos_whole / found.photos
    return (
        f"{found.model}: upright {found.on_upright.share:.1%} (as a whole {whole[0]:.1%}), "
        f"photographed {found.on_photos.share:.1%} (as a whole {whole[1]:.1%}; the card was found "
        f"in {found.photos_found} of {found.photos}), of {found.taken} images taken for one "
        f"{found.taken_right} right (as a whole {found.taken_whole}), "
        f"{found.taken_familiar} familiar (as a whole {found.taken_whole_familiar})"
    )


def photographs(scenes: Scenes, seed: int) -> list[tuple[str, np.ndarray]]:
    """Photos of every card in turn, each with its species; the same every time."""
    made = []
    for number, card in enumerate(scenes.cards * PHOTOS_OF_EACH):
        of_card = Scenes([card], scenes.backgrounds, scenes.scale, SMALLEST)
        photo = of_card.photo(np.random.default_rng((seed, number)))
        made.append((card[0], photo.picture))
    return made


def _seen(finder: Finder, species: str, pixels: np.ndarray) -> Seen:
    picture = Image.fromarray(pixels)
    return Seen(species, reading.views(picture, finder))


def taken_for_cards(finder: Finder, shop: Workshop, part: str) -> list[Seen]:
    """The images of a part of the split in which the finder sees a card."""
    seen = []
    for index in tqdm(shop.indices(part), desc="looking for cards", mininterval=5):
        species = shop.folder.classes[shop.labels[index]]
        seen.append(Seen(species, reading.views(shop.folder.image(int(index)), finder)))
    return [each for each in seen if len(each.views.of) > 1]


def measure(
    classifier: Classifier,
    shop: Workshop,
    upright: Sequence[Seen],
    photos: Sequence[Seen],
    taken: Sequence[Seen],
) -> CardFigures:
    """A model's figures on scans, on photos, and on images that were taken for cards."""
    shop.check(classifier.card)
    scanned, photographed, doubtful = (
        _tally(classifier, group) for group in (upright, photos, taken)
    )
    return CardFigures(
        model=classifier.card.model,
        weights=classifier.card.weights_sha256,
        finder=sha256((shop.root / tradingcards.FILE).read_bytes()),
        upright=len(upright),
        upright_whole=scanned.whole,
        upright_right=scanned.right,
        photos=len(photos),
        photos_found=sum(len(seen.views.of) > 1 for seen in photos),
        photos_whole=photographed.whole,
        photos_right=photographed.right,
        taken=len(taken),
        taken_whole=doubtful.whole,
        taken_right=doubtful.right,
        taken_whole_familiar=doubtful.whole_familiar,
        taken_familiar=doubtful.familiar,
    )


def _tally(classifier: Classifier, pictures: Sequence[Seen]) -> Tally:
    answers = [_answers(classifier, seen) for seen in tqdm(pictures, mininterval=5)]
    return Tally(*(sum(column) for column in zip(*answers, strict=True)))


def _answers(classifier: Classifier, seen: Seen) -> tuple[bool, bool, bool, bool]:
    """For one picture what :class:`Tally` counts."""
    preprocessing, classes = classifier.card.preprocessing, classifier.card.classes
    names = list(seen.views.of)
    inputs = torch.stack([preprocessing.tensor(view) for view in seen.views.of.values()])
    probabilities, familiar = (each.numpy() for each in classifier.answers(inputs))
    known = {name for name, own in zip(names, familiar, strict=True) if own}
    answers = dict(zip(names, probabilities, strict=True))
    counting = reading.telling(answers, known, seen.views.certain)
    right = {name: classes[int(each.argmax())] == seen.species for name, each in answers.items()}
    return right[WHOLE], right[counting], WHOLE in known, counting in known
