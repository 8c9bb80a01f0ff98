"""Which nodes run again when code or an installed distribution changes."""

import ast
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from pipeline import source_hash

TOWERS = ["Trainer.two_stage", "Trainer.two_tower"]
TRAINERS = ["Trainer.als", "Trainer.item_knn", "Trainer.popularity", *TOWERS]
#: Two_stage is built on two_tower, and ALS is tuned here.
NEVER_ALONE = {"Trainer.two_tower", "Trainer.als"}
#: The nodes that run again, by what is edited.
EDITS = {
    "components/ingest/validation.py": ["Ingest"],
    "components/example_gen/executor.py": ["ImportExampleGen"],
    "components/data_gate/anomalies.py": [],
    "components/holdout/examples.py": ["Holdout"],
    "models/transform/preprocessing.py": ["Transform"],
    "components/served_model/seen.py": ["ServedModel"],
    "components/evaluator/metrics.py": ["Evaluator"],
    "components/infra_check/answers.py": ["InfraCheck"],
    "serving/server/services.py": ["InfraCheck"],
    "evaluation/significance/paired.py": ["Significance"],
    "models/families/popularity/model.py": ["Trainer.popularity"],
    "models/families/item_knn/model.py": ["Trainer.item_knn"],
    "models/families/als/model.py": ["Trainer.als", "Tuner.als"],
    "models/families/two_tower/loss.py": TOWERS,
    "models/families/two_stage/ranker.py": ["Trainer.two_stage"],
    "models/tuning/tuner.py": ["Tuner.als"],
    "models/data/loading.py": [*TRAINERS, "Tuner.als"],
    "report/build.py": [],
    "pipeline/cli/main.py": [],
    "implicit==99": ["Trainer.als", "Trainer.item_knn", *TOWERS, "Tuner.als"],
    "tensorflow-recommenders==99": TOWERS,
    "tensorflow-data-validation==99": [],
    "keras-tuner==99": ["Tuner.als"],
}


@pytest.fixture(scope="module")
def changed(root, tmp_path_factory):
    tree = tmp_path_factory.mktemp("tree")
    for package in source_hash.OURS:
        shutil.copytree(root / package, tree / package)
    finished = subprocess.run(
        [sys.executable, root / "tests/pipeline/cache_keys.py", json.dumps(list(WATCHED))],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


WATCHED = [*EDITS, "schema/features.py", "tensorflow==99"]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_runs_the_nodes_again_that_import_it(changed, edit):
    assert changed[edit] == sorted(EDITS[edit])


def test_a_new_tensorflow_trains_every_model_again(changed):
    assert {*TRAINERS, "Transform", "Holdout"} <= set(changed["tensorflow==99"])


def test_the_names_of_features_concern_all_that_read_examples(changed):
    nodes = {*TRAINERS, "Holdout", "Transform", "InfraCheck", "Significance"}
    assert nodes <= set(changed["schema/features.py"])


def test_every_closure_has_a_module_whose_edit_concerns_its_node_alone(changed):
    alone = {nodes[0] for nodes in EDITS.values() if len(nodes) == 1}
    assert alone == {*changed["any"]} - NEVER_ALONE


def test_data_files_of_a_package_count():
    assert "report/templates/page.html" in source_hash._sources(frozenset({"report"}))
    assert "schema/schema.pbtxt" in source_hash._sources(frozenset({"schema"}))


def test_families_know_those_they_are_built_on_and_no_others():
    def families(name):
        ours, _ = source_hash.closure("models.trainer", f"models.families.{name}.*")
        found = {
            module.split(".")[2] for module in ours if re.match(r"models\.families\.\w+\.", module)
        }
        return found - {"shared"}

    assert families("als") == {"als"}
    assert families("popularity") == {"popularity"}
    assert families("two_stage") == {"two_stage", "two_tower"}


def test_a_module_that_does_not_exist_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"components\.nowhere"):
        source_hash.of("components.nowhere")


def test_a_family_of_another_distribution_counts_by_its_version():
    ours, others = source_hash.closure("implicit.als.*")
    assert (ours, others) == (frozenset(), frozenset({"implicit"}))


@pytest.fixture(scope="module")
def trees(root):
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): ast.parse(path.read_bytes())
        for package in source_hash.OURS
        for path in (root / package).rglob("*.py")
    }


def test_every_import_names_something_installed():
    _, others = source_hash.closure(*(f"{package}.*" for package in source_hash.OURS))
    found = source_hash.versions(others)
    # An extra that dev.lock does not hold, and what a worker imports in an environment of its own.
    missing = {name for name, version in found.items() if version == "missing"}
    assert missing <= {"librosa", "feast"}
    assert found["scikit-learn"] == importlib.metadata.version("scikit-learn")


def test_modules_that_are_named_in_strings_are_known(trees):
    for importer, tree in trees.items():
        # The first two ask for the keys of what they name; the last finds types, not behaviour.
        if importer in {"pipeline.dag", "pipeline.source_hash", "components.__init__"}:
            continue
        named = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in trees and "." in node.value
        }
        assert named <= {*source_hash.DYNAMIC.get(importer, ())}, importer
