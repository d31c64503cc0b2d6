"""Models, ready to train."""

from fastbp.models.sequential import Sequential, load

__all__ = ["Sequential", "load"]
