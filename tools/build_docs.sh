#!/usr/bin/env bash
# The documentation, from an installed wheel, with each of its examples run: `tools/build_docs.sh WHEEL [FOLDER]`.
# PYTHON names the interpreter. The pages are copied to FOLDER, if one is named.
set -euo pipefail
source "$(dirname "$0")/common.sh"
wheel=$(absolute "$1")
new_folder

heading "the documentation and its examples"
copy_tree "$work/tree"
bin=$(new_venv "$work/docs")
"$bin/pip" install --quiet "${wheel}[docs]"
PYTHON="$bin/python" "$work/tree/docs/build.sh" "$work/site"
if [ $# -gt 1 ]; then mkdir -p "$2" && cp -R "$work/site/html/." "$2"; fi
