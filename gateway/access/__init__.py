"""Who may enter, and how much they may ask for."""

from .caller import Caller, Scope, caller_with

__all__ = ["Caller", "Scope", "caller_with"]
