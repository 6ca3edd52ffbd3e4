"""Promises: what reaches a target, and figures that are recorded, read and out of date."""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json

import pytest

from benchmarks import fuzz
from benchmarks.recording import record
from pokeclf import promises
from pokeclf.errors import PokeclfError
from pokeclf.promises import AT_LEAST, AT_MOST, Target
from tests.tiny_checkpoints import write_random_checkpoint


@pytest.fixture
def file(tmp_path, monkeypatch):
    """An empty place for figures, in which benchmarks record."""
    monkeypatch.setattr(promises, "FIGURES", tmp_path / "benchmarks" / "figures.json")
    return promises.FIGURES


@pytest.mark.parametrize(
    ("target", "value", "words"),
    [
        (Target(AT_LEAST, 0.9), 0.94, "0.94 (target at least 0.9: reached)"),
        (Target(AT_LEAST, 0.9), 0.9, "0.90 (target at least 0.9: reached)"),
        (Target(AT_LEAST, 2.5, " times"), 2.4, "2.40 times (target at least 2.5 times: missed)"),
        (Target(AT_MOST, 3000, " MB", ",.0f"), 2900.4,
         "2,900 MB (target at most 3,000 MB: reached)"),
        (Target(AT_MOST, 25, " MB", "+.1f"), 25.1, "+25.1 MB (target at most 25 MB: missed)"),
        (Target(AT_MOST, 1e-5, style=".1e"), 1e-6, "1.0e-06 (target at most 1e-05: reached)"),
        (Target(AT_MOST, 0, style=".0f"), 1, "1 (target at most 0: missed)"),
    ],
)  # fmt: skip
def test_a_figure_is_told_with_its_target(target, value, words):
    assert target.verdict(value) == words


def test_promises_have_names_of_their_own_and_commands_that_exist():
    assert len({each.id for each in promises.MEASURED}) == len(promises.MEASURED)
    assert len({each.words for each in promises.MEASURED}) == len(promises.MEASURED)
    for promise in promises.MEASURED:
        assert importlib.util.find_spec(promise.command.split()[2]), promise.command


def test_no_file_means_that_nothing_was_measured(file):
    assert promises.read(file) == {}


def test_what_is_recorded_is_read_and_leaves_other_figures_alone(file):
    promises.record(
        file, {promises.LOAD_RATE: 0.91, promises.LOAD_MEMORY: 2500}, {"convmixer": "a"}
    )
    first = promises.read(file)
    promises.record(file, {promises.LOAD_RATE: 0.95, promises.FUZZ: 0}, {})
    found = promises.read(file)
    assert set(found) == {"load rate", "load memory", "fuzz"}
    assert found["load memory"] == first["load memory"]
    assert found["load memory"].weights == {"convmixer": "a"}
    assert (found["load rate"].value, found["load rate"].weights) == (0.95, {})
    assert found["fuzz"].date == datetime.date.today().isoformat()
    assert found["fuzz"].processors > 0
    assert found["fuzz"].torch


def test_figures_of_other_weights_do_not_count(file):
    promises.record(file, {promises.COMPARISON: 1.2}, {"convmixer": "a", "vit_frozen": "b"})
    promises.record(file, {promises.FUZZ: 0}, {})
    figures = promises.read(file)
    assert set(promises.current(figures, {"convmixer": "a", "vit_frozen": "b"})) == set(figures)
    assert set(promises.current(figures, {"convmixer": "a", "vit_frozen": "c"})) == {"fuzz"}
    assert set(promises.current(figures, {"convmixer": "a"})) == {"fuzz"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("value", "fast"), ("value", float("nan")), ("value", None), ("date", "yesterday"),
        ("date", 20250131), ("processors", 0), ("processors", "two"), ("torch", 2.9),
        ("weights", ["convmixer"]), ("weights", {"convmixer": 1}), ("colour", "red"),
    ],
)  # fmt: skip
def test_a_damaged_figure_is_one_sentence_and_stays_as_it_is(file, key, value):
    promises.record(file, {promises.FUZZ: 0}, {"convmixer": "a"})
    raw = json.loads(file.read_text())
    raw["fuzz"][key] = value
    file.write_text(json.dumps(raw))
    before = file.read_bytes()
    with pytest.raises(PokeclfError, match=r"figures.json is damaged; delete it and run"):
        promises.read(file)
    with pytest.raises(PokeclfError, match="is damaged"):
        promises.record(file, {promises.LOAD_RATE: 1}, {})
    assert file.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[]", b'{"fuzz": 3}', b'{"fuzz": {}}'])
def test_a_foreign_file_is_one_sentence(file, data):
    file.parent.mkdir()
    file.write_bytes(data)
    with pytest.raises(PokeclfError, match=r"figures.json is damaged"):
        promises.read(file)


def test_a_benchmark_records_the_weights_that_it_ran_on(file, tmp_path, capsys):
    from pokeclf import checkpoint

    card = checkpoint.read_card(write_random_checkpoint(tmp_path, "convmixer"))
    record({promises.COMPARISON: 1.25}, [card])
    assert capsys.readouterr().out.startswith("Recorded in benchmarks/figures.json;")
    found = promises.read(file)["comparison"]
    assert (found.value, found.weights) == (1.25, {"convmixer": card.weights_sha256})


@pytest.mark.parametrize(("minutes", "recorded"), [(60, {"fuzz"}), (59, set())])
def test_less_than_is_promised_is_not_recorded(
    file, tmp_path, monkeypatch, capsys, minutes, recorded
):
    def fuzzed(asked, seed, kept):
        return fuzz.Tally(defects=["a file: what it did"])

    monkeypatch.setattr(fuzz, "fuzz", fuzzed)
    options = argparse.Namespace(minutes=minutes, seed=0, keep=tmp_path)
    assert fuzz.run(options) == 1
    found = promises.read(file)
    assert set(found) == recorded
    assert all(each.value == 1 for each in found.values())
    said = "Recorded in" if recorded else "Not recorded:"
    assert said in capsys.readouterr().out
