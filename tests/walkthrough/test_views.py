"""Text, tables, pictures and the page: complete, well-formed, escaped, and within their room."""

import html.parser
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import fastbp as bp
from fastbp.walkthrough.dot import quoted
from fastbp.walkthrough.layout import crossings, placed
from fastbp.walkthrough.numbers import number, shown
from fastbp.walkthrough.picture import picture

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "</script><b>\"quoted\" & 'so' \\ \x07{}"


def product(x, y, z):
    q = x + y
    return q * z


def network(params, x, y):
    z1 = x @ params["W1"] + params["b1"]
    a1 = bp.sigmoid(z1)
    y_hat = bp.sigmoid(a1 @ params["W2"] + params["b2"])
    return bp.bce(y_hat, y)


def deep(x, layers):
    for W in layers:
        x = bp.tanh(x @ W) + x
    return (x * x).mean() + sum((W * W).sum() for W in layers)


def trace_of_network(rows):
    rng = np.random.default_rng(0)
    params = {
        "W1": rng.normal(size=(2, 2)),
        "b1": np.zeros(2),
        "W2": rng.normal(size=(2, 1)),
        "b2": np.zeros(1),
    }
    return bp.trace(network, params, rng.normal(size=(rows, 2)), np.ones((rows, 1)))


def trace_of_nasty():
    return bp.trace(lambda params: params[NASTY] * 2, {NASTY: 3.0})


TRACES = {
    "product": lambda: bp.trace(product, -2.0, 5.0, -4.0),
    "one row": lambda: trace_of_network(1),
    "four rows": lambda: trace_of_network(4),
    "many rows": lambda: trace_of_network(100),
    "deep": lambda: bp.trace(deep, np.ones((2, 3)), [np.eye(3) * k for k in (0.1, 0.2, 0.3)]),
    "squares": lambda: bp.trace(lambda x: x * x + x * x * x, 3.0),
    "nasty": trace_of_nasty,
    "one node": lambda: bp.trace(lambda x: x, 3.0),
    "unused": lambda: bp.trace(lambda x, y: x * 2, 3.0, np.ones((3, 3))),
    "not a number": lambda: bp.trace(lambda x: x.sum(), np.array([np.nan, np.inf] * 9)),
}


@pytest.fixture(params=TRACES, scope="module")
def trace(request):
    return TRACES[request.param]()


# ---------------------------------------------------------------- text


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120, 300])
def test_text_keeps_within_the_terminal(trace, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, str(trace).split("\n"))) <= columns


