"""``python -m benchmarks.weights``: is the bound on loaded models' memory obeyed?

For each bound, a process of its own asks all trained models about a picture: in turn, and then many
times in random order from several threads. What its store says that it holds is compared with the
weights that are really in memory, and both with the memory of the process.
"""

from __future__ import annotations

import gc
import multiprocessing
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

from app import WORKERS
from benchmarks.growth import resident
from pokeclf import commandline, heaps, hub, imaging
from pokeclf.drawings import drawings_of
from pokeclf.modelstore import ModelStore, sizes_of
from train.workshop import trained_models

BOUNDS = (100, 300, 1500)
"""Megabytes: less than the largest model, some models, and nearly all."""
ASKED, THREADS = 60, 4
SLACK = 150
"""Megabytes that answering takes besides the weights: workspaces of torch, and each thread's."""


@dataclass(frozen=True)
class Held:
    """Megabytes that a process held.

    Attributes
    ----------
    largest : the largest model, with the network that trees read; it may be kept alone.
    told : most that the store said of its models.
    weights : most that models had in memory when nobody was answered.
    idle : resident before any model was loaded.
    in_turn, at_random : resident after all models were asked in turn, and at random.
    most : resident, at any time.
    """

    largest: float
    told: float
    weights: float
    idle: float
    in_turn: float
    at_random: float
    most: float


def held(bound: int, models: list[str]) -> Held:
    """Ask models in a store that may keep so many megabytes."""
    heaps.share(WORKERS)
    torch.set_num_threads(1)
    store = ModelStore(hub.BUNDLED, bound * 2**20)
    picture = imaging.decode(drawings_of()[0])
    largest, told, weights, memory = [], [0.0], [0.0], [resident()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            memory.append(resident())

    def ask(model: str) -> None:
        store.get(model).observe(picture)
        told.append(store.loaded_bytes / 2**20)

    watching = threading.Thread(target=watch)
    watching.start()
    for model in models:
        ask(model)
        largest.append(sum(sizes_of(store.get(model)).values()) / 2**20)
        weights.append(in_memory())
    in_turn = resident()
    order = random.Random(0).choices(models, k=ASKED)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, order))
    weights.append(in_memory())
    at_random = resident()
    over.set()
    watching.join()
    return Held(max(largest), max(told), max(weights), memory[0], in_turn, at_random, max(memory))


def in_memory() -> float:
    """Megabytes of all tensors of networks that there are, whoever holds them."""
    gc.collect()
    modules = (each for each in gc.get_objects() if isinstance(each, torch.nn.Module))
    tensors = {
        tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes()
        for module in modules
        for tensor in (*module._parameters.values(), *module._buffers.values())
        if tensor is not None and tensor.device.type == "cpu"
    }
    return sum(tensors.values()) / 2**20


def measure() -> int:
    """Print a line for each bound; returns 1 when one is not obeyed, otherwise 0."""
    models = trained_models(["all"], hub.BUNDLED)
    obeyed = True
    print("MB  bound: kept, in memory; more than idle after all in turn, at random, at most")
    for bound in BOUNDS:
        # A process of its own: nothing is left of the bound before.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(held, (bound, models))
        more = (each - found.idle for each in (found.in_turn, found.at_random, found.most))
        print(
            f"{bound:9}: {found.told:4.0f}, {found.weights:9.0f}; "
            + ", ".join(f"{each:+6.0f}" for each in more),
            flush=True,
        )
        room = max(bound, found.largest) + SLACK
        obeyed = obeyed and max(found.told, found.weights) <= max(bound, found.largest)
        obeyed = obeyed and max(found.in_turn, found.at_random) - found.idle <= room
    print("The bound is obeyed." if obeyed else "The bound is not obeyed.")
    return int(not obeyed)


if __name__ == "__main__":
    sys.exit(commandline.run(measure))
