"""Figures and findings in words and HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from PIL import Image

from pokeclf.checkpoint import Card
from pokeclf.classifier import Guess
from pokeclf.imaging import Preprocessing
from pokeclf.markup import NBSP, percent
from pokeclf.modelstore import Status
from pokeclf.species import of
from pokeclf.study import SCRATCH, StudyModel, find

NONE_OF_THEM = "This does not look like one of the 151. The nearest guess is"
FIGURE_SPACE = "\N{FIGURE SPACE}"


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


def verdict(
    model: str, best: Guess, familiar: bool, classification: float, explanation: float
) -> str:
    """The answer in large letters, as HTML.

    Parameters
    ----------
    familiar : whether the picture may show one of the species at all.
    """
    lead = confidence(best.probability) if familiar else NONE_OF_THEM
    return (
        f'<p class="lead">{lead}</p>'
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


def not_there(model: str, absent: Sequence[str]) -> str:
    """Why a map is not made as an address asks, as HTML."""
    return (
        f"{escape(find(model).name)} has no {escape(' and no '.join(absent))}, "
        "so its usual map is shown."
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
