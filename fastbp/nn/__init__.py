"""Layers, losses and metrics, and what a model is."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.nn.layers import Dense, Layer
    from fastbp.nn.losses import Loss, get_loss
    from fastbp.nn.metrics import Metric, get_metrics
    from fastbp.nn.model import Model
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.nn.layers": "Dense Layer",
            "fastbp.nn.losses": "Loss get_loss",
            "fastbp.nn.metrics": "Metric get_metrics",
            "fastbp.nn.model": "Model",
        },
    )

__all__ = ["Dense", "Layer", "Loss", "Metric", "Model", "get_loss", "get_metrics"]
