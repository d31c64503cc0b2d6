"""Layers, losses and metrics, and what a model is."""

from fastbp.nn.layers import Dense, Layer
from fastbp.nn.losses import Loss, get_loss
from fastbp.nn.metrics import Metric, get_metrics
from fastbp.nn.model import Model

__all__ = ["Dense", "Layer", "Loss", "Metric", "Model", "get_loss", "get_metrics"]
