"""Errors that a signal's handler raises may come anywhere; they are not about what was being done there."""

import functools
import os
import signal
from types import CodeType

import numpy as np


def from_handler(error: BaseException | None) -> bool:
    """Whether the handler of a signal raised an error, or one that it came of: codecs put their own in its place."""
    codes = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code in codes:
                return True
            traceback = traceback.tb_next
        error = error.__cause__
    return False


def of_library(error: BaseException) -> bool:
    """Whether fastbp, NumPy or Python's own library raised an error: not code of the user's, such as a handler."""
    traceback, name = error.__traceback__, "<frozen"
    while traceback is not None:
        name, traceback = traceback.tb_frame.f_code.co_filename, traceback.tb_next
    ours = (os.path.dirname(__file__), os.path.dirname(np.__file__))
    if name.startswith(("<frozen", *ours)):
        return True
    return name.startswith(os.path.dirname(os.__file__)) and "site-packages" not in name


def _code(handler: object) -> CodeType | None:
    """The code that runs for a handler written in Python."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    called = type(handler).__dict__.get("__call__")  # of an object that is called
    for function in (handler, called):
        function = getattr(function, "__func__", function)  # of methods, and of static ones
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None
