"""Figures and findings in words and HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from PIL import Image

from pokeclf.checkpoint import Card
from pokeclf.classifier import Guess, Status
from pokeclf.explain import Explanation, Method
from pokeclf.explain.faithfulness import Faithfulness
from pokeclf.explain.trust import Trust
from pokeclf.imaging import Preprocessing
from pokeclf.markup import NBSP, percent
from pokeclf.species import of
from pokeclf.study import SCRATCH, StudyModel

FIGURE_SPACE = "\N{FIGURE SPACE}"
COLOURS = (
    "Yellow marks the places that count most, dark purple those that the model looked past. "
    "The colours compare places within this one picture: yellow does not mean that the model "
    "is sure."
)
NOTHING_FOUND = "By this method, nothing in the picture speaks for this species."


def megabytes(size: int) -> str:
    """Bytes as a person reads them: ``2.8 MB``, ``45 MB``."""
    value = size / 1e6
    return f"{value:.{1 if value < 10 else 0}f}{NBSP}MB"


def millions(count: int) -> str:
    """A number of parameters: ``0.70 M``, ``11.3 M``, ``129 M``."""
    value = count / 1e6
    return f"{value:.{2 if value < 1 else 1 if value < 100 else 0}f}{NBSP}M"


def milliseconds(seconds: float) -> str:
    """A duration: ``28 ms``, ``1.4 s``."""
    return f"{1000 * seconds:.0f}{NBSP}ms" if seconds < 1 else f"{seconds:.1f}{NBSP}s"


def model_label(entry: StudyModel, card: Card) -> str:
    """One line for the model picker."""
    stage = "" if entry.stage in entry.name else f" — {entry.stage}"
    accuracy = percent(card.test.accuracy)
    return f"{accuracy} — {entry.name} — {megabytes(card.weight_bytes)}{stage}"


def model_summary(entry: StudyModel, card: Card) -> str:
    """What a model is and how good, as HTML."""
    test = card.test
    size = megabytes(card.weight_bytes)
    if not entry.is_tree:
        size = f"{millions(card.parameters)} parameters, {size}"
    return (
        f"<strong>{stage_title(entry.stage)}:</strong> {escape(entry.summary)}. "
        f"It named {percent(test.accuracy)} of "
        f"{test.images:,} test images correctly (95{NBSP}% interval "
        f"{percent(test.accuracy_low)} to {percent(test.accuracy_high)}). {size}."
    )


def model_table(statuses: Iterable[Status]) -> str:
    """All models by stage, as HTML; those that cannot answer say why."""
    rows = []
    for stage, members in groupby(statuses, key=lambda status: status.model.stage):
        rows.append(f'<tr><th colspan="3" scope="rowgroup">{stage_title(stage)}</th></tr>')
        rows.extend(_model_row(status) for status in members)
    head = "<tr><th>Model</th><th>Accuracy</th><th>Size</th></tr>"
    return f'<table class="models"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _model_row(status: Status) -> str:
    entry, card = status.model, status.card
    name = f"<td>{escape(entry.name)}<small>{escape(entry.summary)}</small></td>"
    if card is None:
        return f'<tr class="missing">{name}<td colspan="2">{escape(status.problem)}</td></tr>'
    figures = (percent(card.test.accuracy), megabytes(card.weight_bytes))
    return f"<tr>{name}{''.join(f'<td>{figure}</td>' for figure in figures)}</tr>"


def stage_title(stage: str) -> str:
    """A stage of the study as a heading."""
    return "From scratch" if stage == SCRATCH else stage.capitalize()


def guess_label(guess: Guess) -> str:
    """One option of the list of guesses; the figures stand in a column."""
    return f"{percent(guess.probability).rjust(8, FIGURE_SPACE)}  {of(guess.species).name}"


def guess_bars(guesses: Sequence[Guess]) -> str:
    """The lengths of the bars behind the guesses: a style sheet, since labels are plain text."""
    rules = (
        f"#guesses label:nth-of-type({place}) {{ --share: {100 * guess.probability:.2f}% }}"
        for place, guess in enumerate(guesses, start=1)
    )
    return f"<style>{' '.join(rules)}</style>"


def species_line(slug: str) -> str:
    """A species with its number and types, as HTML."""
    species = of(slug)
    types = " ".join(f'<span class="type {kind}">{kind}</span>' for kind in species.types)
    return (
        f'<span class="number">#{species.number:03}</span> '
        f'<span class="name">{escape(species.name)}</span> {types}'
    )


def confidence(probability: float) -> str:
    """How sure a calibrated probability is, in a word or two."""
    if probability >= 0.9:
        return "Almost certainly"
    if probability >= 0.6:
        return "Probably"
    if probability >= 0.3:
        return "Perhaps"
    return "Not sure; the best guess is"


def verdict(model: str, best: Guess, classification: float, explanation: float) -> str:
    """The answer in large letters, as HTML."""
    return (
        f'<p class="lead">{confidence(best.probability)}</p>'
        f"<h2>{species_line(best.species)}</h2>"
        f'<p class="facts"><strong>{percent(best.probability)}</strong> · {escape(model)} · '
        f"recognised in {milliseconds(classification)} · "
        f"map in {milliseconds(explanation)}</p>"
    )


def unknown_address(parts: Iterable[str]) -> str:
    """What of an address was left out; ``parts`` are names of ours, not what stood there."""
    return f"Part of this address means nothing here and was left out: {', '.join(parts)}."


def not_guessed(species: str, most: int) -> str:
    """Why a map is not for the species that was asked for, as HTML."""
    return (
        f"{escape(of(species).name)} is not among this model's {most} best guesses, so the map is "
        "for its best one."
    )


def seen_line(preprocessing: Preprocessing, size: tuple[int, int]) -> str:
    """How an image of that size became the model's input."""
    side = preprocessing.size
    how = ""
    if size[0] != size[1]:
        how = {"squash": ", stretched to a square", "pad": ", filled up with white to a square"}[
            preprocessing.rule
        ]
    return f"{side} × {side} pixels{how}"


