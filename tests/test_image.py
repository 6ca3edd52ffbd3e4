"""The container image as far as it can be tried without Docker: what it copies runs and is well."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from tests.serving import serving

ROOT = Path(__file__).resolve().parent.parent


def _instructions(name):
    """What stands after each instruction of that name in the Dockerfile, lines joined."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return re.findall(rf"^{name} (.+)$", text.replace("\\\n", ""), re.MULTILINE)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with what the image would hold; of the checkpoints, links."""
    folder = tmp_path_factory.mktemp("image")
    let_in = (ROOT / ".dockerignore").read_text().splitlines()
    for source, target in (copy.split() for copy in _instructions("COPY")):
        assert f"!{source}" in let_in
        if (ROOT / source).is_file():
            shutil.copy(ROOT / source, folder / target)
        else:
            copy = os.symlink if source == "checkpoints" else shutil.copy
            without = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, folder / target, copy_function=copy, ignore=without)
    return folder


def _files(folder):
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_torch_and_torchvision_come_from_one_build_and_nothing_else_does(tmp_path):
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    steps = _instructions("RUN")[0].split(" && ")
    greps = [step for step in map(str.strip, steps) if step.startswith("grep")]
    subprocess.run(" && ".join(greps), shell=True, cwd=tmp_path, check=True)
    names = re.compile(r"^[\w-]+", re.MULTILINE)
    both = names.findall((tmp_path / "torch.txt").read_text())
    others = names.findall((tmp_path / "others.txt").read_text())
    required = names.findall((ROOT / "requirements.txt").read_text())
    assert both == ["torch", "torchvision"]
    assert set(required) - set(others) == {"xgboost"}


def test_what_is_copied_serves_is_well_and_writes_nothing_beside_itself(image, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['xgboost'] = None\n")
    environment = dict(pair.split("=") for pair in _instructions("ENV")[0].split())
    port = environment.pop("GRADIO_SERVER_PORT")
    assert _instructions("EXPOSE") == [port]
    assert _instructions("USER")[-1] not in ("root", "0")
    assert json.loads(_instructions("CMD")[-1]) == ["python", "app.py"]
    before = _files(image)
    app = image / "app.py"
    with serving(image, "", app, PYTHONPATH=str(tmp_path), **environment) as server:
        assert _check(server) == 0
        with urllib.request.urlopen(f"{server.address}/health") as answer:
            assert json.load(answer)["models"] == len(list(image.glob("checkpoints/*/card.json")))
        client = Client(server.address, verbose=False, analytics_enabled=False)
        drawing = handle_file(ROOT / "examples" / "pikachu.png")
        answer = client.predict(drawing, "xgboost_exp1", api_name="/predict")
        assert "pikachu" in [guess["species"] for guess in answer["top"]]
        assert _files(image) == before
    assert _check(server) != 0


def _check(server):
    """Exit code of the image's health check."""
    python, *arguments = json.loads(_instructions("HEALTHCHECK")[0].partition("CMD ")[2])
    assert python == "python"
    port = server.address.rpartition(":")[2]
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "GRADIO_SERVER_PORT": port},
        stderr=subprocess.DEVNULL,
    ).returncode
