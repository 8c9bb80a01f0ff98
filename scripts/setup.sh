#!/usr/bin/env bash
# Builds .venv from the locked requirements; does nothing where that is done already.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
STAMP="$VENV/.segue-$(cat requirements/dev.lock requirements/bootstrap.lock setup.py scripts/setup.sh | sha256sum | cut -c1-16)"
[ -e "$STAMP" ] && exit 0

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

is_310() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 10))' >/dev/null 2>&1; }

# pyenv puts a python3.10 on the PATH that fails unless 3.10 is the version in use, so every
# candidate is run before it is believed.
find_python() {
  local candidate root
  for candidate in "${PYTHON:-}" python3.10 python3 python; do
    [ -n "$candidate" ] && is_310 "$candidate" && { command -v "$candidate"; return; }
  done
  if command -v pyenv >/dev/null 2>&1; then
    candidate="$(pyenv prefix 3.10 2>/dev/null || true)/bin/python"
    is_310 "$candidate" && { echo "$candidate"; return; }
  fi
  root="$(pyenv root 2>/dev/null || echo "${PYENV_ROOT:-${HOME:-}/.pyenv}")"
  for candidate in "$root"/versions/3.10*/bin/python; do
    is_310 "$candidate" && { echo "$candidate"; return; }
  done
  if command -v uv >/dev/null 2>&1; then
    candidate="$(uv python find 3.10 2>/dev/null || true)"
    if [ -z "$candidate" ] && uv python install 3.10 >&2; then
      candidate="$(uv python find 3.10 2>/dev/null || true)"
    fi
    [ -n "$candidate" ] && is_310 "$candidate" && { echo "$candidate"; return; }
  fi
  return 1
}

# Any Python 3 fetches uv, and uv a Python 3.10, both below .cache: nothing else on the system changes.
fetch_python() {
  local other tried="" tools="$PWD/.cache/uv"
  export UV_PYTHON_INSTALL_DIR="$PWD/.cache/python" PIP_DISABLE_PIP_VERSION_CHECK=1
  for other in "${PYTHON:-}" python3 python python3.13 python3.12 python3.11 python3.9; do
    [ -n "$other" ] && "$other" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 || continue
    tried=yes
    say "Python 3.10 is not here; $("$other" --version 2>&1) fetches uv, and uv fetches it, into .cache/"
    "$other" -m pip install --quiet --require-hashes --target "$tools" --upgrade -r requirements/bootstrap.lock >&2 ||
      { "$other" -m venv "$tools" && "$tools/bin/python" -m pip install --quiet --require-hashes -r requirements/bootstrap.lock; } >&2 ||
      continue
    "$tools/bin/uv" python install --no-bin 3.10 >&2 || break
    "$tools/bin/uv" python find --managed-python 3.10 && return
    break
  done
  [ -z "$tried" ] || say "Fetching it failed"
  return 1
}

if ! python="$(find_python || fetch_python)"; then
  cat >&2 <<'MESSAGE'
Segue runs on Python 3.10, which was not found on the PATH, under pyenv or through uv.
Install it in one of these ways and run the same command again:
  pyenv install 3.10                       (any system)
  uv python install 3.10                   (any system)
  sudo apt-get install python3.10-venv     (Ubuntu 22.04)
or name an interpreter: make setup PYTHON=path/to/python3.10
MESSAGE
  exit 1
fi

say "Setting up $VENV with $("$python" --version) (once; one to five minutes)"
rm -rf "$VENV"
"$python" -m venv "$VENV"
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Without compiled files every later process would compile what it imports, some 30 s each.
unset PYTHONDONTWRITEBYTECODE
if "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements/bootstrap.lock &&
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --require-hashes --compile-bytecode -r requirements/dev.lock; then
  :
else
  say "uv could not install the packages; trying pip, which takes longer"
  "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements/dev.lock
fi
# Its build backend warns of things that are no user's concern.
if ! built="$("$VENV/bin/python" -m pip install --no-deps --no-build-isolation --editable . 2>&1)"; then
  printf '%s\n' "$built" >&2
  exit 1
fi
touch "$STAMP"
say "Ready"
