"""Prints which nodes of the DAG change their cache key, edit by edit, as one JSON object.

Under "any" it has the nodes whose key is of code at all.

Run in a copy of the tree, with the edits as a JSON list: a file's path, to which a comment is
added, or "distribution==version", which is then what is installed.
"""

import importlib
import importlib.metadata
import json
import pathlib
import sys

from pipeline import dag, source_hash
from pipeline.overrides import load_config

SETTINGS = [
    "candidate=two_stage",
    "baselines=[two_tower, als, item_knn, popularity]",
    "tuner.enabled=true",
    "tuner.families=[als]",
]
PASSING = {"started", "run_id", "fingerprint"}
INSTALLED = importlib.metadata.version


def keys(code=None):
    importlib.reload(source_hash)  # a process computes each key once
    if code:
        source_hash.of = lambda *_: code
    config = load_config(None, SETTINGS, data="somewhere")
    made = dag.create_pipeline(config, dag.Paths.under(config))
    return {node.id: _lasting(node.exec_properties) for node in made.components}


def _lasting(properties):
    """What does not differ from one run to the next anyway."""
    return repr(sorted((key, properties[key]) for key in {*properties} - PASSING))


def changed(edit):
    name, _, version = edit.partition("==")
    path = pathlib.Path(edit)
    content = b"" if version else path.read_bytes()
    try:
        if version:
            importlib.metadata.version = lambda other: (
                version if other.replace("_", "-") == name else INSTALLED(other)
            )
        else:
            path.write_bytes(content + b"\n# edited\n")
        after = keys()
    finally:
        importlib.metadata.version = INSTALLED
        if not version:
            path.write_bytes(content)
    return differing(after)


def differing(after):
    return sorted(node for node in before if before[node] != after[node])


before = keys()
found = {edit: changed(edit) for edit in json.loads(sys.argv[1])}
print(json.dumps({"any": differing(keys(code="other")), **found}))
