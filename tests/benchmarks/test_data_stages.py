"""The bench of the data stages: what is done is not done again, and its drawing."""

import json
import re
import sys

import pytest

from benchmarks import data_stages, harness
from benchmarks.data_stages_plot import draw

STAGES = (*data_stages.STAGES, "all")


@pytest.fixture
def commands(monkeypatch):
    """What is started, in place of which nothing runs."""
    started = []

    def run(command, **_):
        started.append(command)
        return harness.Finished(seconds=2.04, cpu_seconds=1.5, peak_gib=0.5, output="")

    monkeypatch.setattr(harness, "run", run)
    return started


def test_a_measurement_that_was_cut_short_goes_on_where_it_was(commands, tmp_path):
    (tmp_path / "sample.json").write_text("{}")
    done = {"seconds": 100.0, "cpu_seconds": 90.0, "peak_mib": 4000}
    for stage in ("ImportSchemaGen", "Ingest"):
        (tmp_path / f"{stage}.json").write_text(json.dumps(done))
    figures = data_stages.stages(tmp_path, 10)
    assert [command[3] for command in commands] == [*data_stages.STAGES[1:]]
    assert figures["Ingest"] == done
    assert figures["all"] == {"seconds": 108.0, "cpu_seconds": 96.0, "peak_mib": 4000}
    commands.clear()
    assert data_stages.stages(tmp_path, 10) == figures
    assert not commands


def test_sizes_are_those_that_the_environment_names(monkeypatch):
    monkeypatch.setenv("SEGUE_BENCH_PLAYLISTS", "100,200")
    assert data_stages.sizes() == (100, 200)
    monkeypatch.delenv("SEGUE_BENCH_PLAYLISTS")
    assert data_stages.sizes((5,)) == (5,)


def test_ten_times_the_time_is_a_tick_higher():
    at = {"cpu_seconds": 100, "peak_mib": 1000}
    ten = {"cpu_seconds": 1000, "peak_mib": 1000}
    drawn = draw({"100": dict.fromkeys(STAGES, at), "1000": dict.fromkeys(STAGES, ten)})
    time, memory = re.findall(r'points="(\S+),(\S+) (\S+),(\S+)"', drawn)[:: len(STAGES) - 1][:2]
    ticks = [float(y) for y in re.findall(r'y1="(\S+)" y2="\S+" stroke="#ddd"', drawn)]
    assert [float(time[1]), float(time[3])] == ticks[1:3]
    assert memory[1] == memory[3]


def test_memory_of_all_processes_is_added_up():
    child = "import time; held = b'1' * (80 << 20); time.sleep(1.5)"
    code = f"""
import subprocess, sys
held = b"1" * (80 << 20)
subprocess.run([sys.executable, "-c", {child!r}])
"""
    assert harness.run([sys.executable, "-c", code]).peak_gib > 160 / 1024
