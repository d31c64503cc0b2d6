#!/usr/bin/env bash
# Linters, and types as a user of the wheel sees them: `tools/lint.sh WHEEL`. PYTHON names the interpreter.
set -euo pipefail
source "$(dirname "$0")/common.sh"
wheel=$(absolute "$1")
new_folder

heading "linters, and types as a user of the wheel sees them"
copy_tree "$work/tree"
bin=$(new_venv "$work/lint")
"$bin/pip" install --quiet "${wheel}[dev]"
cd "$work/tree"
(cd "$work" && "$bin/mypy" --strict tree/examples/*.py)
stubs=$(cd "$(dirname "$("$bin/python" -P -c 'import fastbp; print(fastbp.__file__)')")/.." &&
    find fastbp -name '*.pyi' | sed 's/\.pyi$//' | tr / .)
# shellcheck disable=SC2086  # many names
(cd "$work" && "$bin/stubtest" --allowlist tree/tests/stubtest_allowlist.txt $stubs)
"$bin/ruff" check .
"$bin/ruff" format --check .
PATH="$bin:$PATH" cython-lint fastbp # it calls pycodestyle by name
"$bin/mypy"
"$bin/shellcheck" --external-sources --source-path tools tools/*.sh docs/*.sh .ci/run
"$bin/zizmor" --offline --quiet .github
"$bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$bin/check-jsonschema" --builtin-schema vendor.citation-file-format CITATION.cff