def reading_line(method: Method, explanation: Explanation, known: Trust | None) -> str:
    """What a map shows, how to read it and whether such maps can be believed, as HTML."""
    shown = of(explanation.species)
    parts = [f"<strong>{escape(method.name)}</strong>: {escape(method.sentence)}"]
    if method.per_species:
        types = " and ".join(shown.types)
        parts.append(f"This map is for #{shown.number:03} {escape(shown.name)} ({types}).")
        if explanation.against:
            parts.append(f"It is compared with {escape(of(explanation.against).name)}.")
    elif "same for every species" not in method.sentence:
        parts.append("The map is the same for every species.")
    if not explanation.evidence.any():
        parts.append(NOTHING_FOUND)
    return f"<p>{' '.join(parts)}</p><p>{COLOURS}</p>{trust_line(known)}"


def trust_line(known: Trust | None) -> str:
    """What many pictures say about a model's maps by a method, as HTML."""
    if known is None:
        return ""
    line = (
        f"On {known.images} test pictures, such maps of this model marked what its answer "
        "depends on better than random maps do."
        if known.beats_random
        else f"<strong>On {known.images} test pictures, such maps of this model were not clearly "
        "better than random maps.</strong>"
    )
    if known.ignores_weights:
        line += (
            " <strong>They look much the same when the model has learned nothing: they show the "
            "picture more than the model's reasons.</strong>"
        )
    if known.ignores_labels:
        line += (
            " <strong>They look much the same when the answers were learned from shuffled names: "
            "they show what stands out to the model, whatever the species.</strong>"
        )
    return f'<p class="trust">{line}</p>'


def faithfulness_line(method: Method, name: str, found: Faithfulness) -> str:
    """What a comparison with random maps says, as HTML: a verdict, and the figures.

    Parameters
    ----------
    name : of the species that the map is for.
    """
    species = escape(name)
    count = len(found.random.deletion)
    beaten = (found.beaten_deleting, found.beaten_inserting, found.beaten_removing)
    passed = sum(number >= 0.95 * count for number in beaten)
    verdict = {
        0: "Not clearly better than chance: on this picture, don't rely on this map.",
        1: "In part: one of three tests bears this map out.",
        2: "Largely: two of three tests bear this map out.",
        3: f"Yes: how sure the model is of {species} depends on what this map marks.",
    }[passed]
    return (
        f"<p><strong>{verdict}</strong></p><p>When the places that it marks are covered, the "
        f"model becomes less sure of {species} faster than with {found.beaten_deleting} of {count} "
        f"random maps; when only they are shown, it becomes sure again faster than with "
        f"{found.beaten_inserting}; and it tells better than {found.beaten_removing} of them what "
        f"can be taken out of the picture. ({escape(method.name)}: area under the deletion curve "
        f"{found.deletion:.3f}, under the insertion curve {found.insertion:.3f}, ROAD "
        f"{found.road:.3f}.)</p>"
    )


