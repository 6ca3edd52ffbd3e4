"""Images to augmented training batches, and plain evaluation batches, ahead of the model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pokeclf.dataset import ImageFolder
from pokeclf.imaging import Preprocessing
from pokeclf.recipe import Recipe
from train.cardviews import CardViews

T = TypeVar("T")
_LUMA = np.tile([0.299, 0.587, 0.114], (3, 1))


@dataclass(frozen=True)
class Augmentation:
    """Random views of an image that keep its species recognisable.

    Attributes
    ----------
    crop : smallest share of the area that a random crop keeps.
    ratio : largest change of the aspect ratio.
    brightness, contrast, saturation : largest relative change of each.
    hue : largest rotation of the colour circle, in turns; small, as colours tell species apart.
    erase : probability that a random rectangle is blanked (Zhong et al. 2020).
    """

    crop: float
    ratio: float = 4 / 3
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    hue: float = 0.02
    erase: float = 0.2

    def view(self, image: Image.Image, size: int, random: np.random.Generator) -> np.ndarray:
        """Random crop and flip: uint8, size × size × 3."""
        width, height = image.size
        area = width * height * random.uniform(self.crop, 1.0)
        ratio = np.exp(random.uniform(-1, 1) * np.log(self.ratio)) * width / height
        # A crop that would stick out is cut at the border instead of being drawn again.
        crop_width = min(width, np.sqrt(area * ratio))
        crop_height = min(height, area / crop_width)
        left = random.uniform(0, width - crop_width)
        top = random.uniform(0, height - crop_height)
        pixels = np.asarray(
            image.resize(
                (size, size),
                Image.Resampling.BILINEAR,
                box=(left, top, left + crop_width, top + crop_height),
            )
        )
        return pixels[:, ::-1] if random.random() < 0.5 else pixels

    def blank(self, pixels: np.ndarray, random: np.random.Generator) -> None:
        """Blank a rectangle of 2 to 20 % of size × size × 3 pixels with one colour, at times."""
        if random.random() >= self.erase:
            return
        height, width, _ = pixels.shape
        side, ratio = np.sqrt(random.uniform(0.02, 0.2)), np.exp(random.uniform(-0.7, 0.7))
        h, w = int(min(1, side * ratio) * height), int(min(1, side / ratio) * width)
        top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
        pixels[top : top + h, left : left + w] = random.integers(0, 256, 3, dtype=np.uint8)

    def colours(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Random colour change of one image as an affine map of RGB in 0…255: matrix and offset.

        Brightness, contrast, saturation and hue are together one such map.
        """
        brightness, contrast, saturation = (
            1 + random.uniform(-1, 1) * limit
            for limit in (self.brightness, self.contrast, self.saturation)
        )
        matrix = _LUMA + saturation * (_rotation(random.uniform(-1, 1) * self.hue) - _LUMA)
        return matrix * brightness * contrast, np.full(3, 127.5 * (1 - contrast))


def _rotation(turns: float) -> np.ndarray:
    """Rotation of RGB around the grey axis (Rodrigues' formula)."""
    angle = 2 * np.pi * turns
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    mean = np.full((3, 3), 1 / 3)
    return np.cos(angle) * (np.eye(3) - mean) + mean + np.sin(angle) * cross


def preprocessing_at(recipe: Recipe, size: int) -> Preprocessing:
    """The recipe's preprocessing for inputs of that side."""
    return Preprocessing(size, "squash", *recipe.normalisation)


def augmentation_of(recipe: Recipe) -> Augmentation | None:
    """None where the recipe shows the images as they are."""
    return Augmentation(recipe.crop) if recipe.crop < 1 else None


@dataclass(frozen=True)
class ImageBatches:
    """Batches of normalised images of one part of the split.

    Iterating gives (float32 N × 3 × size × size, int64 N) pairs. Every image has a random
    generator of its own from (seed, epoch, position), so the batches are the same however many
    threads make them, a resumed run sees what an uninterrupted one would, and an image that comes
    twice comes in two views. Augmented images are at times shown as ``cards`` says.
    """

    folder: ImageFolder
    indices: np.ndarray
    preprocessing: Preprocessing
    batch_size: int
    augmentation: Augmentation | None = None
    cards: CardViews | None = None
    shuffle: bool = False
    seed: int = 0
    epoch: int = 0
    workers: int = 2

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self.indices
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(order)
        labels = torch.from_numpy(self.folder.labels())
        starts = range(0, len(order), self.batch_size)
        chunks = [order[start : start + self.batch_size] for start in starts]
        if self.augmentation is None:
            jobs = [partial(self._evaluation_batch, chunk) for chunk in chunks]
        else:
            jobs = [partial(self._views, *each) for each in zip(chunks, starts, strict=True)]
        for chunk, made in zip(chunks, ahead(jobs, self.workers), strict=True):
            inputs = made if self.augmentation is None else self._recolour(*made)
            yield inputs, labels[chunk]

    def _evaluation_batch(self, indices: np.ndarray) -> Tensor:
        return torch.stack(
            [self.preprocessing.tensor(self.folder.image(int(index))) for index in indices]
        )

    def _views(self, indices: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Random crops (uint8, N × size × size × 3) and colour maps; no torch in these threads.

        Parameters
        ----------
        start : position of the first of them in the epoch.
        """
        size = self.preprocessing.size
        pixels = np.empty((len(indices), size, size, 3), np.uint8)
        matrices, offsets = np.empty((len(indices), 3, 3)), np.empty((len(indices), 3))
        for row, index in enumerate(indices):
            random = np.random.default_rng((self.seed, self.epoch, start + row))
            image = self.folder.image(int(index))
            if self.cards:
                image = self.cards.view(int(index), image, random)
            pixels[row] = self.augmentation.view(image, size, random)
            self.augmentation.blank(pixels[row], random)
            matrices[row], offsets[row] = self.augmentation.colours(random)
        return pixels, matrices, offsets

    def _recolour(self, pixels: np.ndarray, matrices: np.ndarray, offsets: np.ndarray) -> Tensor:
        """Change colours and normalise in one product for the batch."""
        mean, std = np.array(self.preprocessing.mean), np.array(self.preprocessing.std)
        scale = 1 / (255 * std)
        weights = torch.from_numpy((matrices * scale[:, None]).transpose(0, 2, 1)).float()
        shift = torch.from_numpy(offsets * scale - mean / std).float()[:, None]
        flat = torch.from_numpy(pixels).flatten(1, 2).float()
        flat = torch.baddbmm(shift, flat, weights)
        darkest, brightest = (
            torch.from_numpy(limit).float() for limit in (-mean / std, (1 - mean) / std)
        )
        flat = torch.minimum(torch.maximum(flat, darkest, out=flat), brightest, out=flat)
        return flat.view(pixels.shape).permute(0, 3, 1, 2)


def ahead(jobs: list[Callable[[], T]], workers: int) -> Iterator[T]:
    """Results of the jobs in order, computed by threads a few steps before they are needed."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[T]] = deque()
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
