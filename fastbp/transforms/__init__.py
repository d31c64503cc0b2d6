"""Functions made from functions: gradients of any order, and compiled programs."""

from fastbp.transforms.checking import GradientError, check_grad
from fastbp.transforms.gradient import compile, grad, hessian, hvp, jacobian, value_and_grad
from fastbp.transforms.samples import per_sample_grad

__all__ = [
    "GradientError",
    "check_grad",
    "compile",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "per_sample_grad",
    "value_and_grad",
]
