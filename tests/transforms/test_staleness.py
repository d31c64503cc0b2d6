"""A cached program never gives a stale answer."""

import gc
import threading
import weakref

import numpy as np
import pytest

import fastbp as bp

X = np.arange(6.0).reshape(3, 2)
W = np.array([1.0, -2.0])

DATA = X.copy()
FACTOR = 2.0


def global_loss(w):
    return FACTOR * ((DATA @ w) ** 2).sum()


def wanted(w, data, factor=1.0):
    return factor * 2 * data.T @ (data @ w)


def test_a_captured_array_is_read_again():
    data = X.copy()
    f = bp.grad(lambda w: ((data @ w) ** 2).sum())
    np.testing.assert_allclose(f(W), wanted(W, data))
    data[0] = 100
    np.testing.assert_allclose(f(W), wanted(W, data))


def test_what_is_computed_from_a_captured_array_is_computed_again():
    data = X.copy()
    f = bp.grad(lambda w: ((np.sqrt(data) @ w) ** 2).sum())
    f(W)
    data += 1
    np.testing.assert_allclose(f(W), wanted(W, np.sqrt(data)))


def test_a_name_that_is_bound_anew():
    data, factor = X.copy(), 1.0
    f = bp.grad(lambda w: factor * ((data @ w) ** 2).sum())
    f(W)
    data = np.vstack([X, X])
    np.testing.assert_allclose(f(W), wanted(W, data))
    factor = 3.0
    np.testing.assert_allclose(f(W), wanted(W, data, 3.0))


def test_globals(monkeypatch):
    f = bp.grad(global_loss)
    np.testing.assert_allclose(f(W), wanted(W, X, 2.0))
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    np.testing.assert_allclose(f(W), wanted(W, X, 5.0))
    monkeypatch.setitem(globals(), "DATA", X + 1)
    np.testing.assert_allclose(f(W), wanted(W, X + 1, 5.0))
    DATA[...] = 7
    np.testing.assert_allclose(f(W), wanted(W, np.full_like(X, 7), 5.0))


def test_a_helper_function_and_what_it_captured():
    data = X.copy()

    def plain(w):
        return data @ w

    model = plain

    def loss(w):
        return (model(w) ** 2).sum()

    f = bp.grad(loss)
    f(W)
    data[...] = 5
    np.testing.assert_allclose(f(W), wanted(W, data))
    model = lambda w: 2 * (data @ w)  # noqa: E731
    np.testing.assert_allclose(f(W), wanted(W, 2 * data))


def test_a_transformed_function_and_what_it_captured():
    data = X.copy()
    inner = bp.grad(lambda w: ((data @ w) ** 2).sum())
    f = bp.compile(lambda w: 2 * inner(w))
    f(W)
    data += 1
    np.testing.assert_allclose(f(W), 2 * wanted(W, data))


def test_arrays_in_a_captured_list_or_dict():
    parts = [X.copy(), {"more": X.copy()}]
    f = bp.grad(lambda w: ((parts[0] @ w) ** 2).sum() + ((parts[1]["more"] @ w) ** 2).sum())
    f(W)
    parts[0][0, 0] = 9
    parts[1]["more"] = X[:1]
    np.testing.assert_allclose(f(W), wanted(W, parts[0]) + wanted(W, X[:1]))
    parts.append(1)
    np.testing.assert_allclose(f(W), wanted(W, parts[0]) + wanted(W, X[:1]))


def test_a_captured_index():
    index = np.array([0, 2])
    f = bp.grad(lambda x: (x[index] ** 2).sum())
    np.testing.assert_array_equal(f(X)[:, 0], [0, 0, 8])
    index[0] = 1
    np.testing.assert_array_equal(f(X)[:, 0], [0, 4, 8])


def test_numbers_are_inputs_and_other_arguments_are_not():
    calls = []

    def f(w, scale, n, text, flag):
        calls.append((n, text, flag))
        return scale * (w**n).sum() if flag else w.sum()

    g = bp.grad(f)
    np.testing.assert_allclose(g(W, 2.0, 2, "a", True), 4 * W)
    np.testing.assert_allclose(g(W, 3.0, 2, "a", True), 6 * W)
    assert len(calls) == 1
    np.testing.assert_allclose(g(W, 3.0, 3, "a", True), 9 * W**2)
    np.testing.assert_allclose(g(W, 3.0, 3, "b", True), 9 * W**2)
    np.testing.assert_allclose(g(W, 3.0, 3, "b", False), [1, 1])
    assert len(calls) == 4


@pytest.mark.parametrize("count", [lambda x: len(x), lambda x: x.shape[0], lambda x: x.size / 2])
def test_results_never_depend_on_the_shape_traced_first(count):
    f = bp.grad(lambda w, x: ((x @ w) ** 2).sum() / count(x))
    for rows in (3, 1, 2, 3):
        np.testing.assert_allclose(f(W, X[:rows]), wanted(W, X[:rows]) / rows)


def test_the_form_of_the_arguments_is_looked_at():
    f = bp.compile(lambda p: p["a"] * 2)
    np.testing.assert_array_equal(f({"a": X}), 2 * X)
    np.testing.assert_array_equal(f({"a": X, "b": 1.0}), 2 * X)
    assert f({"a": X.astype("f4")}).dtype == np.float32
    assert f({"a": 1.5}) == 3.0
    np.testing.assert_array_equal(f({"a": X.T}), 2 * X.T)


def test_the_programs_die_with_the_function():
    f = bp.grad(lambda w: (w**2).sum())
    f(W)
    program = weakref.ref(f)
    del f
    gc.collect()
    assert program() is None


def test_many_threads_may_call():
    f = bp.value_and_grad(lambda w, x: ((x @ w) ** 2).sum())
    wrong = []

    def work(k):
        w = W * k
        for _ in range(200):
            value, slope = f(w, X)
            if not (np.allclose(slope, wanted(w, X)) and np.isclose(value, ((X @ w) ** 2).sum())):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