def pair_line(first: Explanation, second: Explanation, overlap: float) -> str:
    """How to read two maps beside each other, as HTML."""
    same_unit = (first.model, first.method, first.layer) == (
        second.model, second.method, second.layer
    )  # fmt: skip
    scale = (
        "Both maps are on one scale: the same colour means the same amount."
        if same_unit
        else "The two have no unit in common, so the colours show each place's share of its map."
    )
    return (
        f"<p>{scale} In the third picture, orange places count more in the first map, purple ones "
        f"in the second. Of the brightest fifth of the one, <strong>{100 * overlap:.0f}{NBSP}%"
        "</strong> is also in that of the other; by chance it would be "
        f"20{NBSP}%.</p>"
    )


def figures(pictures: Iterable[tuple[Image.Image, str]]) -> str:
    """Pictures with captions below them, as HTML that needs no further request."""
    found = []
    for picture, name in pictures:
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=85)
        data = base64.b64encode(buffer.getvalue()).decode()
        found.append(
            f'<figure><img alt="{escape(name)}" src="data:image/webp;base64,{data}">'
            f"<figcaption>{escape(name)}</figcaption></figure>"
        )
    return f'<div class="figures">{"".join(found)}</div>'


def through_line(heads: bool) -> str:
    """How to read the maps of all heads or of all layers, as HTML."""
    if heads:
        return "<p>What each attention head of this block looks at, all on one scale.</p>"
    return (
        "<p>From the first layers, which see edges and colours, to the last, which see whole "
        "parts. Each map has a scale of its own, as layers have no unit in common.</p>"
    )


def caption(
    model: StudyModel, card: Card, method: Method, explanation: Explanation, probability: float
) -> list[str]:
    """Lines that say what a saved map shows, in plain text."""
    compared = (
        f", compared with {of(explanation.against).name}" if explanation.against is not None else ""
    )
    test = card.test
    return [
        f"Where {model.name} looked for {of(explanation.species).name} ({percent(probability)})",
        f"{method.name}, {explanation.layer}{compared}",
        f"pokeclf, test accuracy {percent(test.accuracy)} ({percent(test.accuracy_low)} to "
        f"{percent(test.accuracy_high)}), weights {card.weights_sha256[:12]}",
    ]


def details(
    card: Card, method: Method, explanation: Explanation, probability: float, known: Trust | None
) -> str:
    """Everything a specialist wants to know about an answer, as an HTML list."""
    test = card.test
    body = card.architecture + (f" on {card.backbone}" if card.backbone else "")
    facts = {
        "Method": f"{method.name}, {milliseconds(explanation.seconds)}",
        "Layer": explanation.layer,
        "Class": f"{explanation.species}, output {card.classes.index(explanation.species)} "
        f"of {len(card.classes)}, probability {probability:.4f}",
        "Temperature": f"{card.temperature:.3f}",
        "Architecture": body,
        "Recipe": f"{card.recipe}, seed {card.seed}",
        "Test accuracy": f"{percent(test.accuracy)}, 95 % interval {percent(test.accuracy_low)} "
        f"to {percent(test.accuracy_high)}, {test.images:,} images",
        "Calibration error": f"{percent(test.calibration_error)}, without temperature "
        f"{percent(test.uncalibrated_error)}",
        "Weights": f"SHA-256 {card.weights_sha256[:12]}…, {megabytes(card.weight_bytes)}",
    }
    if known:
        facts |= {
            f"Gain over random maps, {known.images} test pictures": f"deletion "
            f"{known.deletion:+.3f} ({known.deletion_low:+.3f} to {known.deletion_high:+.3f}), "
            f"insertion {known.insertion:+.3f} ({known.insertion_low:+.3f} to "
            f"{known.insertion_high:+.3f}), ROAD {known.road:+.3f} ({known.road_low:+.3f} to "
            f"{known.road_high:+.3f})",
            "Rank correlation with randomised maps": f"last layers {known.other_head:.2f}, all "
            f"weights {known.other_weights:.2f}, shuffled labels {known.other_labels:.2f}",
        }
    items = "".join(f"<dt>{term}</dt><dd>{escape(fact)}</dd>" for term, fact in facts.items())
    return f"<dl>{items}</dl>"
