#!/usr/bin/env bash
# The tests and the examples, against a wheel installed in an environment of its own: `tools/test_wheel.sh WHEEL [PYTEST
# ARGUMENTS]`. PYTHON names the interpreter; WITH adds requirements, such as WITH='numpy==2.0.*'.
set -euo pipefail
source "$(dirname "$0")/common.sh"
wheel=$(absolute "$1")
shift
new_folder

heading "the tests, against the installed wheel"
copy_tree "$work/tree"
bin=$(new_venv "$work/test")
# shellcheck disable=SC2086  # WITH may hold several
"$bin/pip" install --quiet "${wheel}[test]" ${WITH:-}
cd "$work/tree"
"$bin/pytest" "$@"

heading "python -m fastbp and the examples, from a folder without sources"
mkdir "$work/elsewhere"
cd "$work/elsewhere"
"$bin/python" -c 'import fastbp; assert "site-packages" in fastbp.__file__, fastbp.__file__'
"$bin/python" -m fastbp
for example in "$work"/tree/examples/*.py; do
    echo "--- ${example##*/}"
    "$bin/python" -W error "$example"
done
