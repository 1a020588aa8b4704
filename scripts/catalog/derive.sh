#!/bin/sh
# Derives src/catalog/derived/ from the packages pinned in requirements.txt; with --check, fails when it differs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${CATALOG_VENV:-$here/../../target/catalog-venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 exec "$venv/bin/python" "$here/derive.py" "$@"
