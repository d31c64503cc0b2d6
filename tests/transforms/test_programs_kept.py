"""Programs are found by the form of the arguments, and made anew only where they must be."""

import dataclasses
import threading

import numpy as np
import pytest

import fastbp as bp
from fastbp._kept import MEMORY, Kept
from fastbp.transforms import tracing

X = np.arange(6.0)


@pytest.fixture
def compiled(monkeypatch):
    """How often something was compiled."""
    calls = []
    original = tracing.compile_graph

    def counting(*args, **options):
        calls.append(1)
        return original(*args, **options)

    monkeypatch.setattr(tracing, "compile_graph", counting)
    return calls


@pytest.mark.parametrize("count", [65, 200])
def test_many_shapes_in_turn(count, compiled):
    slope = bp.value_and_grad(lambda w, x: ((x @ w) ** 2).mean())
    w = np.ones(3)
    for _ in range(2):
        for n in range(1, count + 1):
            x = np.full((n, 3), float(n))
            value, found = slope(w, x)
            assert (value, found[0]) == pytest.approx((9.0 * n * n, 6.0 * n * n))
    assert len(compiled) == count


def test_memory_is_bounded(compiled):
    total = bp.compile(lambda x: (x**2).sum())
    total._kept = Kept(50_000)
    for n in (1, 2, 3, 4, 5) * 2:
        assert total(np.full(n * 1000, 2.0)) == 4000 * n
    assert 1 <= len(total._kept) < 5 and len(compiled) > 5


def test_a_program_knows_about_its_memory():
    slope = bp.grad(lambda w: (np.sin(w) * w).sum())
    slope(np.ones(1_000_000))
    assert 16e6 < slope._last.memory < 64e6 < 2 * MEMORY


@dataclasses.dataclass
class Record:
    w: object


def nestings():
    x = np.ones(2)
    return [
        (x,),
        ([x],),
        ((x,),),
        ({"a": x},),
        ({"b": x},),
        (Record(x),),
        (np.float32([1, 1]),),
        (np.ones((2, 1)),),
        (np.array([1, 1]),),
        (x, "text"),
        (x, "other"),
        (x, None),
        (x, True),
        (x, False),
        (x, 1.5),
        (x, 2),
        (x, ("sum", 0)),
        (x, ("sum", 1)),
    ]


def test_forms_do_not_get_in_one_anothers_way(compiled):
    def first(*args):
        while not isinstance(args, np.ndarray | bp_node()):
            args = (
                args.w
                if hasattr(args, "w")
                else next(iter(args.values() if isinstance(args, dict) else args))
            )
        return (args * 3.0).sum()

    function = bp.compile(first)
    for _ in range(3):
        for args in nestings():
            assert function(*args) == 6.0
    assert len(compiled) <= len(nestings())


def bp_node():
    from fastbp.graph import Node

    return Node


# ---------------------------------------------------------------- whole numbers among the arguments


def test_an_int_beside_floats_is_an_input(compiled):
    def f(x, n):
        return (x * n + n).sum() / n - (n - x).max()

    function, slope = bp.compile(f), bp.grad(f)
    for n in (2, 3, -5, 10**6, 2**60 + 1):
        assert function(X, n) == pytest.approx(f(X, n))
        if n < 2**53:  # beyond, all n - x are equal
            np.testing.assert_allclose(slope(X, n), 1 + (np.arange(6) == 0))
    assert len(compiled) == 2


