"""The first steps of one of the study's plain CNNs, and what they teach it, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log

from pokeclf import diagnosis, study
from pokeclf.diagnosis import Finding
from pokeclf.markup import NBSP, percent, table


def told(findings: Sequence[Finding], classes: int) -> str:
    """What becomes of a network in its first steps, in words and a table.

    Parameters
    ----------
    findings : all about that network.
    """
    if not findings:
        return ""
    rows = [
        [
            escape(found.variant), str(found.steps), f"{found.loss:.2f}",
            f"{found.first_shift:.1f}", percent(found.dead_before), percent(found.dead),
            str(found.guesses), percent(found.accuracy),
        ]
        for found in findings
    ]  # fmt: skip
    header = (
        "beginning", "steps", "training loss", "first step's shift", "dead before", "dead after",
        "species guessed", "validation accuracy",
    )  # fmt: skip
    blind = diagnosis.blind(findings, classes)
    listed = "; ".join(escape(found.variant) for found in blind) if blind else "none of them"
    return (
        f"<h3>Its first steps</h3><p>The network begins again{_on_smaller(findings)}, as the study "
        "describes it and in other ways. A blind guess costs "
        f"{log(classes):.2f}; with these the training loss is still there, and nothing has been "
        f"learned of the pictures: <strong>{listed}</strong>. <em>Shift</em>: how far the first "
        "step moves the units of the dense layer, in units of their spread. <em>Dead</em>: units "
        "that are 0 for every picture, so that no gradient reaches them.</p>"
        + _cause(findings, classes)
        + table(header, rows, f"The first steps of {study.find(findings[0].model).name}")
    )


def _on_smaller(findings: Sequence[Finding]) -> str:
    """Of which side the pictures are, where it is not the study's."""
    first = findings[0]
    usual = study.find(first.model).recipes["study"].eval_size
    return f" on pictures of {first.side}{NBSP}px" if first.side != usual else ""


def _cause(findings: Sequence[Finding], classes: int) -> str:
    """Why the network as the study describes it may stand still; empty if not examined."""
    described = diagnosis.as_described(findings)
    if not described:
        return ""
    first, best = described[0], max(findings, key=lambda found: found.accuracy)
    better = (
        f" Of these beginnings the best is “{escape(best.variant)}”: it recognises "
        f"{percent(best.accuracy)} instead of {percent(first.accuracy)}."
        if best not in described
        else ""
    )
    return (
        "<p><strong>Why?</strong> Each unit of the dense layer reads the whole last map, whose "
        "numbers are all positive or 0, and Adam's first step moves every weight equally far, "
        "whatever the size of its gradient: the steps of a unit's weights add up, and units move "
        f"by up to {first.first_shift:.0f} times their spread. Those that land below 0 for every "
        f"picture are dead, {_dead(described)} of them after {first.steps} steps as the study "
        f"describes them.{_first_weights(described, classes)}"
        f"{_not_the_dead_alone(findings, classes)}{better} All this is the beginning; what becomes "
        "of it in a whole run is told above.</p>"
    )


def _not_the_dead_alone(findings: Sequence[Finding], classes: int) -> str:
    """Which network learns although more of its units are dead than another's that does not."""
    still = diagnosis.blind(findings, classes)
    learning = [found for found in findings if found not in still]
    if not still or not learning:
        return ""
    few = min(still, key=lambda found: found.dead)
    many = max(learning, key=lambda found: found.dead)
    if many.dead <= few.dead:
        return ""
    return (
        f" The dead alone do not decide it: “{escape(many.variant)}” learns something with "
        f"{percent(many.dead)} of them, “{escape(few.variant)}” nothing with {percent(few.dead)}."
    )


def _dead(findings: Sequence[Finding]) -> str:
    """The share of dead units, or from which to which it reaches."""
    dead = [found.dead for found in findings]
    least, most = percent(min(dead)), percent(max(dead))
    return least if least == most else f"{least} to {most}"


def _first_weights(described: Sequence[Finding], classes: int) -> str:
    """How many of the networks that differ in their first weights alone have learned nothing."""
    if len(described) == 1:
        return ""
    blind = len(diagnosis.blind(described, classes))
    which = (
        "It is so with other first weights, too"
        if blind == len(described)
        else "Which it will be differs with the first weights"
    )
    return (
        f" {which}: {blind} of the {len(described)} networks that began as described, but with "
        "other first weights each, have learned nothing."
    )
