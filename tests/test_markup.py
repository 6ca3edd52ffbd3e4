"""Figures and tables as HTML."""

from __future__ import annotations

import pytest

from pokeclf.markup import folded, percent, table
from tests.dashboard.conftest import plain


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0.0 %"), (1e-5, "< 0.1 %"), (0.9312, "93.1 %"), (0.99999, "> 99.9 %")],
)
def test_percent_never_claims_certainty(share, words):
    assert plain(percent(share)) == words


def test_a_table_escapes_names_and_keeps_the_markup_of_cells():
    text = table(("who", "how <many>"), [("<a>", "<strong>1</strong>")], "A & B")
    assert "<caption><span>A &amp; B</span></caption>" in text
    assert "how &lt;many&gt;" in text
    assert '<th scope="row">&lt;a&gt;</th><td><strong>1</strong></td>' in text


def test_what_is_folded_has_a_plain_name():
    text = folded("A & B", "<p>inside</p>")
    assert text == "<details><summary>A &amp; B</summary><p>inside</p></details>"
