"""A chart and, folded below it, the numbers that it draws."""

from __future__ import annotations

import gradio as gr

from pokeclf import alternatives
from pokeclf.dashboard.updates import Updates

CLICK, REST = "plotly_click", "plotly_hover"
"""What a pointer does on a mark of a plot."""


def pointed(name: str, attribute: str, *events: str) -> str:
    """For ``gr.HTML(js_on_load=…)``: what happens on a mark of a plot tells its attribute.

    Gradio's plots tell nothing of a pointer, so Plotly is asked; each new figure forgets the
    listeners. A pointer on its way passes many marks: the one where it stays is told.

    Parameters
    ----------
    name : id of the plot on the page.
    attribute : ``customdata`` or ``id``.
    events : :data:`CLICK`, :data:`REST` or both.
    """
    return f"""
let soon = 0;
const told = ({{ points: [mark] }}) => {{
	clearTimeout(soon);
	soon = setTimeout(() => trigger('select', {{ place: mark.{attribute} }}), 150);
}};
document.addEventListener('pointerover', event => {{
	const plot = event.target.closest('#{name} .js-plotly-plot');
	for (const each of plot ? {list(events)} : []) {{
		plot.removeAllListeners(each);
		plot.on(each, told);
	}}
}}, true);"""


class Chart:
    """A plot that is never without its table.

    ``page.js`` names each plot after the words above its table, for people who do not see it.

    Parameters
    ----------
    name : id of the plot on the page.
    visible : whether there is something to draw from the beginning.
    """

    def __init__(self, name: str, visible: bool = True) -> None:
        self.name = name
        self.plot = gr.Plot(show_label=False, visible=visible, elem_id=name, elem_classes="chart")
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
