#!/usr/bin/env bash
# Runs tests, or any command, on the newest stack: TFX 1.21 on Python 3.12 (requirements/newest.lock).
#   scripts/newest.sh [COMMAND...]       by default a selection of tests and a run of the pipeline
# Some of its wheels need glibc 2.39 or later (Debian 13, Ubuntu 24.04). On an older Linux, root gets a
# Debian 13 of its own below .cache/newest, made by mmdebstrap, and runs there.
set -euo pipefail
cd "$(dirname "$0")/.."

PLACE=$PWD/.cache/newest
GLIBC=2.39

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
lacks() { printf 'The newest stack does not run here: %s\n' "$*" >&2; exit 1; }

is_312() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' >/dev/null 2>&1; }

# A shim of pyenv fails unless its version is in use, so that each is run before it is believed.
find_python() {
  local each
  for each in "${PYTHON:-}" python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python python3; do
    if [ -n "$each" ] && is_312 "$each"; then
      "$each" -c 'import os, sys; print(os.path.realpath(sys.executable))'
      return
    fi
  done
  return 1
}

python=$(find_python) || lacks "there is no Python 3.12 (PYTHON=path/to/python3.12 names one)"

older() { [ "$(printf '%s\n' "$1" "$GLIBC" | sort -V | head -n 1)" != "$GLIBC" ]; }

# Debian 13 with that Python in /usr/local.
make_root() {
  local root=$1 prefix packages
  prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
  [ "$prefix" != /usr ] || lacks "$python cannot be copied; pyenv's or uv's can"
  say "Making a Debian 13 for it (once; a minute)"
  packages=ca-certificates,netbase,tzdata,zlib1g,libuuid1,libncursesw6,libffi8,libssl3t64,libgomp1
  packages+=,libsqlite3-0,libreadline8t64,libbz2-1.0,liblzma5,libexpat1,git,make
  mkdir -p "$PLACE"
  rm -rf "$root.new"
  mmdebstrap --quiet --variant=minbase --include="$packages" trixie "$root.new" ||
    lacks "mmdebstrap could not make a Debian 13"
  mkdir -p "$root.new/usr/local/lib/python3.12"
  cp "$prefix/bin/python3.12" "$root.new/usr/local/bin/"
  cp --archive "$prefix"/lib/libpython3*.so* "$root.new/usr/local/lib/" 2>/dev/null || true
  tar --directory "$prefix/lib/python3.12" --exclude=./test --exclude=./site-packages --create --file=- . |
    tar --directory "$root.new/usr/local/lib/python3.12" --extract --file=-
  chroot "$root.new" ldconfig
  mv "$root.new" "$root"
}

# This script again, in that Debian, with this directory and uv's cache at their places.
enter() {
  local root=$PLACE/root cache=${UV_CACHE_DIR:-$HOME/.cache/uv}
  [ "$(id -u)" -eq 0 ] || lacks "glibc $1 is older than $GLIBC, and another Debian in a directory needs root"
  if ! command -v mmdebstrap >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null 2>&1 &&
      DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends mmdebstrap >/dev/null 2>&1 ||
      lacks "glibc $1 is older than $GLIBC, and mmdebstrap, which makes a newer Debian, is not installed"
  fi
  [ -d "$root" ] || make_root "$root"
  mkdir -p "$root$PWD" "$root$cache" "$cache"
  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  if [ -f "${SSL_CERT_FILE:-}" ]; then
    mkdir -p "$root$(dirname "$SSL_CERT_FILE")"
    cp --dereference "$SSL_CERT_FILE" "$root$SSL_CERT_FILE"
  fi
  # The mounts are seen by these processes only, and end with them.
  # shellcheck disable=SC2016
  exec unshare --mount bash -c '
    set -e
    root=$1 here=$2 cache=$3
    shift 3
    mount --bind "$here" "$root$here"
    mount --bind "$cache" "$root$cache"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -u PYTHONPATH PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin \
      PYTHON=/usr/local/bin/python3.12 LANG=C.UTF-8 UV_CACHE_DIR="$cache" UV_LINK_MODE=copy \
      "$here/scripts/newest.sh" "$@"
  ' enter "$root" "$PWD" "$cache" "$@"
}

glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || lacks "its wheels are for Linux"
if older "$glibc"; then
  enter "$@"
fi

venv=$PLACE/venv
stamp="$venv/.segue-$(cat requirements/newest.lock scripts/newest.sh | sha256sum | cut -c1-16)"
if [ ! -e "$stamp" ]; then
  say "Setting up the newest stack with $("$python" --version) (once; one to five minutes)"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  unset PYTHONDONTWRITEBYTECODE
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode --no-deps --require-hashes -r requirements/newest.lock
  touch "$stamp"
fi
export PATH=$venv/bin:$PATH PYTHONPATH=$PWD TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=2
if [ $# -gt 0 ]; then
  exec "$@"
fi
python -m pytest tests/schema tests/evaluation tests/sample tests/models/families tests/components/evaluator
out=$(mktemp --directory)
trap 'rm -rf "$out"' EXIT
python -m pipeline.cli sample --playlists 120 --seed 1 --output "$out/data"
python -W ignore -m pipeline.cli run --data "$out/data" --out "$out/run" --set candidate=als --set 'baselines=[popularity]' \
  --set 'split={train: 70, eval: 20, test: 10}' --set gate.resamples=999 --set models.als.factors=8 --set infra_check.requests=5
