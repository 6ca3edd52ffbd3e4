"""Recognise the 151 first-generation Pokémon, and see where the model looked."""

__version__ = "0.1.0"
