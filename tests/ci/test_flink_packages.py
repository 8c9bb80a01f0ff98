"""What `make flink` fetches and runs: pinned jars only, and a word where a tool is missing."""

from __future__ import annotations

import dataclasses
import hashlib
import stat

import pytest
import yaml

from scripts import jdk
from scripts.flink import java

MAVEN = """#!/bin/sh
echo "$@" >> "$0.calls"
for word in "$@"; do case $word in -DoutputDirectory=*) out="${word#*=}" ;; esac; done
mkdir -p "$out"
printf one > "$out/one.jar"
printf two > "$out/two.jar"
"""
JAVA = """#!/bin/sh
echo 'openjdk version "VERSION.0.1" 2025-04-15' >&2
"""
JAVAC = """#!/bin/sh
echo "javac 17.0.1"
while [ "$1" != -d ]; do shift; done
mkdir -p "$2"
"""


def pinned(**jars: str) -> str:
    digests = ((hashlib.sha256(text.encode()).hexdigest(), name) for name, text in jars.items())
    return "".join(f"{digest}  {name}.jar\n" for digest, name in digests)


class Machine:
    """A PATH of programs that are said to be there."""

    def __init__(self, folder, monkeypatch):
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.jars = folder / "cache" / "jars"
        self.pins = folder / "sha256sums"
        self.pins.write_text(pinned(one="one", two="two"))
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", f"{self._bin}:/usr/bin:/bin")
        monkeypatch.setattr(jdk.shutil, "which", self._which)
        packages = dataclasses.replace(java.PACKAGES, jars=self.jars, pins=self.pins)
        monkeypatch.setattr(java, "PACKAGES", packages)
        self.install("mvn", MAVEN)
        self.install("java", JAVA.replace("VERSION", "17"))
        self.install("javac", JAVAC)

    def install(self, name, text):
        path = self._bin / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def remove(self, name):
        (self._bin / name).unlink()

    def calls(self):
        path = self._bin / "mvn.calls"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def _which(self, name):
        path = self._bin / name
        return str(path) if path.exists() else None


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def refusal():
    with pytest.raises(jdk.MissingError) as error:
        java.fetch()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_pinned_is_fetched_once(machine):
    java.fetch()
    java.fetch()
    assert machine.calls() == 1
    assert {path.name for path in machine.jars.iterdir()} == {"one.jar", "two.jar"}


@pytest.mark.parametrize(
    ("pins", "words"),
    [
        (pinned(one="one", two="other"), "two.jar has another SHA-256 than is pinned"),
        (pinned(one="one"), "two.jar was fetched and is not pinned"),
        (pinned(one="one", two="two", zoo="z"), "zoo.jar is pinned in sha256sums and was not"),
    ],
)
def test_what_is_not_pinned_is_refused(machine, pins, words):
    machine.pins.write_text(pins)
    told = refusal()
    assert words in told
    assert "make flink ARGS=pin" in told


def test_a_jar_that_was_changed_since_is_fetched_again(machine):
    java.fetch()
    (machine.jars / "one.jar").write_text("changed")
    (machine.jars / "more.jar").write_text("more")
    java.fetch()
    assert machine.calls() == 2
    assert not java.PACKAGES.differing()


def test_pin_writes_what_the_pom_brings(machine):
    machine.pins.write_text("")
    assert java.PACKAGES.pin() == 2
    assert machine.pins.read_text() == pinned(one="one", two="two")


@pytest.mark.parametrize("tool", ["mvn", "java", "javac"])
def test_a_missing_tool_is_named(machine, tool):
    machine.remove(tool)
    assert f"needs {tool}" in refusal()


def test_an_old_java_is_refused(machine):
    machine.install("java", JAVA.replace("VERSION", "11"))
    assert "needs Java 17" in refusal()


def test_what_maven_says_is_told(machine):
    machine.install("mvn", "#!/bin/sh\necho '[ERROR] no route to Maven Central'; exit 1\n")
    assert "Maven cannot fetch Flink: [ERROR] no route to Maven Central" in refusal()


def test_the_kubernetes_sample_has_what_a_job_needs(root):
    sample = yaml.safe_load((root / "deploy" / "flink" / "kubernetes.yaml").read_text())
    assert sample["kind"] == "FlinkDeployment"
    given = sample["spec"]["flinkConfiguration"]
    assert all(isinstance(value, str) for value in given.values())
    conf = (root / "deploy" / "flink" / "flink-conf.yaml").read_text()
    here = yaml.load(conf, Loader=yaml.BaseLoader)
    shared = {key: here[key] for key in given if key in here}
    assert {key: given[key] for key in shared} == shared
    wanted = {"restart-strategy.type", "pekko.ask.timeout", "taskmanager.memory.segment-size"}
    assert wanted <= shared.keys()
    containers = sample["spec"]["taskManager"]["podTemplate"]["spec"]["containers"]
    assert [each["name"] for each in containers] == ["flink-main-container", "python-workers"]


def test_the_pins_are_of_the_pom(root):
    pins = java.PACKAGES.pins.read_text().splitlines()
    names = [line.split()[1] for line in pins]
    assert names == sorted(names)
    pom = (root / "deploy" / "flink" / "pom.xml").read_text()
    for artifact in ("beam-runners-flink-1.19-2.70.0", "beam-runners-java-job-service-2.65.0"):
        name, _, version = artifact.rpartition("-")
        assert f"<artifactId>{name}</artifactId>" in pom
        assert f"{version}</" in pom
        assert f"{artifact}.jar" in names
