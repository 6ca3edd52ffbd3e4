"""The front matter of README.md, which configures the Hugging Face Space, against its reference."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
COLOURS = ["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}
REFERENCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "sdk", "sdk_version", "python_version", "app_file"],
    "properties": {
        "title": TEXT,
        "emoji": {"type": "string", "minLength": 1, "maxLength": 2},
        "colorFrom": {"enum": COLOURS},
        "colorTo": {"enum": COLOURS},
        "sdk": {"const": "gradio"},
        "python_version": {"type": "string", "pattern": r"^3\.\d+(\.\d+)?$"},
        "sdk_version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "suggested_hardware": {"enum": ["cpu-basic", "cpu-upgrade"]},
        "suggested_storage": {"enum": ["small", "medium", "large"]},
        "app_file": TEXT,
        "base_path": {"type": "string", "pattern": "^/"},
        "fullWidth": {"type": "boolean"},
        "header": {"enum": ["mini", "default"]},
        "short_description": {"type": "string", "minLength": 1, "maxLength": 60},
        "models": TEXTS,
        "datasets": TEXTS,
        "tags": TEXTS,
        "thumbnail": TEXT,
        "pinned": {"type": "boolean"},
        "disable_embedding": {"type": "boolean"},
        "startup_duration_timeout": TEXT,
        "preload_from_hub": TEXTS,
    },
}
"""The documented keys and values, less those for Docker, static pages, GPUs and accounts:
https://huggingface.co/docs/hub/spaces-config-reference. That a short description has at most 60
characters is said by the Hub when it refuses a longer one."""


@pytest.fixture(scope="module")
def front_matter():
    _, block, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(block)


def test_every_key_and_value_is_a_documented_one(front_matter):
    jsonschema.validate(front_matter, REFERENCE)
    assert unicodedata.category(front_matter["emoji"][0]) == "So"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("colorTo", "orange"),
        ("python_version", 3.1),  # what YAML makes of an unquoted 3.10
        ("short_description", "x" * 61),
        ("sdk_versoin", "6.31.0"),
        ("pinned", "no"),
    ],
)
def test_the_reference_refuses_mistakes(front_matter, key, value):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**front_matter, key: value}, REFERENCE)


def test_it_fits_what_the_repository_holds_and_requires(front_matter):
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = [Requirement(line) for line in lines if line and not line.startswith("#")]
    gradio = next(each for each in required if each.name == "gradio")
    assert front_matter["sdk_version"] in gradio.specifier
    assert Version(front_matter["python_version"]) >= Version("3.11")
    assert (ROOT / front_matter["app_file"]).is_file()
