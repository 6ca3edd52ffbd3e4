"""``python -m train cardfinder --data DIR --backgrounds DIR``: a network that finds trading cards.

It learns on made-up photos of the training split's cards, see :mod:`train.cardphotos`; their
backgrounds are the data set's other pictures and every second one of a folder of photos. The
rest of the folder is for measuring: ``python -m train cards``.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from pokeclf import commandline, sealed, tradingcards
from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically
from pokeclf.imaging import decode
from pokeclf.models.cardfinder import CELLS, SIDE, CardFinder
from pokeclf.tradingcards import inputs_of, letterboxed
from train.cardphotos import Scenes
from train.device import autocast, best_device
from train.finished import parser
from train.workshop import Workshop, finished_workshop

CARD_KIND = "card"
BATCH, STEPS, RATE = 32, 2400, 3e-3
KEPT_EVERY = 200
"""Steps after which an interrupted training goes on."""
OTHERS = 4000
"""Pictures of the data set that are backgrounds, at most."""


@dataclass(frozen=True)
class Target:
    """What the network should say of one photo.

    Attributes
    ----------
    centres : float32 CELLS × CELLS, 1 at a card's centre, falling to 0 around it.
    corners : float32 8 × CELLS × CELLS, as :class:`CardFinder` gives them.
    weights : float32 CELLS × CELLS, 0 where no corners are asked for.
    """

    centres: np.ndarray
    corners: np.ndarray
    weights: np.ndarray


class Photos(Dataset):
    """Photos by their numbers; each is the same every time that it is asked for."""

    def __init__(self, scenes: Scenes, numbers: range, seed: int) -> None:
        self.scenes, self.numbers, self.seed = scenes, numbers, seed

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: int) -> tuple[np.ndarray, ...]:
        random = np.random.default_rng((self.seed, self.numbers[place]))
        photo = self.scenes.any_photo(random)
        square, scale, shift = letterboxed(photo.picture)
        target = target_of([corners * scale + shift for corners in photo.corners])
        return square, target.centres, target.corners, target.weights


def target_of(outlines: Sequence[np.ndarray]) -> Target:
    """What is there to find in a square of SIDE pixels, from the corners of its cards."""
    middles = (np.arange(CELLS, dtype=np.float32) + 0.5) / CELLS
    x, y = np.meshgrid(middles, middles)
    centres = np.zeros((CELLS, CELLS), np.float32)
    corners = np.zeros((8, CELLS, CELLS), np.float32)
    weights = np.zeros((CELLS, CELLS), np.float32)
    for outline in outlines:
        places = outline.astype(np.float32) / SIDE
        centre = places.mean(0)
        away = np.stack([x - centre[0], y - centre[1]]) * CELLS
        close = np.exp(-(away**2).sum(0) / (2 * 0.8**2))
        centres = np.maximum(centres, close)
        near = (np.abs(away) < 1.5).all(0)
        offsets = places[None] - np.stack([x[near], y[near]], 1)[:, None]
        corners[:, near] = offsets.reshape(-1, 8).T
        weights[near] = np.maximum(close[near], 0.2)
    return Target(centres, corners, weights)


def loss_of(found: tuple[Tensor, Tensor], target: Sequence[Tensor]) -> Tensor:
    """Cross-entropy of the centres, the more the further they are off, and distance of corners."""
    logits, corners = (each.float() for each in found)
    centres, places, weights = target
    off = (centres - logits.sigmoid()).abs().detach()
    blindness = F.binary_cross_entropy_with_logits(logits, centres, reduction="none") * off
    distance = F.smooth_l1_loss(corners, places, reduction="none", beta=0.02).sum(1) * weights
    return (blindness.sum() + 20 * distance.sum()) / len(logits)


def scenes_of(shop: Workshop, part: str, photos: Sequence[Path], scale: float = 1.0) -> Scenes:
    """Scenes of the trading cards of a part of the split.

    Parameters
    ----------
    photos : pictures without cards, for backgrounds; so are the part's other pictures.

    Raises
    ------
    PokeclfError
        When the data set does not say which of its pictures are trading cards.
    """
    cards, others = [], []
    for index, path in zip(shop.indices(part), shop.split.parts[part], strict=True):
        if shop.folder.kinds.get(path) == CARD_KIND:
            cards.append((path.split("/")[0], np.asarray(shop.folder.image(int(index)))))
        elif len(others) < OTHERS:
            others.append(np.asarray(shop.folder.image(int(index))))
    if not cards:
        raise PokeclfError(f"No picture of the {part} part is known to be a trading card.")
    # Photos are what cards lie on; the data set's pictures are there not to be taken for cards.
    often = max(1, round(1.5 * len(others) / max(len(photos), 1)))
    backgrounds = [np.asarray(decode(path)) for path in photos]
    return Scenes(cards, [*others, *backgrounds * often], scale)


def every_second(folder: Path, first: int) -> list[Path]:
    """Half of the pictures in a folder, by name: the first half is for learning, 0, or not, 1.

    Raises
    ------
    PokeclfError
        When there are none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())[first::2]
    if not paths:
        raise PokeclfError(f"There are no pictures in {folder}.")
    return paths


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser("cardfinder", __doc__)
    options.add_argument("--backgrounds", type=Path, required=True, help="folder of photos")
    options.add_argument("--steps", type=int, default=STEPS, help=f"batches of {BATCH} photos")
    options.add_argument(
        "--further", action="store_true", help="go on with the finder that is there, on new photos"
    )
    chosen = options.parse_args(arguments)
    return commandline.run(lambda: _train(chosen))


