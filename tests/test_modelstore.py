"""Models that are loaded when they are asked for, in bounded memory."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch

from pokeclf import checkpoint, heaps, modelstore
from pokeclf.classifier import Classifier
from pokeclf.errors import PokeclfError
from pokeclf.models.trees import TreeNetwork
from pokeclf.modelstore import ModelStore, sizes_of
from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture
def root(tmp_path):
    write_random_checkpoint(tmp_path, "convmixer")
    return tmp_path


def test_an_unknown_model_is_not_a_path(root):
    with pytest.raises(PokeclfError, match="There is no model"):
        ModelStore(root).get("../convmixer")


def test_memory_is_bounded_and_the_least_recently_used_goes(tmp_path):
    for model in ("convmixer", "resnet18_scratch", "resnet18_finetuned"):
        write_random_checkpoint(tmp_path, model)
    store = ModelStore(tmp_path, max_bytes=60 * 2**20)  # one ResNet-18 and a ConvMixer fit
    first = store.get("resnet18_scratch")
    store.get("convmixer")
    assert store.get("resnet18_scratch") is first
    store.get("resnet18_finetuned")
    assert store.loaded_bytes <= store.max_bytes
    assert store.get("resnet18_scratch") is not first


@pytest.fixture
def trees(tmp_path, monkeypatch):
    """A folder of checkpoints, and trees of 4 MB that read the features of a network of 43 MB."""
    for model in ("convmixer", "resnet18_finetuned"):
        write_random_checkpoint(tmp_path, model)
    load = modelstore.load

    def load_trees(root, model_id, source):
        if model_id != "xgboost_exp1":
            return load(root, model_id, source)
        origin = source("resnet18_finetuned")
        card = replace(origin.card, model=model_id, features_from=origin.card.model)
        return Classifier(card, TreeNetwork(origin.network, torch.nn.Linear(1024, 1024)))

    monkeypatch.setattr(modelstore, "load", load_trees)
    return tmp_path


def test_trees_that_are_kept_alone_count_with_the_network_that_they_hold(trees):
    store = ModelStore(trees, max_bytes=20 * 2**20)
    kept = store.get("xgboost_exp1")
    assert store.loaded_bytes > 40 * 2**20
    assert store.get("xgboost_exp1") is kept
    store.get("convmixer")  # Both would be more than the bound.
    assert store.loaded_bytes <= store.max_bytes
    assert store.get("xgboost_exp1") is not kept


def test_a_network_that_trees_read_is_in_use_with_them(trees):
    store = ModelStore(trees, max_bytes=60 * 2**20)
    kept = store.get("xgboost_exp1")
    convmixer = store.get("convmixer")
    assert store.get("xgboost_exp1") is kept
    store.max_bytes = store.loaded_bytes - 1
    write_random_checkpoint(trees, "vit_finetuned")
    store.max_bytes += sum(sizes_of(ModelStore(trees).get("vit_finetuned")).values())
    store.get("vit_finetuned")  # for which the least recently used, and that alone, goes
    assert store.get("xgboost_exp1") is kept
    assert store.get("convmixer") is not convmixer


def test_models_are_loaded_one_at_a_time_and_memory_is_given_back(trees, monkeypatch):
    load, at_work, given = modelstore.load, threading.Semaphore(1), []

    def alone(root, model_id, source):
        if model_id == "xgboost_exp1":  # which loads another one meanwhile
            return load(root, model_id, source)
        assert at_work.acquire(blocking=False)
        time.sleep(0.1)
        at_work.release()
        return load(root, model_id, source)

    monkeypatch.setattr(modelstore, "load", alone)
    monkeypatch.setattr(heaps, "give_back", lambda: given.append(1))
    store = ModelStore(trees)
    models = ["convmixer", "resnet18_finetuned", "xgboost_exp1"]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(store.get, models))
    assert len(given) == len(models)


def test_a_retrained_checkpoint_takes_the_place_of_the_old_one(root):
    store = ModelStore(root)
    old = store.get("convmixer")
    assert store.get("convmixer") is old
    write_random_checkpoint(root, "convmixer", seed=5)
    os.utime(root / "convmixer" / checkpoint.CARD, ns=(1, 1))
    assert store.get("convmixer") is not old


def test_missing_weights_are_seen_without_loading(root):
    (root / "convmixer" / "weights.safetensors").unlink()
    status = ModelStore(root).status("convmixer")
    assert status.card is None
    assert "missing or incomplete" in status.problem


def test_a_model_is_loaded_once_however_many_ask(root, monkeypatch):
    loads, load = [], modelstore.load

    def counted(*arguments):
        loads.append(1)
        return load(*arguments)

    monkeypatch.setattr(modelstore, "load", counted)
    store, barrier = ModelStore(root), threading.Barrier(8)

    def ask(_):
        barrier.wait()
        return store.get("convmixer")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert len(loads) == 1
    assert all(classifier is found[0] for classifier in found)
