#!/usr/bin/env bash
# Builds an environment of its own for what cannot live beside TFX, of a lock, and prints its Python.
#   scripts/environment.sh NAME VERSION      .cache/NAME of requirements/NAME.lock on Python VERSION
# Does nothing where that is done already.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 version=$2
home=$PWD/.cache/$name
lock=requirements/$name.lock

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# A shim of pyenv fails unless its version is in use, so that each is run before it is believed.
is_it() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" >/dev/null 2>&1; }

find_python() {
  local each
  for each in "${PYTHON:-}" "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python \
    /opt/hostedtoolcache/Python/"$version".*/x64/bin/python python3; do
    if [ -n "$each" ] && is_it "$each"; then
      "$each" -c 'import os, sys; print(os.path.realpath(sys.executable))'
      return
    fi
  done
  return 1
}

mkdir -p .cache
exec 9>".cache/$name.lock"
flock 9
stamp="$home/.segue-$(cat "$lock" scripts/environment.sh | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
  python=$(find_python) || {
    echo "There is no Python $version, which $lock is for; PYTHON=path/to/python$version names one." >&2
    exit 1
  }
  say "Setting up .cache/$name with $("$python" --version) (once; a minute or two)"
  rm -rf "$home"
  "$python" -m venv "$home/venv"
  unset PYTHONDONTWRITEBYTECODE
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
  "$home/venv/bin/uv" pip install --quiet --python "$home/venv/bin/python" --compile-bytecode --no-deps --require-hashes -r "$lock"
  touch "$stamp"
fi
echo "$home/venv/bin/python"
