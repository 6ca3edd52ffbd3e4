"""How a recipe turns gradients into steps: optimiser, rates of the layers, schedule."""

from __future__ import annotations

import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from pokeclf.recipe import Recipe


def optimizer_of(
    network: nn.Module, recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The recipe's optimiser of a network, and the schedule of its rates.

    Parameters
    ----------
    network : with a ``head``; everything else is its body.
    steps : batches of an epoch.
    """
    groups = _parameter_groups(network, recipe)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    optimizer = kind(groups, fused=True)  # one pass over memory: a quarter of the time on a CPU
    if recipe.schedule == "constant":
        return optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0, 0)
    peaks = [group["lr"] for group in groups]
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peaks, total_steps=steps * recipe.epochs, pct_start=0.2
    )


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
