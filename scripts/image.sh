#!/usr/bin/env bash
# Builds the images with docker, podman or buildah, whichever works here, in that order:
#   scripts/image.sh TAG [ARGUMENT...]      arguments go to the engine's build command
# TAG is the image of deploy/Dockerfile, TAG-serving that of deploy/serving.Dockerfile. WHICH=segue
# or WHICH=serving builds one of them, ENGINE names the engine, LOCK=gpu takes CUDA's libraries along,
# SEGUE_COMMIT says which commit it is.
#   scripts/image.sh --push TAG
# pushes TAG and prints it under its digest: NAME@sha256:...
set -euo pipefail
cd "$(dirname "$0")/.."

push=
if [ "${1:-}" = --push ]; then
  push=yes
  shift
fi
tag=${1:?usage: scripts/image.sh TAG [ARGUMENT...]}
shift

works() {
  case $1 in
    buildah) command -v buildah >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 && timeout 20 "$1" info >/dev/null 2>&1 ;; # its daemon runs
  esac
}

engine=${ENGINE:-}
for each in docker podman buildah; do
  [ -n "$engine" ] && break
  works "$each" && engine=$each
done
if [ -z "$engine" ]; then
  echo "No engine works here: install docker or podman and start it, or install buildah, which needs no daemon." >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "$push" ]; then
  name=$tag
  [[ ${tag##*/} != *:* ]] || name=${tag%:*}
  echo "Pushing with $engine" >&2
  if [ "$engine" = docker ]; then
    docker push "$tag" >&2
    docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$tag" | grep --max-count 1 --fixed-strings "$name@"
  else
    "$engine" push --digestfile "$work/digest" "$tag" >&2
    printf '%s@%s\n' "$name" "$(cat "$work/digest")"
  fi
  exit
fi
echo "Building with $engine" >&2

case $engine in
  # Without namespaces of its own, buildah builds wherever it may change its root.
  buildah) build=(buildah bud --isolation chroot --network host) ;;
  docker) build=(env DOCKER_BUILDKIT=1 docker build) ;;
  *) build=("$engine" build) ;;
esac

# This machine's package index and the authorities that it is trusted by reach the build as secrets:
# they are in no layer, and in no history.
quoted() { [ -z "${!1:-}" ] || printf '%s=%q\n' "$1" "${!1}"; }
certificates=${SSL_CERT_FILE:-${PIP_CERT:-${REQUESTS_CA_BUNDLE:-}}}
{
  for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST UV_DEFAULT_INDEX UV_INDEX_URL UV_INDEX \
    UV_EXTRA_INDEX_URL UV_INSECURE_HOST; do
    quoted "$name"
  done
  [ -n "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || [ -z "${PIP_INDEX_URL:-}" ] ||
    printf 'UV_DEFAULT_INDEX=%q\n' "$PIP_INDEX_URL"
  if [ -n "$certificates" ]; then
    printf '%s=/run/secrets/certificates\n' SSL_CERT_FILE PIP_CERT
  fi
} >"$work/registry"
given=(--secret "id=registry,src=$work/registry")
if [ -n "$certificates" ]; then
  given+=(--secret "id=certificates,src=$certificates")
fi

if [ "${WHICH:-segue}" = segue ]; then
  "${build[@]}" --file deploy/Dockerfile --tag "$tag" ${LOCK:+--build-arg LOCK="$LOCK"} \
    ${SEGUE_COMMIT:+--build-arg SEGUE_COMMIT="$SEGUE_COMMIT"} "${given[@]}" "$@" .
fi
if [ "${WHICH:-serving}" = serving ]; then
  "${build[@]}" --file deploy/serving.Dockerfile --tag "$tag-serving" "$@" .
fi