def _train(options: argparse.Namespace) -> int:
    shop = finished_workshop(options.data, options.out, options.work)
    scenes = scenes_of(shop, "train", every_second(options.backgrounds, 0))
    state = options.work / f"cardfinder{'-further' * options.further}.pt"
    torch.manual_seed(shop.split.seed)
    network, rate, seed = CardFinder(), RATE, shop.split.seed
    if options.further:
        network, rate, seed = tradingcards.load(options.out).network, RATE / 3, seed + 1
        network.requires_grad_(True).train()
    fit(network, scenes, options.steps, rate, state, seed)
    weights = {name: value.half() for name, value in network.state_dict().items()}
    write_atomically(options.out / tradingcards.FILE, sealed.pack(weights))
    state.unlink(missing_ok=True)  # Not before: until then it is all that there is.
    print(f"The card finder is written to {options.out / tradingcards.FILE}.")
    return 0


def fit(
    network: CardFinder, scenes: Scenes, steps: int, rate: float, state: Path, seed: int
) -> None:
    """Train a network; a training that was interrupted, or never kept, goes on from ``state``.

    Parameters
    ----------
    rate : learning rate at the peak of one cycle.
    seed : of the photos.
    """
    device = best_device()
    network.to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    done = 0
    if state.exists():
        kept = torch.load(state, weights_only=True)
        done = kept["done"] if kept["steps"] == steps else 0
        for name, part in parts.items() if done else ():
            part.load_state_dict(kept[name])
    photos = Photos(scenes, range(BATCH * done, BATCH * steps), seed)
    batches = DataLoader(photos, BATCH, num_workers=2, persistent_workers=True)
    bar = tqdm(batches, desc="cardfinder", mininterval=5)
    for step, (squares, *target) in enumerate(bar, start=done + 1):
        with autocast(device):
            found = network(inputs_of(squares.numpy()).to(device))
        loss = loss_of(found, [each.to(device) for each in target])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        bar.set_postfix_str(f"loss {loss.item():.2f}", refresh=False)
        if step % KEPT_EVERY == 0 or step == steps:
            buffer = io.BytesIO()
            whole = {name: part.state_dict() for name, part in parts.items()}
            torch.save({**whole, "done": step, "steps": steps}, buffer)
            write_atomically(state, buffer.getbuffer())
    network.cpu()
