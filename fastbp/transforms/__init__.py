"""Functions made from functions: gradients of any order, and compiled programs."""

from typing import TYPE_CHECKING

from fastbp._lazy import lazily

if TYPE_CHECKING:
    from fastbp.transforms.checking import GradientError, check_grad
    from fastbp.transforms.gradient import compile, grad, hessian, hvp, jacobian, value_and_grad
    from fastbp.transforms.samples import per_sample_grad
else:  # what is asked for is imported then
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "fastbp.transforms.checking": "GradientError check_grad",
            "fastbp.transforms.gradient": "compile grad hessian hvp jacobian value_and_grad",
            "fastbp.transforms.samples": "per_sample_grad",
        },
    )

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
