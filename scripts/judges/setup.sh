#!/usr/bin/env bash
# Installs the judges at the versions pinned in requirements.txt, requirements-checkov.txt and package-lock.json.
#
#   scripts/judges/setup.sh          prints the folder they are in
#
# They go to $FLOWC_JUDGES (default: flowc-judges in the user's cache folder). Does nothing when that folder
# already holds exactly these versions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${FLOWC_JUDGES:-${XDG_CACHE_HOME:-$HOME/.cache}/flowc-judges}
stamp=$(cat "$here"/requirements*.txt "$here/package-lock.json" <(python3 --version) <(node --version) | cksum)

if [[ -f $home/stamp && $(<"$home/stamp") == "$stamp" ]]; then
  echo "$home"
  exit
fi

echo "installing the judges in $home" >&2
rm -rf "$home"
mkdir -p "$home/node"
install() { # VENV REQUIREMENTS
  python3 -m venv "$home/$1"
  "$home/$1/bin/pip" install --quiet --no-deps --disable-pip-version-check -r "$here/$2" >&2
}
install python requirements.txt
install checkov requirements-checkov.txt
cp "$here/package.json" "$here/package-lock.json" "$home/node/"
npm ci --prefix "$home/node" --silent --no-audit --no-fund --ignore-scripts >&2
echo "$stamp" >"$home/stamp"
echo "$home"
