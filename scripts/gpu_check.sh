#!/usr/bin/env bash
# Trains, exports and asks a model on a GPU, and compares its answers with those of the same
# training on the CPUs of the same machine: scripts/gpu_check.sh
# Needs an NVIDIA GPU with its driver, and TensorFlow's CUDA libraries (requirements/gpu.lock).
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-.venv/bin/python}
export TF_USE_LEGACY_KERAS=1 TF_CPP_MIN_LOG_LEVEL=2
exec "$PYTHON" -m benchmarks.gpu_check "$@"
