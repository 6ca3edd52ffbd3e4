"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Sized
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import torch
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically
from pokeclf.recipe import Recipe
from train.mixing import mix
from train.workshop import BudgetSpent


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


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the hardware computes it faster than float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=_computes_bfloat16(device))


def layout(device: torch.device) -> torch.memory_format:
    """The order of an image's numbers in which networks train fastest.

    Channels come last, except on processors that compute in float32 alone.
    """
    quick = device.type == "cuda" or _computes_bfloat16(device)
    return torch.channels_last if quick else torch.contiguous_format


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return getattr(torch.cpu, "get_capabilities", dict)().get("avx512_bf16", False)


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
    state_file : written after every epoch and taken up again when it exists.
    deadline : ``time.monotonic()`` value after which no further epoch is started.

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
    groups = _parameter_groups(network, recipe)
    steps = len(train_batches(0, _size_at(recipe, 0)))
    optimizer, scheduler = _optimizer(groups, recipe, steps * recipe.epochs)
    history: list[Epoch] = []
    best: dict[str, Tensor] = {}
    if state_file.exists():
        try:
            state = torch.load(state_file, weights_only=True, map_location=device)
            network.load_state_dict(state["network"])
            optimizer.load_state_dict(state["optimizer"])
            scheduler.load_state_dict(state["scheduler"])
            history = [Epoch(**row) for row in state["history"]]
            best = state["best"]
        except Exception as error:  # torch raises many kinds for files that it did not write
            raise PokeclfError(
                f"The unfinished run {state_file} cannot be taken up; delete it to start again."
            ) from error
    resumed_at = len(history)

    while len(history) < recipe.epochs and not _out_of_patience(history, recipe.patience):
        epoch = len(history)
        if epoch > resumed_at:  # Every call makes at least one epoch of progress.
            _check_deadline(deadline, history)
        torch.manual_seed(seed * 10_000 + epoch)  # dropout and mixing; batches seed themselves
        size = _size_at(recipe, epoch)
        _freeze_body(network, epoch < recipe.frozen_epochs)
        start = time.monotonic()
        bar = tqdm(
            train_batches(epoch, size),
            desc=f"epoch {epoch + 1}/{recipe.epochs} at {size} px",
            unit="batch",
            mininterval=2,
        )
        train_loss, train_accuracy = train_epoch(
            network, bar, optimizer, scheduler, recipe, device, frozen=epoch < recipe.frozen_epochs
        )
        loss, accuracy = validate(network, validation_batches(size), device)
        if accuracy >= max((row.validation_accuracy for row in history), default=0):
            best = {name: value.clone() for name, value in network.state_dict().items()}
        history.append(
            Epoch(
                epoch, size, scheduler.get_last_lr()[0], train_loss, train_accuracy, loss,
                accuracy, round(time.monotonic() - start, 2),
            )
        )  # fmt: skip
        tqdm.write(
            f"epoch {epoch + 1}: training loss {train_loss:.3f}, accuracy {train_accuracy:.2%}; "
            f"validation loss {loss:.3f}, accuracy {accuracy:.2%}; {history[-1].seconds:.0f} s"
        )
        _save(
            state_file,
            network=network.state_dict(),
            optimizer=optimizer.state_dict(),
            scheduler=scheduler.state_dict(),
            history=[asdict(row) for row in history],
            best=best,
        )

    network.load_state_dict(best)
    network.requires_grad_(False).eval().cpu()
    return history


def train_epoch(
    network: nn.Module,
    bar: tqdm,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    recipe: Recipe,
    device: torch.device,
    frozen: bool,
) -> tuple[float, float]:
    """One pass over the training images: mean loss and share of right answers.

    Of two images that were mixed, the one with the larger share is the right answer.
    """
    network.train()
    if frozen:  # Batch normalisation of a frozen body keeps its statistics.
        network.eval()
        network.head.train()
    total = right = loss_sum = 0.0
    start = time.monotonic()
    for inputs, labels in bar:
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
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip:
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
        scheduler.step()
        total += len(labels)
        stronger = labels if share >= 0.5 else other
        right += (logits.argmax(1) == stronger).sum().item()
        loss_sum += loss.item() * len(labels)
        bar.set_postfix_str(
            f"loss {loss_sum / total:.3f}, accuracy {right / total:.1%}, "
            f"{total / (time.monotonic() - start):.0f} images/s",
            refresh=False,
        )
    return loss_sum / total, right / total


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


def to_device(inputs: Tensor, device: torch.device) -> Tensor:
    """Move inputs; images are laid out as :func:`layout` says."""
    order = layout(device) if inputs.dim() == 4 else torch.preserve_format
    return inputs.to(device, memory_format=order, non_blocking=True)


def _parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict]:
    """Head and body with their rates; in the body, lower layers may learn more slowly."""
    head = list(network.head.parameters())
    of_head = {id(parameter) for parameter in head}
    groups = _with_rate(head, recipe.lr, recipe.weight_decay)
    if recipe.layer_decay == 1:
        body = [each for each in network.parameters() if id(each) not in of_head]
        return groups + _with_rate(body, recipe.body_lr, recipe.weight_decay)
    layers = param_groups_layer_decay(
        network.body, recipe.weight_decay, layer_decay=recipe.layer_decay
    )
    return groups + [
        {
            "params": layer["params"],
            "lr": recipe.body_lr * layer["lr_scale"],
            "weight_decay": layer["weight_decay"],
        }
        for layer in layers
    ]


def _with_rate(parameters: list[nn.Parameter], lr: float, weight_decay: float) -> list[dict]:
    """Parameter groups; biases and norms, being vectors, get no weight decay."""
    groups = (
        {
            "params": [each for each in parameters if (each.dim() < 2) == vectors],
            "lr": lr,
            "weight_decay": 0.0 if vectors else weight_decay,
        }
        for vectors in (False, True)
    )
    return [group for group in groups if group["params"]]


def _optimizer(
    groups: list[dict], recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    optimizer = kind(groups, fused=True)  # one pass over memory: a quarter of the time on a CPU
    if recipe.schedule == "constant":
        return optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0, 0)
    peaks = [group["lr"] for group in groups]
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peaks, total_steps=steps, pct_start=0.2
    )


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


def _check_deadline(deadline: float | None, history: list[Epoch]) -> None:
    expected = history[-1].seconds
    if deadline is not None and time.monotonic() + expected > deadline:
        raise BudgetSpent(
            f"The budget is spent after {len(history)} epochs; run the same command to go on."
        )


def _save(path: Path, **state: object) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, buffer.getbuffer())
