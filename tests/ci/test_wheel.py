"""The project can be installed from what `setup.py sdist` packs, without the repository."""

import tarfile
import zipfile

from tests import wheel


def test_a_wheel_is_built_from_the_sdist_alone(root, tmp_path):
    sdist, built = wheel.build(root, tmp_path)
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert {"requirements/runtime.in", "README.md", "setup.py"} <= packed
    with zipfile.ZipFile(built) as archive:
        files = set(archive.namelist())
        (metadata,) = (name for name in files if name.endswith(".dist-info/METADATA"))
        described = archive.read(metadata).decode()
    assert {"components/ingest/job.py", "schema/schema.pbtxt", "pipeline/cli/main.py"} <= files
    assert not any(name.startswith(("tests/", "benchmarks/", "configs/")) for name in files)
    assert "Requires-Dist: tfx" in described
