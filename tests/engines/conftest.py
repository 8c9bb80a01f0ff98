"""A Flink cluster of two TaskManagers on this machine."""

import shutil

import pytest

from scripts import jdk
from scripts.flink import cluster as clusters
from scripts.flink import java


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    try:
        jdk.program()
    except jdk.MissingError as error:
        pytest.skip(str(error))
    if shutil.which("mvn") is None and (
        not java.PACKAGES.jars.is_dir() or java.PACKAGES.differing()
    ):
        pytest.skip("fetching Flink needs mvn: apt-get install maven")
    folder = tmp_path_factory.mktemp("a cluster, with : in its name")
    with clusters.Cluster(folder, clusters.Ports.free()) as started:
        yield started
