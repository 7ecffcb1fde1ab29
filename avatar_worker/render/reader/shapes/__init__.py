"""Which movement of a foreign head answers which of the 52 weights."""

from __future__ import annotations

from .names import find_shape
from .recipes import RECIPES, Part, choose_recipes

__all__ = ["RECIPES", "Part", "choose_recipes", "find_shape"]
