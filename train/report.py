"""``python -m train report``: write down the results of the checkpoints.

It writes a model card, ``README.md``, into each checkpoint's folder; and, of the bundled
checkpoints, the tables of results and of promises in the project's README.md, and
``docs/results.md`` with everything else, of other checkpoints a ``README.md`` with all that beside
them. What is promised of the bundled checkpoints is printed, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from pokeclf import cardfigures, commandline, diagnosis, hub, novelty, promises, results
from pokeclf.errors import PokeclfError
from pokeclf.explain import trust
from pokeclf.explain.trust import Trust
from pokeclf.files import write_atomically
from pokeclf.modelstore import ModelStore, Status
from pokeclf.novelty import Novelty
from pokeclf.results import Result
from pokeclf.split import read_split
from train import promised, tables, trusttable
from train.modelcards import model_card
from train.tables import Stored

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "results.md"
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
        "The study's figures are its own, on its own split of a similar data set. Tree ensembles "
        "also need the network whose features they read.\n"
    )


def _row(status: Status) -> str:
    model, card = status.model, status.card
    cells = [f"`{model.id}`", model.stage]
    if card is None:
        count = f"{model.study_parameters / 1e6:.1f} M" if model.study_parameters else "–"
        state = "not trained yet" if status.state == "not trained" else status.state
        cells += [count, f"{model.study_accuracy:.2%}", state, "–", "–"]
    else:
        count = f"{card.parameters / 1e6:.1f} M"
        if model.is_tree:
            count = f"{card.settings['n_estimators']} trees, depth {card.settings['max_depth']}"
        test = card.test
        megabytes = card.weight_bytes / 1e6
        cells += [
            count,
            f"{model.study_accuracy:.2%}",
            f"**{test.accuracy:.2%}** ({test.accuracy_low:.1%}–{test.accuracy_high:.1%})",
            f"{test.top5:.2%}",
            f"{megabytes:.1f} MB",
        ]
    return f"| {' | '.join(cells)} |\n"


def with_table(readme: str, name: str, table: str) -> str:
    """README's text with a table between the two marks of that name.

    Raises
    ------
    PokeclfError
        When the marks are not there.
    """
    begin, end = f"<!-- {name}: written by `python -m train report` -->", f"<!-- end of {name} -->"
    before, mark, rest = readme.partition(begin)
    _, found, after = rest.partition(end)
    if not mark or not found:
        raise PokeclfError(f"README.md has lost the marks between which the {name} stand.")
    return f"{before}{begin}\n{table}{end}{after}"


def results_page(stored: Stored) -> str:
    """``docs/results.md``."""
    sections = (
        ("Figures", _FIGURES, tables.figures(stored)),
        ("By kind of picture", _KINDS, tables.by_kind(stored)),
        ("Trading cards", _CARDS, tables.cards(stored)),
        ("Pictures of something else", _OTHERS, tables.detectors(stored)),
        ("Settings of the trees", _SETTINGS, tables.tree_settings(stored)),
        ("The study's recipe on our images", _RECIPES, tables.recipes(stored)),
        ("First steps", _DIAGNOSIS, tables.diagnosis(stored)),
        ("Can the maps be believed?", TRUST, trusttable.table(stored)),
        ("Seeds", _SEEDS, tables.seeds(stored)),
        ("Do neighbours differ?", _NEIGHBOURS, tables.neighbours(stored)),
    )
    parts = [f"# Results\n\n{_INTRODUCTION}"]
    # A table of two lines has a header and nothing else: nothing of that kind was run yet.
    parts += [
        f"## {title}\n\n{text}\n\n{table}"
        for title, text, table in sections
        if table.count("\n") > 2
    ]
    return "\n".join(parts)


_INTRODUCTION = (
    "Written by `python -m train report` from `checkpoints/`. No model was trained or chosen on "
    "the test images; intervals are Wilson's, 95 %.\n"
)
_FIGURES = (
    "*Mirrored too*: the logits of the image and its mirror image are averaged; the application "
    "does not do that. *Calibration error*: expected difference between confidence and accuracy "
    "(15 bins), after and before the temperature that was fitted on the validation images."
)
_KINDS = "Test accuracy by what sort of picture it is, where the data set says so."
_CARDS = (
    "The test images that are trading cards, as they are and on made-up photos of them, 40 % to "
    "95 % as high as the photo's shorter side: turned, in perspective, at times in a sleeve, with "
    "glare, blur and JPEG, over backgrounds that the card finder has not seen. The card is looked "
    "for, and the part of it counts that is surest of what its parts say together, or another "
    "view, where that looks like one of the species and this part does not. *With cards looked "
    "for*: all test images, the few cards among the others, read so."
)
_OTHERS = (
    "Which pictures a model takes for one of its species, when 95 % of the validation images are "
    "accepted: test images, and others, of which one half was for fitting and the other is "
    "measured here. *At 95 %*: how many of them are refused where the threshold lets just 95 % of "
    "the test images pass, as detectors are commonly compared. *AUROC*: how often a test image "
    "looks more familiar than one of them. The bold row is what the application uses; a tree "
    "ensemble has the detector of its network."
)
_SETTINGS = "Chosen on the validation images; the study's figures are its own, on its own split."
_RECIPES = (
    "Adam at 1e-3, cross-entropy, pixels in 0…1, 240 px, no augmentation, early stopping: what "
    "the study describes, run on the same images as ours. Weights are not kept. *N of M* epochs: "
    "the run was ended there, though its recipe allows more; the others stopped by themselves, "
    "when five epochs had brought nothing better. *Side*: of the pictures of a run that was given "
    "smaller ones, because whole epochs take hours. *Clipped*: to which norm the gradients of "
    "that run were clipped, of which the study says nothing. The study's pretrained ViTs were "
    "ViT-B/16, ours are ViT-Ti/16: its figures of them are those of larger networks."
)
_DIAGNOSIS = (
    "The study's plain CNNs hardly learned: 0.66 % is one species in 151, as a network has that "
    "gives every picture the same answer. Here the first steps of both are taken as the study "
    "describes them and in other ways, those of `basic_cnn` also with common slips. A blind guess "
    "costs 5.02; where the loss is still there, nothing has been learned of the pictures. *Side*: "
    "of the pictures; of small ones the last map has fewer places, and the dense layer reads "
    "copies of them. *Shift*: how far one step moves the dense layer's units, in units of their "
    "spread; as described, a unit has 115,200 inputs, all positive or 0, so the steps of its "
    "weights add up. *Dead*: units that are 0 for every picture, which no gradient reaches. Where "
    "networks that began as described have learned nothing, most of these units are dead. The "
    "dead alone do not decide it: some learn with more of them than others that do not. Nor is it "
    "the end: in the whole runs above, `basic_cnn`, too, stood at a blind guess after its first "
    "epoch and learned later; `residual_cnn` did not."
)
TRUST = (
    "Mean gain over random maps on the same test image, with its 95 % interval, of the map for the "
    "first guess; more is better. *Deletion*: the answer is lost earlier when what the map marks "
    "is covered. *Insertion*: it comes back earlier when that is laid open. *ROAD*: it tells "
    "better what can be taken out. A method counts as better than random when it is so in "
    "deletion and insertion. *Like that of*: rank correlation of the map with the one that the "
    "same method draws when the last layers, or all weights, are random, or when the last layer "
    "(of a tree ensemble: the trees) has learned the shuffled labels of three images a species by "
    f"heart, on {trust.RANDOMISED_IMAGES} of the images; over {trust.ALIKE} it shows the picture "
    "more than what the model has learned."
)
_SEEDS = "Runs of the same recipe that differ in nothing but the seed of training."
_NEIGHBOURS = (
    "McNemar's exact test on the images that only one of two models gets right, for each model "
    "and the next best one."
)


def read_stored(root: Path) -> Stored:
    """All results in a folder of checkpoints."""
    split = read_split(root / "split.json")
    tuned = results.read_all(root, split)
    return Stored(
        tuned=tuned,
        study=results.read_all(root / "study", split),
        seeds=results.read_seeds(root, split),
        diagnosis=diagnosis.read(root),
        trust=_trust(root, tuned),
        novelty=_novelty(root, tuned),
        cards=cardfigures.current(root, tuned),
    )


def _novelty(root: Path, tuned: Mapping[str, Result]) -> dict[str, Novelty]:
    """By network, of those that a detector was fitted to."""
    known = {name: novelty.read(root / name, each.card) for name, each in tuned.items()}
    return {name: found for name, found in known.items() if found}


def _trust(root: Path, tuned: Mapping[str, Result]) -> dict[str, dict[str, Trust]]:
    """By model, of those that were examined."""
    known = {
        model_id: trust.read(root / model_id, result.card.weights_sha256)
        for model_id, result in tuned.items()
    }
    return {model_id: rows for model_id, rows in known.items() if rows}


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = commandline.Parser(prog="python -m train report", description=__doc__)
    parser.add_argument("--out", type=Path, default=hub.BUNDLED, help="folder of checkpoints")
    options: argparse.Namespace = parser.parse_args(arguments)

    def write() -> int:
        table = results_table(ModelStore(options.out))
        stored = read_stored(options.out)
        texts = {
            options.out / model_id / "README.md": model_card(
                result, stored.trust.get(model_id, {}), stored.novelty.get(model_id)
            )
            for model_id, result in stored.tuned.items()
        }
        rows = ()
        if options.out.resolve() == hub.BUNDLED:
            rows = promised.read(options.out, stored, promises.FIGURES)
            readme = with_table(README.read_text(encoding="utf-8"), "results", table)
            texts[README] = with_table(readme, "promises", promised.table(rows))
            texts[RESULTS] = results_page(stored)
        else:  # The project's own pages are about its own checkpoints.
            texts[options.out / "README.md"] = f"{table}\n{results_page(stored)}"
        for path, text in texts.items():
            write_atomically(path, text.encode())
            print(path)
        for row in rows:
            print(row)
        return 0

    return commandline.run(write)
