"""What `python -m fastbp` prints of a task."""

from __future__ import annotations

import sys
from typing import TextIO

from fastbp.demo import curve, training
from fastbp.demo.tasks import Task
from fastbp.demo.training import Trained

BAR = 30


class Display:
    """The progress of one training: a bar on a terminal, else the losses one after the other."""

    def __init__(self, name: str, epochs: int, out: TextIO) -> None:
        self.name, self.epochs, self.out = name, epochs, out
        self.in_place = out.isatty()
        self.length = 0  # of the line so far; on a terminal, the next one must cover it

    def __call__(self, done: int, loss: float) -> None:
        """Show that `done` epochs are over."""
        if self.in_place:
            filled = BAR * done // self.epochs
            bar = "=" * filled + " " * (BAR - filled)
            line = f"  {self.name:<7} [{bar}] epoch {done}/{self.epochs}  loss {loss:.5f}"
            self.out.write("\r" + line.ljust(self.length))
        else:
            line = f" {loss:.3g}" if self.length else f"  {self.name:<7} loss {loss:.3g}"
            self.out.write(line)
        self.length = len(line)
        if done == self.epochs:
            self.out.write("\n")
        self.out.flush()


def run(task: Task, *, seed: int, epochs: int | None, out: TextIO | None = None) -> None:
    """Train a task with fastbp and with NumPy, and print what came of it."""
    out = sys.stdout if out is None else out
    epochs = task.epochs if epochs is None else epochs
    data = task.split(seed)
    rows, features = data.X_train.shape
    model = training.new_model(task, features, seed)
    twin = training.twin_of(model, task)

    print(f"\n{task.title}", file=out)
    print(f"{rows} rows to train on, {len(data.X_test)} held out, {features} features\n", file=out)
    print(model.summary(), end="\n\n", file=out)
    print(
        f"Adam({task.learning_rate}), {epochs} epochs of {task.steps(rows)} steps, "
        f"batches of {task.batch_size}",
        file=out,
    )
    ours = training.train(model, task, data, epochs, Display("fastbp", epochs, out))
    numpys = training.train_twin(twin, task, data, epochs, seed, Display("NumPy", epochs, out))
    held_out = model.evaluate(data.X_test, data.y_test, loss=task.loss, metrics=["accuracy"])

    print("\nTraining loss, logarithmic, by epoch", file=out)
    print(curve.draw(ours.losses, unicode=_can_draw(out)), end="\n\n", file=out)
    print(_comparison(ours, numpys), end="\n\n", file=out)
    accuracy, loss = held_out["accuracy"], held_out["loss"]
    print(f"Held-out accuracy {accuracy:.4f}, held-out loss {loss:.4f}", file=out)


def _comparison(ours: Trained, numpys: Trained) -> str:
    """The table of fastbp beside NumPy."""
    step = numpys.step_us / ours.step_us
    whole = numpys.seconds / ours.seconds
    a, b = ours.losses[-1], numpys.losses[-1]
    difference = abs(a - b) / max(abs(a), abs(b), sys.float_info.min)
    rows = [
        ("", "fastbp", "NumPy", ""),
        ("one step", f"{ours.step_us:.2f} us", f"{numpys.step_us:.1f} us", f"{step:.1f}x"),
        (
            "whole training",
            f"{ours.seconds * 1e3:.1f} ms",
            f"{numpys.seconds * 1e3:.1f} ms",
            f"{whole:.1f}x",
        ),
        ("final loss", f"{a:.6g}", f"{b:.6g}", f"differ by {difference:.0e} of it"),
    ]
    return "\n".join(f"{n:<14} {x:>12} {y:>12}   {z}".rstrip() for n, x, y, z in rows)


def _can_draw(out: TextIO) -> bool:
    """Whether the stream's encoding has braille patterns and box lines."""
    try:
        "⠿│└─".encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
