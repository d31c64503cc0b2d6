"""Errors that a signal's handler raises may come anywhere; they are not about what was being done there."""

import signal
from types import CodeType


def from_handler(error: BaseException | None) -> bool:
    """Whether the handler of a signal raised an error, or one that it came of: codecs put their own in its place."""
    codes = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code in codes:
                return True
            traceback = traceback.tb_next
        error = error.__cause__ or error.__context__
    return False


def _code(handler: object) -> CodeType | None:
    """The code that runs for a handler written in Python."""
    called = type(handler).__dict__.get("__call__")  # of an object that is called
    for function in (handler, getattr(handler, "__func__", None), called):
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None
