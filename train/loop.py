"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Sized
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically
from pokeclf.recipe import Recipe
from train.device import autocast, best_device, to_device
from train.mixing import mix
from train.optimizer import optimizer_of
from train.workshop import BudgetSpent

SAVE_EVERY = 600.0
"""Seconds after which an unfinished epoch is saved, too."""


class Batches(Sized, Iterable[tuple[Tensor, Tensor]], Protocol):
    """Batches of (inputs, labels) that know how many they are."""


@dataclass(frozen=True)
class Epoch:
    """One line of ``history.csv``; accuracies are 0…1, losses are in nats."""

    epoch: int
    size: int
    lr: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass
class Progress:
    """How far an epoch has come: sums over the images that were seen in it."""

    steps: int = 0
    images: int = 0
    right: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        """Mean loss in nats."""
        return self.loss_sum / self.images

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0…1."""
        return self.right / self.images


class Run:
    """A network in training, with everything that is needed to go on after an interruption."""

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int, state_file: Path) -> None:
        self.network, self.recipe, self.state_file = network, recipe, state_file
        self.optimizer, self.scheduler = optimizer_of(network, recipe, steps)
        self.history: list[Epoch] = []
        self.best: dict[str, Tensor] = {}
        self.progress = Progress()
        self._keepers = {
            "network": network, "optimizer": self.optimizer, "scheduler": self.scheduler
        }  # fmt: skip

    def take_up(self, device: torch.device) -> None:
        """Go on where the state file ends, if there is one."""
        if not self.state_file.exists():
            return
        try:
            state = torch.load(self.state_file, weights_only=True, map_location=device)
            for name, keeper in self._keepers.items():
                keeper.load_state_dict(state[name])
            self.history = [Epoch(**row) for row in state["history"]]
            self.best = state["best"]
            self.progress = Progress(**state.get("progress", {}))
        except Exception as error:  # torch raises many kinds for files that it did not write
            raise PokeclfError(
                f"The unfinished run {self.state_file} cannot be taken up; "
                "delete it to start again."
            ) from error

    def save(self) -> None:
        """Write the state file."""
        buffer = io.BytesIO()
        state = {name: keeper.state_dict() for name, keeper in self._keepers.items()}
        history = [asdict(row) for row in self.history]
        progress = asdict(self.progress)
        torch.save(state | {"history": history, "best": self.best, "progress": progress}, buffer)
        write_atomically(self.state_file, buffer.getbuffer())

    def finish_epoch(self, row: Epoch) -> None:
        """Add a line to the history and keep the weights if they are the best so far."""
        accuracies = [each.validation_accuracy for each in self.history]
        if row.validation_accuracy >= max(accuracies, default=0):
            weights = self.network.state_dict()
            self.best = {name: value.clone() for name, value in weights.items()}
        self.history.append(row)
        self.progress = Progress()


def fit(
    network: nn.Module,
    recipe: Recipe,
    train_batches: Callable[[int, int], Batches],
    validation_batches: Callable[[int], Batches],
    state_file: Path,
    seed: int,
    deadline: float | None = None,
) -> list[Epoch]:
    """Train a network in place and leave it with the weights of its best epoch.

    Parameters
    ----------
    network : with a ``head``; everything else is its body. It is moved to the best device.
    train_batches : (epoch, size) → batches for one epoch at that input side.
    validation_batches : size → batches.
    state_file : written after every epoch, within long ones every ten minutes, and taken up again
        when it exists.
    deadline : ``time.monotonic()`` value after which no further step is made.

    Returns
    -------
    The history, one entry per epoch.

    Raises
    ------
    BudgetSpent
        When the deadline comes before the end; call again to go on.
    """
    device = best_device()
    torch.backends.cudnn.deterministic = True
    network.to(device)
    run = Run(network, recipe, len(train_batches(0, _size_at(recipe, 0))), state_file)
    run.take_up(device)
    while len(run.history) < recipe.epochs and not _out_of_patience(run.history, recipe.patience):
        epoch = len(run.history)
        size = _size_at(recipe, epoch)
        _train_epoch(run, train_batches(epoch, size), size, seed, deadline)
        start = time.monotonic()
        loss, accuracy = validate(network, validation_batches(size), device)
        seconds = round(run.progress.seconds + time.monotonic() - start, 2)
        train_loss, train_accuracy = run.progress.loss, run.progress.accuracy
        lr = run.scheduler.get_last_lr()[0]
        run.finish_epoch(
            Epoch(epoch, size, lr, train_loss, train_accuracy, loss, accuracy, seconds)
        )
        tqdm.write(
            f"epoch {epoch + 1}: training loss {train_loss:.3f}, accuracy {train_accuracy:.2%}; "
            f"validation loss {loss:.3f}, accuracy {accuracy:.2%}; {seconds:.0f} s"
        )
        run.save()

    network.load_state_dict(run.best)
    network.requires_grad_(False).eval().cpu()
    return run.history


def _train_epoch(run: Run, batches: Batches, size: int, seed: int, deadline: float | None) -> None:
    """Make the steps of an epoch that are left, and save them now and then."""
    epoch, progress = len(run.history), run.progress
    frozen = epoch < run.recipe.frozen_epochs
    _freeze_body(run.network, frozen)
    bar = tqdm(
        islice(batches, progress.steps, None),
        desc=f"epoch {epoch + 1}/{run.recipe.epochs} at {size} px",
        total=len(batches),
        initial=progress.steps,
        unit="batch",
        mininterval=2,
    )
    before, start = progress.seconds, time.monotonic()
    saved = start
    for inputs, labels in bar:
        # Dropout and mixing; batches seed themselves.
        torch.manual_seed((seed * 10_000 + epoch) * 100_000 + progress.steps)
        train_step(run, inputs, labels, frozen)
        now = time.monotonic()
        progress.seconds = before + now - start
        bar.set_postfix_str(
            f"loss {progress.loss:.3f}, accuracy {progress.accuracy:.1%}, "
            f"{progress.images / progress.seconds:.0f} images/s",
            refresh=False,
        )
        spent = deadline is not None and now > deadline
        if spent or now - saved > SAVE_EVERY:
            run.save()
            saved = time.monotonic()
        if spent:
            raise BudgetSpent(
                f"The budget is spent after {epoch} epochs and {progress.steps} of "
                f"{len(batches)} batches; run the same command to go on."
            )


def train_step(run: Run, inputs: Tensor, labels: Tensor, frozen: bool) -> None:
    """One step of the optimiser on a batch; its loss and right answers go into the progress.

    Of two images that were mixed, the one with the larger share is the right answer.
    """
    device, network, recipe, progress = best_device(), run.network, run.recipe, run.progress
    network.train()
    if frozen:  # Batch normalisation of a frozen body keeps its statistics.
        network.eval()
        network.head.train()
    inputs, labels = to_device(inputs, device), labels.to(device)
    mixed, other, share = mix(inputs, labels, recipe)
    with autocast(device):
        logits = network(mixed)
    logits = logits.float()
    loss = share * F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if share < 1:
        loss = loss + (1 - share) * F.cross_entropy(
            logits, other, label_smoothing=recipe.label_smoothing
        )
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if recipe.clip:
        nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
    run.optimizer.step()
    run.scheduler.step()
    stronger = labels if share >= 0.5 else other
    progress.steps += 1
    progress.images += len(labels)
    progress.right += (logits.argmax(1) == stronger).sum().item()
    progress.loss_sum += loss.item() * len(labels)


@torch.no_grad()
def validate(network: nn.Module, batches: Batches, device: torch.device) -> tuple[float, float]:
    """Mean cross-entropy and share of right answers."""
    network.eval()
    total = right = loss = 0.0
    for inputs, labels in batches:
        with autocast(device):
            logits = network(to_device(inputs, device))
        logits, labels = logits.float(), labels.to(device)
        total += len(labels)
        right += (logits.argmax(1) == labels).sum().item()
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
    return loss / total, right / total


def _size_at(recipe: Recipe, epoch: int) -> int:
    """Input side of an epoch in the schedule of growing sizes."""
    done = 0.0
    for share, size in recipe.sizes:
        done += share
        if epoch < round(done * recipe.epochs):
            return size
    return recipe.sizes[-1][1]


def _freeze_body(network: nn.Module, frozen: bool) -> None:
    network.requires_grad_(not frozen)
    network.head.requires_grad_(True)


def _out_of_patience(history: list[Epoch], patience: int) -> bool:
    if not history:
        return False
    best = max(history, key=lambda row: (row.validation_accuracy, -row.epoch))
    return history[-1].epoch - best.epoch >= patience
