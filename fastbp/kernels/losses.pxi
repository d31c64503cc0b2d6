# The Python functions of losses.pyx.

from fastbp.kernels.elementwise cimport binary, BCE, BCE_GRAD, BCE_WITH_LOGITS, SQUARED_ERROR
from fastbp._arguments import take, same
from fastbp.kernels.arguments cimport flat, first, number, written, is_double


cdef int loss_views(int op, const real[::1] p, const real[::1] y, real[::1] out) except -1:
    binary(op, written(out), first(p), 0, 1, first(y), 0, 1, 1, out.shape[0])
    return 0


cdef double fused_views(int op, const real[::1] p, const real[::1] y, real[::1] dp, real scale):
    if op == SQUARED_ERROR:
        return squared_error_fused(written(dp), first(p), first(y), dp.shape[0], scale)
    return bce_with_logits_fused(written(dp), first(p), first(y), dp.shape[0], scale)


cdef object apply_loss(int op, object p, str p_name, object y, object out, str out_name):
    """out = op(p, y), all of one shape."""
    out = take(out, out_name, writable=True)
    p, y = same(p, p_name, out), same(y, "y", out)
    if is_double(out):
        loss_views[double](op, flat(p), flat(y), flat(out))
    else:
        loss_views[float](op, flat(p), flat(y), flat(out))


cdef object apply_fused(int op, object p, str p_name, object y, object dp, str dp_name, object scale):
    """dp, and the sum of the losses."""
    cdef double factor = number(scale, "scale")
    dp = take(dp, dp_name, writable=True)
    p, y = same(p, p_name, dp), same(y, "y", dp)
    if is_double(dp):
        return fused_views[double](op, flat(p), flat(y), flat(dp), factor)
    return fused_views[float](op, flat(p), flat(y), flat(dp), <float>factor)


def bce_forward(p, y, out):
    """``out = -(y log p + (1 - y) log(1 - p))``, the logarithms floored at -100.

    Parameters
    ----------
    p, y : buffer of float32 or float64
        Probabilities and targets, both in [0, 1]; C-contiguous, any shape.
    out : buffer, written
        The loss of each element; same dtype and shape.

    Raises
    ------
    TypeError
        For another dtype, or two.
    ValueError
        For other shapes, or an array that is not contiguous or not writable.

    Notes
    -----
    The floor is PyTorch's: a certain and wrong prediction costs 100, not infinity. `bce_with_logits_forward` needs
    none.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_forward
    >>> out = np.empty(2)
    >>> bce_forward(np.array([0.5, 0.0]), np.array([1.0, 1.0]), out)
    >>> out.round(4)
    array([  0.6931, 100.    ])
    """
    apply_loss(BCE, p, "p", y, out, "out")


def bce_backward(p, y, dp):
    """``dp = (p - y) / max(p (1 - p), 1e-12)``; arrays and errors as for `bce_forward`."""
    apply_loss(BCE_GRAD, p, "p", y, dp, "dp")


def bce_with_logits_forward(z, y, out):
    """``out = max(z, 0) - y z + log(1 + exp(-|z|))``, the binary cross-entropy of sigmoid(z).

    Arrays and errors as for `bce_forward`, `z` being any numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_with_logits_forward
    >>> out = np.empty(2)
    >>> bce_with_logits_forward(np.array([0.0, -50.0]), np.array([1.0, 1.0]), out)
    >>> out.round(4)
    array([ 0.6931, 50.    ])
    """
    apply_loss(BCE_WITH_LOGITS, z, "z", y, out, "out")


def bce_with_logits_backward(z, y, dz):
    """``dz = sigmoid(z) - y``; arrays and errors as for `bce_with_logits_forward`."""
    apply_fused(BCE_WITH_LOGITS, z, "z", y, dz, "dz", 1.0)


def bce_with_logits(z, y, dz, scale=1.0):
    """``dz = (sigmoid(z) - y) scale``; returns the sum of the losses of `bce_with_logits_forward`, in one pass.

    Parameters
    ----------
    z, y : buffer of float32 or float64
        Logits, and targets in [0, 1]; C-contiguous, any shape.
    dz : buffer, written
        Same dtype and shape.
    scale : float, default 1.0
        1 / z.size gives the gradient of the mean.

    Returns
    -------
    float
        The sum, not scaled.

    Raises
    ------
    TypeError, ValueError
        As `bce_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastbp.kernels.losses import bce_with_logits
    >>> dz = np.empty(2)
    >>> round(bce_with_logits(np.array([0.0, 0.0]), np.array([1.0, 0.0]), dz, scale=0.5), 4)
    1.3863
    >>> dz
    array([-0.25,  0.25])
    """
    return apply_fused(BCE_WITH_LOGITS, z, "z", y, dz, "dz", scale)


def mse(p, y, dp, scale=1.0):
    """``dp = (p - y) scale``; returns ``sum (p - y)^2``; arrays and errors as for `bce_with_logits`.

    With ``scale = 2 / p.size`` `dp` is the gradient of the mean.
    """
    return apply_fused(SQUARED_ERROR, p, "p", y, dp, "dp", scale)
