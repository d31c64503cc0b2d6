"""Python's whole numbers among the arguments answer as ints do, beside numbers of any kind."""

import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import fastbp as bp

X = np.array([1.0, 2.0])
VALUES = {2.5: 5.0, 3.0: 7.0}
LOOKS = {
    "== float": lambda n: n == 3.0,
    "float ==": lambda n: 3.0 == n,  # noqa: SIM300
    "!= float": lambda n: n != 3.0,
    "among floats": lambda n: n in (0.5, 3.0),
    "not among floats": lambda n: n not in (0.5, 3.0),
    "in a set": lambda n: n in {3.0, 9.0},
    "in a dict": lambda n: n in VALUES,
    "get": lambda n: VALUES.get(n, 0.0),
    "lists": lambda n: [n] == [3.0],
    "tuples": lambda n: (1, n) == (1.0, 3.0),
    "count": lambda n: [3.0, 3.0].count(n),
    "complex": lambda n: n == 3 + 0j,
    "Fraction": lambda n: n == Fraction(3),
    "Decimal": lambda n: n == Decimal(3),
    "Decimal ==": lambda n: Decimal(3) == n,
    "np.float64": lambda n: n == np.float64(3),
    "np.float64 ==": lambda n: np.float64(3) == n,
    "np.int64": lambda n: n == np.int64(3),
    "np.int64 !=": lambda n: np.int64(3) != n,
    "array": lambda n: float((n == np.array([3.0, 4.0])).sum()),
    "int": lambda n: n == 3,
    "None": lambda n: n == None,  # noqa: E711
    "text": lambda n: n == "3",
    "<": lambda n: n < 3.5,
    ">=": lambda n: n >= Fraction(5, 2),
    "+": lambda n: n + 0.5,
    "-": lambda n: 0.5 - n,
    "/": lambda n: 1.5 / n,
    "//": lambda n: 7.5 // n,
    "%": lambda n: 7.5 % n,
    "**": lambda n: n**0.5,
    "** of a float": lambda n: 0.5**n,
    "pow": lambda n: pow(n, 2, 5),
    "divmod": lambda n: divmod(7.5, n)[1],
    "+ Fraction": lambda n: float(n + Fraction(1, 2)),
    "<<": lambda n: 1 << n,
    "&": lambda n: 6 & n,
    "hash": lambda n: float(hash(n)),
    "max": lambda n: max(n, 2.5),
    "operator.eq": lambda n: operator.eq(n, 3.0),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_number_answers_as_the_int(look):
    f = bp.compile(lambda x, n: x * float(look(n)))
    for n in (3, 4, 3, 2):
        np.testing.assert_array_equal(f(X, n), X * float(look(n)))


def test_one_branch_each():
    f = bp.compile(lambda x, n: x * (2.0 if n == 3.0 else 1.0))
    np.testing.assert_array_equal(f(X, 3), 2 * X)
    np.testing.assert_array_equal(f(X, 4), X)
    np.testing.assert_array_equal(f(X, 3), 2 * X)


def test_slopes():
    f = bp.grad(lambda x, n: (x * (2.0 if n in (0.5, 2.0) else 1.0)).sum())
    np.testing.assert_array_equal(f(X, 2), [2, 2])
    np.testing.assert_array_equal(f(X, 3), [1, 1])
