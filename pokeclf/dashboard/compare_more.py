"""What a comparison offers below its result: where two maps differ, and a report."""

from __future__ import annotations

from datetime import date
from typing import Any

import gradio as gr

from pokeclf import findings
from pokeclf.dashboard import compare_wording, map_wording, notices, report, wording
from pokeclf.dashboard.comparison import Comparison, differences, pictures, seen_by_most
from pokeclf.dashboard.inputs import Menu
from pokeclf.dashboard.keep import file_link
from pokeclf.dashboard.seen import Observations, check_presence
from pokeclf.dashboard.updates import Updates
from pokeclf.dashboard.waiting import Latest
from pokeclf.errors import PokeclfError
from pokeclf.imaging import decode


class More:
    """Components and handlers of the panel."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        with gr.Column(visible=False, elem_id="compare-more") as self.panel:
            with gr.Column() as self.two:
                gr.HTML("<h3>Where two maps differ</h3>")
                with gr.Row():
                    self.pair = [
                        _menu("One model", "pair-one"), _menu("The other", "pair-other")
                    ]  # fmt: skip
                self.differences = gr.HTML(elem_id="compare-differences")
            self.report = gr.Button("Make a report", size="sm", elem_id="report")
            self.links = gr.HTML(elem_id="report-links")

    @property
    def outputs(self) -> list[gr.blocks.Block]:
        """Everything that :meth:`view` and :attr:`nothing` change."""
        return [self.panel, self.two, *self.pair, self.differences, self.links]

    @property
    def nothing(self) -> Updates:
        """There is no comparison."""
        return {self.panel: gr.update(visible=False), self.links: ""}

    def listen(self, found: gr.State, latest: gr.State, **lane: object) -> None:
        """Connect the menus and the button.

        Parameters
        ----------
        found, latest : the comparison on the page, and the visitor's questions for comparisons.
        """
        asked = [latest, found, *self.pair]
        gr.on(
            [menu.input for menu in self.pair], notices.guarded(self.choose, 2), asked,
            [self.differences, self.links], trigger_mode="always_last",
            show_progress_on=self.differences, api_visibility="private", **lane,
        )  # fmt: skip
        self.report.click(
            notices.guarded(self.link, 1), asked, self.links, api_visibility="private", **lane
        )

    def view(self, found: Comparison, asked: tuple[str | None, str | None]) -> Updates:
        """The panel of a comparison; of ``asked`` the maps are subtracted, if both are in it."""
        options = [(seat.name, seat.model) for seat in found.seats]
        if len(set(asked)) == 2 and all(map(found.seat, asked)):
            pair = list(asked)
        else:
            pair = [each.model for each in (found.seats * 2)[:2]]
        return {
            self.panel: gr.update(visible=True),
            self.two: gr.update(visible=len(options) > 1),
            **{
                menu: gr.update(choices=options, value=model)
                for menu, model in zip(self.pair, pair, strict=True)
            },
            self.differences: self.differ(found, *pair) if len(options) > 1 else "",
        }

    def choose(self, latest: Latest, *asked: Any) -> Updates:  # noqa: ANN401
        """Where two other maps differ; a report that was made shows the former two."""
        number = latest.number
        updates = {self.differences: self.differ(*asked), self.links: ""}
        return self._if_still_shown(updates, latest, number)

    def link(self, latest: Latest, *asked: Any) -> Updates:  # noqa: ANN401
        """A link to a report."""
        number = latest.number
        updates = {self.links: self.reported(*asked)}
        return self._if_still_shown(updates, latest, number)

    def _if_still_shown(self, updates: Updates, latest: Latest, number: int) -> Updates:
        """Nothing where another comparison has been asked for meanwhile."""
        return updates if number == latest.number else {self.links: gr.skip()}

    def differ(self, found: Comparison | None, first: str | None, second: str | None) -> str:
        """Where two models' maps differ, as HTML."""
        if first == second:
            return f"<p>{findings.TWO_MODELS}</p>"
        pair = [found and found.seat(model) for model in (first, second)]
        if not all(pair):
            raise PokeclfError("Choose two models that were compared.")
        shared, drawn = differences(self.observations, found, tuple(pair))
        return (
            compare_wording.two_species(*pair)
            + map_wording.pair_line(*pair, shared)
            + wording.figures(drawn)
        )

    def reported(self, found: Comparison | None, first: str | None, second: str | None) -> str:
        """A link to a report of what stands on the page, as HTML."""
        if found is None:
            raise PokeclfError("There is nothing to report yet.")
        check_presence(found.path)
        two = len(found.seats) > 1 and first != second
        apart = self.differ(found, first, second) if two else ""
        drawn = pictures(self.observations, found)
        page = report.page(found, decode(found.path), drawn, apart, date.today())
        name = f"compare-{seen_by_most(found.guesses)}.html"
        link = file_link(name, "text/html", page.encode(), "Download report (HTML)")
        return f"<p>{link}</p>"


def _menu(label: str, elem_id: str) -> Menu:
    return Menu([], label=label, interactive=True, filterable=False, elem_id=elem_id, min_width=240)
