"""What programs may call: the same answers as on the page, as plain data."""

from __future__ import annotations

from typing import Any

import gradio as gr

from pokeclf.dashboard import notices
from pokeclf.dashboard.seen import Observations
from pokeclf.errors import PokeclfError
from pokeclf.species import of


class Api:
    """Endpoints without a place on the page."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations

    def listen(self, inputs: list[gr.components.Component], **lane: object) -> None:
        """Offer the endpoints; ``inputs`` are the components of picture, model and count."""
        # Nobody presses this button.
        gr.Button(visible=False).click(
            self.identify,
            inputs,
            gr.JSON(visible=False),
            api_name="identify",
            api_description="Name the likeliest species in a picture.",
            **lane,
        )

    def identify(self, path: str | None, model: str, count: int = 5) -> dict[str, Any]:
        """Name the likeliest species in a picture."""
        try:
            if path is None:
                raise PokeclfError("Give a picture.")
            seen = self.observations.get(path, str(model)).observation
            guesses = seen.top(int(count))
        except Exception as error:
            raise notices.as_failure(error) from None
        return {
            "model": seen.model,
            "guesses": [
                {
                    "species": guess.species,
                    "name": of(guess.species).name,
                    "number": of(guess.species).number,
                    "probability": round(guess.probability, 6),
                }
                for guess in guesses
            ],
            "seconds": round(seen.seconds, 4),
        }
