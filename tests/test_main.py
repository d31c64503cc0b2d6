"""`python -m fastbp`: what it shows, that it learns, and that it agrees with NumPy."""

import dataclasses
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from fastbp import __main__ as program
from fastbp.demo import curve, numpy_twin, training
from fastbp.demo.tasks import TASKS

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x9b]")  # all but the newline


def quiet(done, loss):
    """Show nothing."""


@pytest.fixture(scope="module")
def shown(run_python):
    """What the whole program prints into a pipe."""
    run = run_python("-W", "error", "-m", "fastbp", PYTHONIOENCODING="utf-8")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def test_piped_output_has_no_control_codes(shown):
    assert not CONTROL.search(shown)
    assert max(map(len, shown.splitlines())) <= 100


def test_both_tasks_are_shown_with_everything(shown):
    for task in TASKS.values():
        assert shown.count(task.title) == 1
    for part in ("kernels built for ", "Training loss", "one step", "final loss", "│"):
        assert part in shown
    # 30-32-16-1 and 64-64-10, weights and biases
    assert "1,537" in shown or "1537" in shown
    assert "4,810" in shown or "4810" in shown


def test_the_held_out_accuracy_is_above_95_percent(shown):
    accuracies = [float(a) for a in re.findall(r"Held-out accuracy ([\d.]+)", shown)]
    assert len(accuracies) == len(TASKS)
    assert min(accuracies) > 0.95


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", TASKS)
def test_other_seeds_learn_too(name, seed):
    task = TASKS[name]
    data = task.split(seed)
    model = training.new_model(task, data.X_train.shape[1], seed)
    training.train(model, task, data, task.epochs, quiet)
    held_out = model.evaluate(data.X_test, data.y_test, loss=task.loss, metrics=["accuracy"])
    assert held_out["accuracy"] > 0.95


# Adam divides by the root of the squared gradients: where those vanish, roundings are blown up. In
# float64 the same formulas agree almost to the last digit.
@pytest.mark.parametrize(
    ("dtype", "of_losses", "of_weights"), [("float32", 5e-3, 5e-2), ("float64", 1e-10, 1e-10)]
)
@pytest.mark.parametrize("name", TASKS)
def test_fastbp_and_numpy_agree_epoch_by_epoch(name, dtype, of_losses, of_weights):
    task = TASKS[name]
    data = task.split(0)
    data = dataclasses.replace(data, X_train=data.X_train.astype(dtype))
    model = training.new_model(task, data.X_train.shape[1], 0, dtype)
    twin = training.twin_of(model, task)
    ours = training.train(model, task, data, task.epochs, quiet)
    numpys = training.train_twin(twin, task, data, task.epochs, 0, quiet)
    assert len(ours.losses) == task.epochs
    assert ours.step_us > 0
    np.testing.assert_allclose(ours.losses, numpys.losses, rtol=of_losses)
    for mine, theirs in zip(list(model.parameters.values())[::2], twin.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=of_weights)


def test_a_training_in_pieces_is_the_training_in_one():
    task = TASKS["breast_cancer"]
    data = task.split(1)
    losses = []
    for pieces in (training.PIECES, 1):
        model = training.new_model(task, 30, 1)
        trainer = training._trainer(model, task)
        size = task.epochs // pieces
        losses.append(
            [loss for _ in range(pieces) for loss in training._fit(trainer, task, data, size)]
        )
    assert losses[0] == losses[1]


@pytest.mark.parametrize("epochs", [1, 3, 11])
def test_any_number_of_epochs(run_python, epochs):
    run = run_python("-m", "fastbp", "--data", "breast_cancer", "--epochs", str(epochs))
    assert run.returncode == 0, run.stderr
    assert f"{epochs} epochs" in run.stdout
    assert TASKS["digits"].title not in run.stdout


def test_an_ascii_terminal_gets_ascii(run_python):
    run = run_python("-m", "fastbp", "--epochs", "2", PYTHONIOENCODING="ascii")
    assert run.returncode == 0, run.stderr
    assert run.stdout.isascii()
    assert "+-----" in run.stdout


def test_a_terminal_gets_a_bar_that_is_written_over(empty_folder):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "fastbp", "--data", "digits", "--epochs", "20"]
    with subprocess.Popen(command, cwd=empty_folder, stdout=theirs) as run:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    assert run.returncode == 0
    assert b"\r  fastbp  [===" in shown
    assert b"epoch 20/20" in shown
    assert b"\x1b" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "iris"], "invalid choice: 'iris'"),
        (["--epochs", "0"], "expected a whole number of at least 1, got '0'"),
        (["--epochs", "many"], "expected a whole number of at least 1, got 'many'"),
        (["--seed", "-1"], "expected a whole number of at least 0, got '-1'"),
        (["--seed", str(2**63)], "expected a whole number"),
    ],
)
def test_bad_arguments_are_named(capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        program.main(arguments)
    assert message in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(empty_folder):
    command = f"{sys.executable} -m fastbp --epochs 1 | head -n 1; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], cwd=empty_folder, capture_output=True, text=True, check=False
    )
    assert run.stdout.startswith("fastbp ")
    assert run.stderr == ""
    assert run.returncode == 0


@pytest.mark.parametrize(("loss", "units"), [("bce", 1), ("cross_entropy", 3)])
def test_the_gradient_of_the_numpy_network(loss, units):
    """The twin is a reference: its own gradient is checked by central differences in float64."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(4, 5)), rng.normal(size=(5, units))]
    biases = [rng.normal(size=5), rng.normal(size=units)]
    x = rng.normal(size=(7, 4))
    y = rng.integers(0, 2 if units == 1 else units, 7)

    def network():
        return numpy_twin.NumpyMLP(weights, biases, loss=loss, learning_rate=0.0)

    net = network()
    net.step(x, y)
    direction = rng.normal(size=net.parameters.shape)
    ends = []
    for sign in (1, -1):
        moved = network()
        moved.parameters += sign * 1e-6 * direction
        ends.append(moved.step(x, y))
    assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(net.gradients @ direction, rel=1e-7)


def test_the_curve_starts_high_and_ends_low():
    lines = curve.draw([1.0, 0.1, 0.01], width=5, height=3, unicode=False).splitlines()
    assert [line[11:] for line in lines[:3]] == ["**", "  *", "   **"]
    assert lines[0].split()[0] == "1"
    assert lines[2].split()[0] == "0.01"


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("losses", [[0.5], [0.5, 0.5], [0.0, 1.0], [float("nan")], [1.0] * 1000])
def test_the_curve_of_odd_losses(losses, unicode):
    lines = curve.draw(losses, width=20, height=4, unicode=unicode).splitlines()
    assert len(lines) == 6
    assert all(len(line) <= 31 for line in lines)
    assert lines[-1].split()[-1] == str(len(losses))


def test_braille_has_eight_dots_in_each_character():
    lines = curve.draw([1.0, 0.1], width=2, height=2).splitlines()
    assert [line[11:] for line in lines[:2]] == ["\u2821", " \u2882"]