LOOKS = {
    "size": lambda x, n: np.zeros(n).sum() + x.sum() * len(np.ones(n)),
    "index": lambda x, n: x[n] * 2,
    "slice": lambda x, n: x[n:].sum(),
    "axis": lambda x, n: (
        np.sum(x.reshape(2, 3), axis=n % 2).sum() + np.sum(x.reshape(2, 3), n % 2)[0]
    ),
    "exponent": lambda x, n: (x**n).sum(),
    "np.power": lambda x, n: np.power(x, n).sum(),
    "branch": lambda x, n: x.sum() if n > 2 else x.max(),
    "truth": lambda x, n: x.sum() if n % 3 else x.max(),
    "range": lambda x, n: sum(x[i] for i in range(n)),
    "key": lambda x, n: x.sum() * {1: 2.0, 2: 3.0, 3: 4.0, 4: 5.0}[n],
    "arithmetic": lambda x, n: x.sum() * (n + 1) * (2**n) * (-n) * abs(n),
    "divmod": lambda x, n: x.sum() * divmod(n, 2)[1] + (n // 2) + n % 2 + 7 // n,
    "text": lambda x, n: x.sum() * len(f"{n:04d}") * float(str(n)),
    "float": lambda x, n: x.sum() * float(n) * np.sqrt(n) * np.full(2, n).sum(),
    "roll": lambda x, n: np.roll(x, n)[0],
    "reshape": lambda x, n: x.reshape(-1, n if 6 % n == 0 else 1)[0].sum(),
    "whole numbers": lambda x, n: (
        (np.arange(6) * n)[1] * x.sum() + (np.array([1, 2], np.int8) * n).sum()
    ),
    "returned": lambda x, n: (x * n).sum() + n,
    "kind": lambda x, n: x.sum() * n if isinstance(n, int) else x.max(),
    "type": lambda x, n: x.sum() * (n if type(n) is int else 100),
    "type, in a helper": lambda x, n: x.sum() * kind_of(n),
    "both": lambda x, n: (x * n)[n] + x[: n + 1].sum() * n,
    "method": lambda x, n: x.sum() * n.bit_length(),
    "comparison of two": lambda x, n: (
        np.where(x > n, x, n).sum() + np.maximum(x, n).sum() + np.clip(x, 0, n).sum()
    ),
}


def kind_of(n):
    return 2.0 if type(n) in (int, bool) else 3.0


@pytest.mark.parametrize("name", LOOKS)
def test_what_the_function_does_with_an_int(name, compiled):
    function = bp.compile(LOOKS[name])
    for _ in range(2):
        for n in (1, 2, 3, 4):
            assert function(X, n) == pytest.approx(LOOKS[name](X, n)), n
    assert len(compiled) <= 4


def test_several_ints_of_which_one_is_looked_at(compiled):
    def f(x, options):
        return (x[: options["size"]] * options["scale"]).sum()

    function = bp.compile(f)
    for scale in (1, 2, 3):
        for size in (2, 3):
            options = {"scale": scale, "size": size}
            assert function(X, options) == f(X, options)
    assert len(compiled) == 2


def test_ints_and_floats_are_apart():
    twice = bp.compile(lambda x, n: x * n)
    i = np.array([1, 2, 3])
    for n in (2, 2.0, 3, 2.5, True, np.float64(2), np.int64(3)):
        found, wanted = twice(i, n), i * n
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    narrow = bp.compile(lambda x, n: x * n)(np.float32([1, 2]), 3)
    assert narrow.dtype == np.float32


def test_results_that_are_ints_are_ints():
    found = bp.compile(lambda x, n: (x * n, n, {"n": n}))(X, 3)
    assert type(found[1]) is int and found[1:] == (3, {"n": 3})
    again = bp.compile(lambda x, n: (x * n, n))
    assert again(X, 3)[1] == 3 and again(X, 4)[1] == 4


def test_a_function_that_does_not_take_what_stands_for_an_int():
    import math

    f = bp.compile(lambda x, n: x.sum() * math.comb(n, 2) * math.gcd(n, 4))
    for n in (4, 6):
        assert f(X, n) == X.sum() * math.comb(n, 2) * math.gcd(n, 4)
    with pytest.raises(ZeroDivisionError):
        bp.compile(lambda x, n: x.sum() * (1 // n))(X, 0)


def test_an_int_of_any_size():
    f = bp.compile(lambda x, n: x * n)
    np.testing.assert_array_equal(f(X, 2**70), X * 2**70)
    with pytest.raises(OverflowError):
        f(X, 10**400)
    np.testing.assert_array_equal(f(X, 2), X * 2)


def test_transforms_in_one_another_hand_ints_on():
    inner = bp.grad(lambda x, n: (x**n).sum())
    outer = bp.compile(lambda x, n: inner(x, n) * n)
    for n in (2, 3, 2):
        np.testing.assert_allclose(outer(X, n), n * n * X ** (n - 1))


# ---------------------------------------------------------------- trainers


def test_a_trainer_keeps_programs_by_memory(monkeypatch):
    from fastbp.training import function_state

    calls = []
    original = function_state.compile_graph
    monkeypatch.setattr(
        function_state, "compile_graph", lambda *a, **k: (calls.append(1), original(*a, **k))[1]
    )
    trainer = bp.Trainer(lambda w, x: ((x * w) ** 2).mean(), params=np.ones(()))
    x = np.ones((200, 1))
    for _ in range(2):
        for n in range(1, 101):
            trainer.step(x[:n])
    assert len(calls) == 100
    kept = trainer._state._programs
    assert sum(size for _, size in kept._values.values()) <= MEMORY
    trainer._state._programs = Kept(50_000)
    trainer._state._runs = Kept(50_000)
    for n in range(1, 101):
        trainer.step(x[:n])
    assert 1 <= len(trainer._state._programs) < 10 and 1 <= len(trainer._state._runs) < 50


@pytest.mark.thread_unsafe
def test_threads_with_shapes_of_their_own():
    slope = bp.grad(lambda w, x: ((x @ w) ** 2).sum())
    wrong = []

    def use(start):
        for n in [*range(start, start + 20)] * 3:
            found = slope(np.ones(2), np.full((n, 2), 1.0))
            if not (found == 4.0 * n).all():
                wrong.append(n)

    threads = [threading.Thread(target=use, args=(start,)) for start in (1, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
