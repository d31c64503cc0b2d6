"""A graph as text."""

import numpy as np

from fastbp.graph import input_node, parameter_node, to_text


def test_text_lists_operands_first_and_marks_outputs():
    x = input_node(0, (4, 2), "float32", "x")
    w = parameter_node(0, (2, 1), "float32")
    h = np.tanh(x @ w)
    h.name = "hidden"
    text = to_text([h, (2 * h).sum(axis=0)])
    assert text.splitlines() == [
        "  %0  input x                                                  (4, 2)",
        "  %1  parameter 0                                              (2, 1)",
        "  %2  matmul(%0, %1)                   a @ b                   (4, 1)",
        "* %3  tanh(%2) hidden                  tanh(x)                 (4, 1)",
        "  %4  constant 2.0                                             ()",
        "  %5  multiply(%4, %3)                 a * b                   (4, 1)",
        "* %6  sum(%5, axis=0, keepdims=False)  sum(x, axis, keepdims)  (1,)",
    ]


def test_text_of_nothing_and_of_a_constant_array():
    x = input_node(0, (2,), "float32")
    assert to_text([]) == ""
    assert "constant array" in to_text([x * [1, 2]])
