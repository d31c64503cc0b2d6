"""``python -m fastbp``: train on real data, and show what it does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import fastbp
from fastbp.demo import report
from fastbp.demo.tasks import TASKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trainings that the command line asks for; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        fastbp.show_config()
        print(f"seed {options.seed}")
        for name in TASKS if options.data == "both" else [options.data]:
            report.run(TASKS[name], seed=options.seed, epochs=options.epochs)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print()
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fastbp",
        description="Train networks on real data with fastbp, and the same in NumPy beside it.",
    )
    parser.add_argument(
        "--data", choices=[*TASKS, "both"], default="both", help="what to train on (default: both)"
    )
    parser.add_argument(
        "--seed",
        type=_whole(0),
        default=0,
        help="of the held-out rows, the starting weights and the batches (default: 0)",
    )
    parser.add_argument(
        "--epochs", type=_whole(1), help="passes over the training rows (default: each task's own)"
    )
    parser.add_argument("--version", action="version", version=f"fastbp {fastbp.__version__}")
    return parser


def _whole(least: int) -> Callable[[str], int]:
    """A reader of whole numbers of at least `least`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number < 2**63:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {least}, got {text!r}"
            )
        return number

    return read


if __name__ == "__main__":
    sys.exit(main())
