"""Where models looked in one image: for the right species, and for a rival against it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PIL import Image

from pokeclf import study
from pokeclf.dashboard.seen import Seen
from pokeclf.dashboard.wording import figures
from pokeclf.explain import METHODS, Explanation, Options, explain, methods_of
from pokeclf.explain.compare import shared_scale
from pokeclf.explain.overlay import overlay
from pokeclf.markup import NBSP, percent
from pokeclf.species import of

CONTRAST = "finer-cam"
"""The method that tells what speaks for one species and not for another."""


def maps(seen: Sequence[Seen], right: str, rival: str) -> str:
    """Maps of an image that one model, or two, have seen, as HTML.

    Parameters
    ----------
    right, rival : slugs of the species that it is, and of the one that it is or may be taken for.
    """
    evidence = [explain(each.classifier, each.observation, right) for each in seen]
    contrasts = [_contrast(each, right, rival) for each in seen]
    side = max(each.observation.crop.width for each in seen)
    scaled = shared_scale(evidence, side)
    pictures: list[tuple[Image.Image, str]] = [
        (seen[0].observation.crop, f"The picture itself: {of(right).name}")
    ]
    for one, for_right, scale, for_rival in zip(seen, evidence, scaled, contrasts, strict=True):
        crop = one.observation.crop
        pictures += [
            (overlay(crop.resize((side, side)), scale), _caption(one, for_right)),
            (overlay(crop, for_rival.heatmap), _caption(one, for_rival)),
        ]
    names = escape(of(right).name), escape(of(rival).name)
    line = (
        f"<p>For each model the first map shows where it saw {names[0]}"
        + (", all on one scale" if len(seen) > 1 else "")
        + f"; the second, on a scale of its own, where it saw {names[1]}: with "
        f"{METHODS[CONTRAST].name} what speaks for {names[1]} and not for {names[0]}.</p>"
    )
    return line + figures(pictures)


def _contrast(seen: Seen, right: str, rival: str) -> Explanation:
    """What speaks for the rival; against the right species, where a model has such a method."""
    has = CONTRAST in [method.id for method in methods_of(seen.classifier)]
    options = Options(against=right) if has else Options()
    method = CONTRAST if has else None
    return explain(seen.classifier, seen.observation, rival, method, options)


def _caption(seen: Seen, found: Explanation) -> str:
    observation = seen.observation
    share = observation.probabilities[observation.classes.index(found.species)]
    against = f", not {of(found.against).name}" if found.against else ""
    return (
        f"{study.find(found.model).name}, {METHODS[found.method].name}: "
        f"{of(found.species).name}{against} ({percent(float(share)).replace(NBSP, ' ')})"
    )
