"""What is said about a map: how to read it, whether to believe it, and what it was made by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from matplotlib.colors import to_hex

from pokeclf.dashboard.answer import Answer
from pokeclf.dashboard.comparison import Seat
from pokeclf.dashboard.wording import megabytes, milliseconds
from pokeclf.explain import METHODS, Explanation, Method, overlay
from pokeclf.explain.compare import Overlap
from pokeclf.explain.faithfulness import Faithfulness
from pokeclf.explain.result import NOTHING_FOUND
from pokeclf.explain.trust import Trust
from pokeclf.markup import NBSP, percent, table
from pokeclf.species import of

COLOURS = (
    "Yellow marks the places that count most, violet those that count a little; the model looked "
    "past the darkened rest. The colours compare places within this one picture: yellow does not "
    "mean that the model is sure."
)
NEVER_EXAMINED = (
    "How far such maps of this model can be believed was not measured. <em>Can this map be "
    "believed?</em> asks it of this one."
)
OTHER_SETTINGS = (
    "How far maps of this method can be believed was measured at its usual settings, not at these. "
    "<em>Can this map be believed?</em> asks it of this one."
)


def reading_line(answer: Answer) -> str:
    """What a map shows, how to read it and whether such maps can be believed, as HTML."""
    method, explanation = answer.method, answer.explanation
    shown = of(explanation.species)
    parts = [f"<strong>{escape(method.name)}</strong>: {escape(method.sentence)}"]
    if method.per_species:
        types = " and ".join(shown.types)
        parts.append(f"This map is for #{shown.number:03} {escape(shown.name)} ({types}).")
        if explanation.against:
            parts.append(f"It is compared with {escape(of(explanation.against).name)}.")
    elif "same for every species" not in method.sentence:
        parts.append("The map is the same for every species.")
    if explanation.is_empty:  # There are no colours to read.
        return f"<p>{' '.join(parts)} {NOTHING_FOUND}</p>"
    return f"{scale()}<p>{' '.join(parts)}</p><p>{COLOURS}</p>{trust(answer)}"


def scale() -> str:
    """The maps' colours from least to most, as HTML."""
    steps = ", ".join(to_hex(overlay.COLOURS(step / 8)) for step in range(9))
    return (
        f'<p class="scale"><span>looked past</span><i style="background: linear-gradient(90deg, '
        f'{steps})"></i><span>counted most</span></p>'
    )


def trust(answer: Answer) -> str:
    """Whether maps like the one that is shown can be believed, as HTML."""
    known = answer.trust
    if known is None:
        examined = any(row.method == answer.method.id for row in answer.examined)
        return f'<p class="trust">{OTHER_SETTINGS if examined else NEVER_EXAMINED}</p>'
    line = trust_line(known)
    if known.ignores_weights or known.ignores_labels:
        line += better(answer.examined)
    return f'<p class="trust">{line}</p>'


def better(rows: Sequence[Trust]) -> str:
    """Which methods pass every test, as a sentence; empty when none does."""
    *names, last = [METHODS[row.method].name for row in rows if row.passes] or [""]
    listed = f"{', '.join(names)} and {last}" if names else last
    return f" Maps by {listed} pass all these tests." if listed else ""


def trust_line(known: Trust) -> str:
    """What many pictures say about a model's maps by a method, as HTML."""
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
    return line


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


def pair_line(first: Explanation | Seat, second: Explanation | Seat, overlap: Overlap) -> str:
    """How to read two maps beside each other, as HTML."""
    same_unit = (first.model, first.method, first.layer) == (
        second.model, second.method, second.layer
    )  # fmt: skip
    scale = (
        "Both maps are on one scale: the same colour means the same amount."
        if same_unit
        else "The two have no unit in common, so the colours show each place's share of its map."
    )
    empty = [
        f" The {which} map marks nothing."
        for which, each in (("first", first), ("second", second))
        if not each.evidence.any()
    ]
    if empty:  # There are no brightest parts to compare.
        return f"<p>{scale}{''.join(empty)}</p>"
    return (
        f"<p>{scale} In the third picture, orange places count more in the first map, purple ones "
        f"in the second. Of the brightest part of the one, <strong>{100 * overlap.share:.0f}{NBSP}%"
        "</strong> is also in that of the other; by chance it would be "
        f"{100 * overlap.chance:.0f}{NBSP}%.</p>"
    )


def through_line(heads: bool) -> str:
    """How to read the maps of all heads or of all layers, as HTML."""
    if heads:
        return "<p>What each attention head of this block looks at, all on one scale.</p>"
    return (
        "<p>From the first layers, which see edges and colours, to the last, which see whole "
        "parts. Each map has a scale of its own, as layers have no unit in common.</p>"
    )


def details(shown: Answer) -> str:
    """Everything a specialist wants to know about an answer, as HTML."""
    card, explanation, known = shown.card, shown.explanation, shown.trust
    test = card.test
    body = card.architecture + (f" on {card.backbone}" if card.backbone else "")
    facts = {
        "Method": f"{shown.method.name}, {milliseconds(explanation.seconds)}",
        "Layer": ", ".join([explanation.layer, *explanation.settings]),
        "Class": f"{explanation.species}, output {card.classes.index(explanation.species)} "
        f"of {len(card.classes)}, probability {shown.probability:.4f}",
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
            "Rank correlation with randomised maps": f"last layers {_share(known.other_head)}, all "
            f"weights {_share(known.other_weights)}, shuffled labels {_share(known.other_labels)}",
        }
    items = "".join(f"<dt>{term}</dt><dd>{escape(fact)}</dd>" for term, fact in facts.items())
    return f"<dl>{items}</dl>{examined(shown.examined)}"


def examined(rows: Sequence[Trust]) -> str:
    """Which methods of a model can be believed, as an HTML table; empty if that is unknown."""
    if not rows:
        return ""
    body = [
        [
            METHODS[row.method].name, f"{row.deletion:+.3f}", f"{row.insertion:+.3f}",
            f"{row.road:+.3f}", _yes(row.beats_random),
            _yes(not row.ignores_weights), _yes(not row.ignores_labels),
        ]
        for row in rows
    ]  # fmt: skip
    header = (
        "method", "deletion", "insertion", "ROAD", "better than random",
        "changes with random weights", "changes with shuffled labels",
    )  # fmt: skip
    caption = f"All methods of this model on {rows[0].images} test pictures: gain over random maps"
    return f'<div class="numbers">{table(header, body, caption)}</div>'


def _yes(passed: bool) -> str:
    return "yes" if passed else "<strong>no</strong>"


def _share(correlation: float) -> str:
    """A correlation; a dash where there were no two maps to compare."""
    return "–" if math.isnan(correlation) else f"{correlation:.2f}"
