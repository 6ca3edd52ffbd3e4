"""The schema itself, and that what the command line prints follows it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from jsonschema import Draft202012Validator

from pokeclf import schema, tradingcards
from pokeclf.__main__ import main
from pokeclf.tradingcards import PARTS, WHOLE
from tests.card_scene import finder_of_scenes
from tests.dashboard.conftest import PIKACHU

SCHEMA = json.loads(schema.FILE.read_text(encoding="utf-8"))


def _part(name):
    """What a part of the schema accepts."""
    return Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{name}"}]})


def test_it_is_a_schema_of_the_version_that_answers_carry():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["answer"]["properties"]["version"] == {"const": schema.VERSION}
    assert SCHEMA["$id"] == f"urn:pokeclf:answers:{schema.VERSION}"


def test_a_line_of_the_command_line_is_a_prediction_without_version_and_kind(root, capsys):
    assert main([f"--checkpoints={root}", "predict", PIKACHU, "--model=convmixer", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    _part("line").validate(line)
    jsonschema.validate(schema.answer("prediction", line), SCHEMA)


def test_the_part_that_counts_is_told_only_where_cards_were_looked_for(root, capsys, monkeypatch):
    monkeypatch.setattr(tradingcards, "load", lambda root: finder_of_scenes())
    told = []
    for options in ([], ["--cards"]):
        command = ["predict", PIKACHU, "--model=convmixer", "--json", *options]
        assert main([f"--checkpoints={root}", *command]) == 0
        told.append(json.loads(capsys.readouterr().out))
        _part("line").validate(told[-1])
    without, with_cards = told
    assert with_cards == {**without, "part": WHOLE}
    for part in (*PARTS, WHOLE):
        assert part in SCHEMA["$defs"]["part"]["description"]


def test_the_list_of_models_follows_it(root, capsys):
    assert main([f"--checkpoints={root}", "models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    jsonschema.validate(schema.answer("models", {"models": models}), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"kind": "explanation"},
        {"kind": "guess"},
        {"more": 1},
        {"model": None},
        {"part": None},
        {"part": ""},
        {"familiar": "yes"},
        {"top": [{"species": "mew", "probability": 1.5}]},
        {"top": [{"species": "mew"}]},
    ],
)
def test_other_forms_are_refused(change):
    good = {
        "version": 1, "kind": "prediction", "image": "a.png", "model": "convmixer", "top": [],
        "familiar": None,
    }  # fmt: skip
    jsonschema.validate(good, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, **change}, SCHEMA)
