#!/usr/bin/env bash
# Installs the wheel of a folder into an empty environment, outside the project, and runs the
# pipeline with it: scripts/try_package.sh [DIST]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD uv=$PWD/.venv/bin/uv dist=$(realpath "${1:-dist}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wheels=("$dist"/segue_recommender-*.whl)
[ -f "${wheels[0]}" ] && [ ${#wheels[@]} -eq 1 ] || { echo "$dist holds no wheel, or several: make package" >&2; exit 1; }

"$uv" venv --quiet --python .venv/bin/python "$folder/env"
python=$folder/env/bin/python
"$uv" pip install --quiet --python "$python" --require-hashes -r requirements/runtime.lock
"$python" "$root/scripts/overwrites.py" "${wheels[0]}"
"$uv" pip install --quiet --python "$python" --no-deps "${wheels[0]}"
# What the wheel says that it needs is what the lock has.
"$uv" pip check --quiet --python "$python"

cd "$folder"
unset PYTHONPATH
segue=$folder/env/bin/segue
"$segue" --version
"$segue" sample --playlists 300 --seed 7 --output sample
"$segue" run --data sample --out out --json | tail -n 1 >status.json
"$python" - <<'PYTHON'
import json, pathlib, pipeline
status = json.loads(pathlib.Path("status.json").read_text())
assert status["status"] in {"blessed", "refused"}, status
assert pathlib.Path(status["report"]).is_file(), status
assert "site-packages" in pipeline.__file__, pipeline.__file__
print(f"Installed from the wheel, a run ended: {status['status']}.")
PYTHON
