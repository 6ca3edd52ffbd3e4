"""The floors of the house: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path.relative_to(ROOT) for part in ("pokeclf", "train") for path in (ROOT / part).rglob("*.py")
)
FLOORS = [
    {"errors", "species", "files", "storage", "recipe", "markup", "containers", "heaps", "sealed"},
    {"recipes"},
    {"study", "imaging", "hub", "commandline", "evaluation", "latency", "diagnosis", "promises"},
    {"dataset", "models"},
    {"split"},
    {"checkpoint", "datasummary", "novelty"},
    {"classifier", "results", "library", "pictures", "embedding", "tradingcards", "cardfigures"},
    {"modelstore", "reading"},
    {"explain", "selections", "catalog", "catalogtable", "drawings"},
    {
        "charts",
        "treefindings",
        "recipefindings",
        "firststeps",
        "alternatives",
        "datafindings",
        "schema",
    },
    {"findings"},
    {"confusions", "exhibits"},
    {"report"},
    {"dashboard", "explaincommand", "catalogcommand", "__main__"},
]


def _imports(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_libraries_stay_where_they_belong(path):
    roots = {name.split(".")[0] for name in _imports(path)}
    if path.parts[:2] != ("pokeclf", "dashboard"):
        assert "gradio" not in roots
    if path.parts[:2] != ("pokeclf", "charts"):
        assert "plotly" not in roots
    if path.parts[0] == "pokeclf":
        assert "train" not in roots
    assert not roots & {"pickle", "joblib", "dill", "shelve"}


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parts[0] == "pokeclf"], ids=str)
def test_nothing_imports_upwards(path):
    level = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    own = Path(path.parts[1]).stem
    if own == "__init__":
        return
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] == "pokeclf" and len(parts) > 1 and parts[1] in level:
            assert level[parts[1]] <= level[own], f"{path} imports {name}"


def test_training_needs_none_of_what_serves_and_explains():
    """A machine with a GPU may have torch, timm and scikit-learn alone."""
    program = (
        "import sys\n"
        "for name in ('gradio', 'pytorch_grad_cam', 'xgboost', 'plotly', 'kagglehub'):\n"
        "    sys.modules[name] = None\n"
        "import train.__main__, train.data, train.diagnose, train.embed, train.verify\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
