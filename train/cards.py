"""``python -m train cards MODEL… --data DIR --backgrounds DIR``: recognising trading cards.

The test images that are trading cards are classified as they are, and on made-up photos of them
over backgrounds that the card finder has not seen; each as the whole picture, and as the page
does it: the finder looks for the card, and of its parts the one counts that is surest of what
they say together; where it is not certain that there is a card, the whole picture may, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
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
from pokeclf.tradingcards import Finder
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
    whole : the picture.
    views : what a model is asked about, by name; the picture alone where no card was found.
    """

    species: str
    whole: Image.Image
    views: Mapping[str, Image.Image]


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
    print(f"{len(upright)} scans and {len(photos)} photos of trading cards")
    figures = cardfigures.read(shop.root) if options.part == "test" else {}
    store = ModelStore(shop.root)
    for name in names:
        found = measure(store.get(name), shop, upright, photos)
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
        f"in {found.photos_found} of {found.photos})"
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
    return Seen(species, picture, reading.views(picture, finder))


def measure(
    classifier: Classifier, shop: Workshop, upright: Sequence[Seen], photos: Sequence[Seen]
) -> CardFigures:
    """A model's figures on scans and photos."""
    shop.check(classifier.card)
    (whole, right), (photos_whole, photos_right) = (
        np.sum([_answers(classifier, seen) for seen in tqdm(group, mininterval=5)], 0)
        for group in (upright, photos)
    )
    return CardFigures(
        model=classifier.card.model,
        weights=classifier.card.weights_sha256,
        finder=sha256((shop.root / tradingcards.FILE).read_bytes()),
        upright=len(upright),
        upright_whole=int(whole),
        upright_right=int(right),
        photos=len(photos),
        photos_found=sum(len(seen.views) > 1 for seen in photos),
        photos_whole=int(photos_whole),
        photos_right=int(photos_right),
    )


def _answers(classifier: Classifier, seen: Seen) -> tuple[bool, bool]:
    """Whether the whole picture, and the view of it that counts, is recognised."""
    preprocessing, classes = classifier.card.preprocessing, classifier.card.classes
    pictures = (seen.whole, *seen.views.values())
    inputs = torch.stack([preprocessing.tensor(each) for each in pictures])
    whole, *answers = classifier.probabilities(classifier.logits(inputs)).numpy()
    by_name = dict(zip(seen.views, answers, strict=True))
    counting = by_name[reading.telling(by_name)]
    return tuple(classes[int(answer.argmax())] == seen.species for answer in (whole, counting))
