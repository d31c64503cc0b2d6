#!/usr/bin/env bash
# Build the site and run its examples; warnings are errors. `docs/build.sh [FOLDER]`, default docs/_build.
#
# PYTHON names an interpreter that has fastbp installed, with its extra: pip install 'fastbp[docs]'. By default it is that
# of .venv beside this folder, or else python3.
# Needs no network. -P keeps the folder that this is called from, and with it the sources, off the path.
set -euo pipefail
out=${1:-$(dirname "$0")/_build}
source=$(dirname "$0")
python=$source/../.venv/bin/python
[ -x "$python" ] || python=python3
for builder in doctest html; do
    "${PYTHON:-$python}" -P -m sphinx -W --keep-going --quiet -b "$builder" -d "$out/doctrees" "$source" "$out/$builder"
done
echo "built $out/html/index.html"