def test_text_of_a_small_graph(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert str(TRACES["product"]()).split("\n") == [
        "product: forward",
        "#  node             shape   value",
        "─────────────────────────────────",
        "1  x                number  -2",
        "2  y                number  5",
        "3  z                number  -4",
        "4  q = x + y        number  3",
        "5  product = q * z  number  -12",
        "",
        "backward: incoming gradient g × local gradient = contribution",
        "#  node     from     formula  incoming  × local  = contribution  gradient",
        "─────────────────────────────────────────────────────────────────────────",
        "1  product           start                                       1",
        "2  q        product  g * z    1         -4       -4              -4",
        "3  z        product  g * q    1         3        3               3",
        "4  y        q        g        -4        1        -4              -4",
        "5  x        q        g        -4        1        -4              -4",
        "g is the gradient of the node named under 'from'.",
    ]


def test_text_of_a_network_has_each_contribution(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    trace = trace_of_network(4)
    text = str(trace)
    for node in trace.backward:
        for part in node.contributions:
            assert f"from {part.consumer.name}: {part.formula}" in text


def test_numbers():
    assert [number(v) for v in (0.0, -0.0, 1.0, 0.123456, 123456.0, np.nan)] == [
        *("0", "0", "1", "0.1235", "1.235e+05", "nan")
    ]
    assert shown(np.array([[1.0, -0.5], [10.0, 2.0]])) == ["[[ 1  -0.5]", " [10     2]]"]
    assert shown(np.arange(100.0).reshape(20, 5)) == ["(20, 5)", "0 … 99"]
    assert shown(np.ones((20, 5))) == ["(20, 5)", "all 1"]
    assert shown(np.ones((0, 2))) == ["(0, 2)", "no elements"]


# ---------------------------------------------------------------- pictures


def drawn_nodes(trace):
    return [n for n in trace.nodes if not n.is_number or n is trace.output]


def test_svg_is_well_formed_and_has_each_node(trace):
    root = ET.fromstring(trace.to_svg())
    groups = [g for g in root.iter(f"{SVG}g") if g.get("data-node")]
    assert [int(g.get("data-node")) for g in groups] == [n.number for n in drawn_nodes(trace)]
    for group, node in zip(groups, drawn_nodes(trace), strict=True):
        texts = ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
        for line in shown(node.value):
            assert line in texts
        if node.gradient is not None:
            assert "gradient" in texts and shown(node.gradient)[0] in texts


def test_svg_boxes_hold_their_text_and_do_not_overlap(trace):
    root = ET.fromstring(trace.to_svg())
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = []
    for group in (g for g in root.iter(f"{SVG}g") if g.get("data-node")):
        rect = group.find(f"{SVG}rect")
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        boxes.append((x, y, w, h))
        for text in group.iter(f"{SVG}text"):
            left, base = float(text.get("x")), float(text.get("y"))
            length = 7.3 * len("".join(text.itertext()))  # a fixed-width font of 12 pixels
            left -= length if text.get("text-anchor") == "end" else 0
            assert x <= left and left + length <= x + w and y + 10 <= base <= y + h - 3
    for i, (x, y, w, h) in enumerate(boxes):
        for a, b, c, d in boxes[:i]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y


def test_wires_keep_out_of_boxes(trace):
    drawing = picture(trace)
    for wire in drawing.wires:
        straight = zip(wire.points[::2], wire.points[1::2], strict=True)
        for (x0, y0), (x1, y1) in straight:
            for box in drawing.boxes:
                inside_x = box.x + 1 < max(x0, x1) and min(x0, x1) < box.x + box.width - 1
                inside_y = box.y + 1 < max(y0, y1) and min(y0, y1) < box.y + box.height - 1
                assert not (inside_x and inside_y)


def test_wires_are_operands_and_contributions():
    trace = TRACES["squares"]()
    drawing = picture(trace)
    assert len(drawing.wires) == sum(len(node.inputs) for node in trace.nodes)
    assert sum(w.has_gradient for w in drawing.wires) == sum(
        len(node.contributions) for node in trace.nodes
    )


def test_small_pictures_go_right_and_deep_ones_down():
    assert not picture(TRACES["product"]()).down
    assert picture(trace_of_network(4)).down


def test_layout_uncrosses_wires():
    edges = [(0, 5), (1, 4), (2, 3)]
    plan = placed([(10.0, 10.0)] * 6, edges)
    rows = [sorted(r, key=lambda i: plan.spots[i].at) for r in ([0, 1, 2], [3, 4, 5])]
    assert crossings(rows, plan.spots) == 0


# ---------------------------------------------------------------- DOT


def test_dot_has_each_node_and_use(trace):
    text = trace.to_dot()
    for node in drawn_nodes(trace):
        assert f"  n{node.number} [label=" in text
    assert text.count("style=dashed") == sum(len(node.contributions) for node in trace.nodes)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)  # what is left has no open quotation
    assert '"' not in outside and "\\" not in outside


def test_dot_escapes():
    assert quoted('a "b" \\', "c\nd") == r'"a \"b\" \\\l' + r'c d\l"'
    assert r"\"quoted\" & " in trace_of_nasty().to_dot()


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_graphviz_reads_it(trace):
    subprocess.run(["dot", "-Tsvg"], input=trace.to_dot().encode(), check=True, capture_output=True)


# ---------------------------------------------------------------- HTML


class Reader(html.parser.HTMLParser):
    """Tags that open and close in order, with what they hold."""

    VOID = frozenset({"meta", "br", "rect", "path"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" not in self.open and "style" not in self.open:
            self.text.append(data)


def test_tables_for_notebooks(trace):
    reader = Reader(trace._repr_html_())
    text = "".join(reader.text)
    for node in trace.nodes:
        assert node.name.replace("\x07", "?") in text
    rows = sum(tag == "tr" for tag, _ in reader.tags)
    backward = sum(max(len(node.contributions), 1) for node in trace.backward)
    assert rows == 2 + len(trace.nodes) + backward


def test_page_has_a_step_for_each_visit(trace):
    reader = Reader(trace.to_html())
    steps = [attrs for tag, attrs in reader.tags if tag == "section"]
    assert [int(a["data-step"]) for a in steps] == list(range(len(steps)))
    order = [(a["data-pass"], int(a["data-node"])) for a in steps[1:]]
    assert order == [
        *(("forward", node.number) for node in trace.nodes),
        *(("backward", node.number) for node in trace.backward),
    ]


def test_page_is_self_contained(trace):
    page = trace.to_html()
    for tag, attrs in Reader(page).tags:
        assert tag not in ("link", "img", "iframe", "object")
        assert not {"src", "href", "srcset", "onclick", "onload"} & attrs.keys()
    assert set(re.findall(r"\w+://[\w./]+", page)) == {"http://www.w3.org/2000/svg"}  # a name
    assert "@import" not in page and "url(" not in page and "fetch(" not in page


def test_page_has_buttons_and_keys():
    page = TRACES["product"]().to_html()
    for name in ("first", "back", "next", "last"):
        assert f'<button type="button" id="{name}">' in page
    for key in ("ArrowRight", "ArrowLeft", "Home", "End"):
        assert key in page
    assert 'aria-live="polite"' in page and "prefers-color-scheme: dark" in page


def test_names_are_escaped_everywhere():
    trace = trace_of_nasty()
    for text in (trace.to_svg(), trace.to_html(), trace._repr_html_()):
        assert "<b>" not in text.replace("<b><code>", "") and "\x07" not in text
        assert "&lt;/script&gt;" in text
    assert trace.to_html().count("</script>") == 1


CHROMIUM = shutil.which("chromium") if os.environ.get("FASTBP_TEST_BROWSER") else None


@pytest.mark.skipif(CHROMIUM is None, reason="needs FASTBP_TEST_BROWSER=1 and chromium")
def test_a_browser_shows_the_step_in_the_address(tmp_path):
    """At step 7, q is visited: it and the output have gradients, x, y and z have none yet."""
    path = tmp_path / "page.html"
    path.write_text(TRACES["product"]().to_html(), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}"]
    dom = subprocess.run(
        [CHROMIUM, *flags, "--dump-dom", f"{path.as_uri()}#step=7"], capture_output=True, timeout=60
    ).stdout.decode()
    assert '<body data-step="7">' in dom
    assert 'class="node here" data-node="4"' in dom and 'class="node from" data-node="5"' in dom
    assert dom.count("of-gradient pending") == 3 and "of-value pending" not in dom
