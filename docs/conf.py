"""Sphinx configuration; docs/build.sh builds. The fastbp that is documented is the one that is installed."""

import inspect
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for pictures.py; the root, with the sources, stays off the path

import pictures  # noqa: E402

from fastbp import __version__  # noqa: E402

pictures.draw(HERE / "_generated")

project = "fastbp"
author = "the fastbp developers"
copyright = "2026, the fastbp developers"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "_generated"]
nitpicky = True
nitpick_ignore_regex = [
    # Python's own exceptions: no inventory is fetched, so that the site builds without a network
    ("py:exc", r"[A-Z][A-Za-z]*(Error|Interrupt)"),
    # types in docstrings are words: "array (n_in, units), live"
    ("py:class", r"(?!fastbp\.).*"),
]

myst_enable_extensions = ["deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

# Signatures without annotations (most are Any): the docstrings say what is taken.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
pygments_style = "default"
pygments_dark_style = "github-dark"
html_title = f"fastbp {release}"
html_static_path = ["_static", "_generated/static"]
html_css_files = ["site.css", "graph.css"]
html_extra_path = ["_generated/pages"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}  # the arrow keys belong to the lecture's pages


def mathml(writer, node, *, block):
    """A formula as MathML, which browsers draw without a script from elsewhere."""
    formula = latex2mathml.tex2mathml(node.astext(), as_block=block)
    writer.body.append(f'<div class="formula">{formula}</div>' if block else formula)
    raise nodes.SkipNode


def plain(app, what, name, obj, options, lines):
    """Undo what napoleon does to a property's line: it takes words before a colon for a type."""
    if isinstance(obj, property):
        lines[:] = [*inspect.getdoc(obj).splitlines(), ""]


def setup(app):
    """Register the formulas' renderer, and what comes after napoleon."""
    app.connect("autodoc-process-docstring", plain, priority=600)
    app.add_html_math_renderer(
        "mathml",
        (lambda writer, node: mathml(writer, node, block=False), None),
        (lambda writer, node: mathml(writer, node, block=True), None),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}


html_math_renderer = "mathml"
