"""``checkpoints/<id>/README.md``: what a model is, how it was made, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from pokeclf import evaluation, models, recipefindings, study
from pokeclf.checkpoint import Card
from pokeclf.explain.trust import Trust
from pokeclf.novelty import Novelty
from pokeclf.results import Result, further_runs
from pokeclf.study import StudyModel
from train import trusttable
from train.tables import detector_header, detector_rows, markdown, percent, with_interval

_SETTINGS = (
    *(name for name in recipefindings.SETTINGS if name not in ("eval_size", "normalisation")),
    "n_estimators",
    "max_depth",
)
"""Names of the settings that a row tells; the two left out are what the row of the input says."""


def model_card(result: Result, known: Mapping[str, Trust], detector: Novelty | None) -> str:
    """The model card as Markdown, every figure from the artefacts beside it.

    Parameters
    ----------
    known : what was found about its methods of explanation, by method.
    detector : what tells pictures of none of its species.
    """
    card = result.card
    model = study.find(card.model)
    sections = {
        "": _summary(model, result),
        "Data": _data(result),
        "Recipe": _recipe(result),
        "Figures": _figures(result),
        "Explanations": _explanations(known),
        "Pictures of something else": _others(detector),
        "Limits": _limits(result),
        "Licence": (
            "For research and teaching; what the weights were trained from stands in "
            "[LICENSE.md](../LICENSE.md).\n"
        ),
    }
    parts = [f"# {model.name}\n"]
    parts += [
        f"## {title}\n\n{text}" if title else text for title, text in sections.items() if text
    ]
    return "\n".join(parts)


def _learned(card: Card) -> str:
    """How many parameters a network has that learned on a coarser grid than it is described on."""
    grid = card.settings.get("grid")
    if grid is None:
        return ""
    with torch.device("meta"):
        network = models.build(card.architecture, len(card.classes), card.backbone).coarse(grid)
    count = models.parameter_count(network) / 1e6
    return (
        f", learned and stored as {count:.2f} M: the dense layer learned on {grid} × {grid} places "
        "of its map, and spread over all of them it says the same"
    )


def _summary(model: StudyModel, result: Result) -> str:
    card = result.card
    backbone = f" Backbone: {card.backbone}" if card.backbone else ""
    if card.backbone and card.backbone != model.study_backbone:
        backbone += f" (the study's was {model.study_backbone})"
    size = (
        f"It reads the features of [{card.features_from}](../{card.features_from}/README.md)."
        if card.features_from
        else f"{card.parameters / 1e6:.2f} M parameters{_learned(card)}."
    )
    return (
        f"{model.summary[0].upper()}{model.summary[1:]} ({model.stage}).{backbone}"
        f"{'.' if backbone else ''} {size}\n"
    )


def _data(result: Result) -> str:
    card = result.card
    return (
        f"{card.test.images} test and {card.validation.images} validation images of "
        f"{len(card.classes)} species were held out; the others were trained on. Near-duplicates "
        "are on one side of the split, which is [split.json](../split.json) (fingerprint "
        f"{card.split_fingerprint[:12]}). Everything was chosen on the validation images.\n"
    )


def _recipe(result: Result) -> str:
    card = result.card
    seen = card.preprocessing
    rows = [[key, str(card.settings[key])] for key in _SETTINGS if key in card.settings]
    for place, run in further_runs(card):
        rows += [[f"{name} of the {place} run", str(value)] for name, value in run.items()]
    for name, value in card.settings.get("options", {}).items():
        rows.append([name, str(value)])
    rows += [
        ["input", f"{seen.size} px, {seen.rule}, mean {_rounded(seen.mean)}, "
                  f"standard deviation {_rounded(seen.std)}"],
        ["recipe, seed", f"{card.recipe}, {card.seed}"],
        ["training time", f"{card.training_seconds / 60:.1f} min on the machine that it had"],
        ["libraries", ", ".join(f"{name} {version}" for name, version in card.libraries.items())],
    ]  # fmt: skip
    return markdown(("setting", "value"), rows)


def _rounded(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _figures(result: Result) -> str:
    card, test = result.card, result.card.test
    rows = [
        ["test accuracy (95 % interval)", with_interval(test)],
        ["the study's accuracy, on its own split", f"{study.find(card.model).study_accuracy:.2%}"],
        ["validation accuracy", with_interval(card.validation)],
        ["top-5", f"{test.top5:.2%}"],
        ["mean over species", f"{test.macro_accuracy:.2%}"],
        ["macro F1", f"{test.macro_f1:.2%}"],
        ["calibration error before temperature", f"{test.uncalibrated_error:.2%}"],
        [f"and after (T = {card.temperature:.3f})", f"{test.calibration_error:.2%}"],
    ]  # fmt: skip
    if card.flip_averaged:
        rows.append(["with the mirrored image averaged in", with_interval(card.flip_averaged)])
        rows.append(["same first guess as before storing", f"{card.agreement:.2%}"])
    for kind, found in result.accuracy_by_kind().items():
        low, high = found.interval
        rows.append(
            [f"{kind} ({found.trials} images)", f"{found.share:.1%} ({low:.1%}–{high:.1%})"]
        )
    return markdown(("figure", "value"), rows)


def _explanations(known: Mapping[str, Trust]) -> str:
    if not known:
        return ""
    images = next(iter(known.values())).images
    table = markdown(("method", *trusttable.HEADER), map(trusttable.row, known.values()))
    return (
        f"How its maps did on {images} test images; [the results](../../docs/results.md) say what "
        f"the columns mean.\n\n{table}"
    )


def _others(detector: Novelty | None) -> str:
    if detector is None:
        return ""
    groups = sorted({group for each in detector.detectors.values() for group in each.others})
    table = markdown(detector_header(groups), detector_rows(detector, groups))
    return (
        "How well it tells pictures that show none of its species; [the results]"
        f"(../../docs/results.md) say how that was measured.\n\n{table}"
    )


def _limits(result: Result) -> str:
    card = result.card
    per_species = _hardest(result)
    names = ", ".join(f"{name} ({percent(share)})" for name, share in per_species)
    return (
        f"It knows {len(card.classes)} species and gives one of them for any picture. Nobody "
        "checked every label: some right answers count as wrong, and the other way round. The "
        f"species that it recognises least among the test images: {names}.\n"
    )


def _hardest(result: Result) -> list[tuple[str, float]]:
    card = result.card
    shares = evaluation.class_accuracy(result.guesses, result.labels, len(card.classes))
    measured = np.flatnonzero(~np.isnan(shares))
    order = measured[np.argsort(shares[measured], kind="stable")]
    return [(card.classes[number], float(shares[number])) for number in order[:5]]
