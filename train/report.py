"""``python -m train report``: write the results table into README.md from the checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path

from pokeclf import commandline, hub
from pokeclf.classifier import ModelStore, Status
from pokeclf.errors import PokeclfError
from pokeclf.files import write_atomically

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- results: written by `python -m train report` -->"
END = "<!-- end of results -->"
_HEADER = (
    "| model | stage | parameters | study | ours (95 % interval) | top-5 | on disk |\n"
    "|---|---|---:|---:|---:|---:|---:|\n"
)


def results_table(store: ModelStore) -> str:
    """The fifteen models as a Markdown table, every figure from the cards."""
    statuses = store.statuses()
    trained = [status for status in statuses if status.card]
    if not trained:
        raise PokeclfError("No model is trained yet, so there is nothing to report.")
    images = {status.card.test.images for status in trained}
    rows = "".join(_row(status) for status in statuses)
    return (
        f"{_HEADER}{rows}\n"
        f"Test accuracy on {' / '.join(map(str, sorted(images)))} images that no model was "
        f"trained or chosen on. {len(trained)} of {len(statuses)} models are trained. "
        "The study's figures are its own, on its own split of a similar data set.\n"
    )


def _row(status: Status) -> str:
    model, card = status.model, status.card
    cells = [f"`{model.id}`", model.stage]
    if card is None:
        count = f"{model.study_parameters / 1e6:.1f} M" if model.study_parameters else "–"
        cells += [count, f"{model.study_accuracy:.2%}", "not trained yet", "–", "–"]
    else:
        count = f"{card.parameters / 1e6:.1f} M"
        if model.is_tree:
            count = f"{card.settings['n_estimators']} trees, depth {card.settings['max_depth']}"
        test = card.test
        megabytes = sum(file.bytes for file in card.weights) / 1e6
        cells += [
            count,
            f"{model.study_accuracy:.2%}",
            f"**{test.accuracy:.2%}** ({test.accuracy_low:.1%}–{test.accuracy_high:.1%})",
            f"{test.top5:.2%}",
            f"{megabytes:.1f} MB",
        ]
    return f"| {' | '.join(cells)} |\n"


def with_table(readme: str, table: str) -> str:
    """README's text with the table between its two marks."""
    before, mark, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise PokeclfError("README.md has lost the marks between which the results stand.")
    return f"{before}{BEGIN}\n{table}{END}{after}"


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = commandline.Parser(prog="python -m train report", description=__doc__)
    parser.add_argument("--out", type=Path, default=hub.BUNDLED, help="folder of checkpoints")
    options: argparse.Namespace = parser.parse_args(arguments)

    def write() -> int:
        table = results_table(ModelStore(options.out))
        text = with_table(README.read_text(encoding="utf-8"), table)
        write_atomically(README, text.encode())
        print(f"{README.name} holds the results of {options.out.name}.")
        return 0

    return commandline.run(write)
