"""A chart and, folded below it, the numbers that it draws."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf import alternatives

Updates = dict[gr.components.Component, Any]


def clicks(name: str, attribute: str) -> str:
    """For ``gr.HTML(js_on_load=…)``: a click on a mark of a plot tells an attribute of the mark.

    Gradio's plots tell nothing of a click, so Plotly is asked; each new figure forgets the
    listener.

    Parameters
    ----------
    name : id of the plot on the page.
    attribute : ``customdata`` or ``id``.
    """
    return f"""
document.addEventListener('pointerdown', event => {{
	const plot = event.target.closest('#{name} .js-plotly-plot');
	if (!plot) return;
	plot.removeAllListeners('plotly_click');
	plot.on('plotly_click', ({{ points: [mark] }}) =>
		trigger('select', {{ place: mark.{attribute} }}));
}}, true);"""


class Chart:
    """A plot that is never without its table.

    ``page.js`` names each plot after the words above its table, for people who do not see it.

    Parameters
    ----------
    name : id of the plot on the page.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.plot = gr.Plot(show_label=False, elem_id=name, elem_classes="chart")
        self.numbers = gr.HTML(elem_classes="numbers")

    @property
    def outputs(self) -> list[gr.components.Component]:
        """What :meth:`shows` changes."""
        return [self.plot, self.numbers]

    def shows(self, figure: alternatives.Figure | None) -> Updates:
        """Draw a figure with its table, or nothing at all."""
        if figure is None:
            return {self.plot: gr.update(visible=False), self.numbers: ""}
        return {
            self.plot: gr.update(value=figure, visible=True),
            self.numbers: alternatives.beside(figure, self.name),
        }
