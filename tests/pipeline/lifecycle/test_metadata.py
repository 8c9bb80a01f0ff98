"""Where ML Metadata lies, by configuration, and what is wrong with it, in words."""

import pathlib
import socket

import pytest

from pipeline.lifecycle import MetadataError, metadata
from pipeline.options.metadata import MetadataOptions
from pipeline.overrides import RunConfigError, load_config
from pipeline.runners import local


@pytest.fixture
def closed_port():
    """A port that nobody listens at: it is bound and not listened to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_it_lies_in_a_file_by_default(tmp_path):
    path = str(tmp_path / "metadata.db")
    with pytest.raises(MetadataError, match="is missing: no run kept"):
        metadata.opened(MetadataOptions(), path)
    assert metadata.opened(MetadataOptions(), path, writes=True).get_artifacts() == []
    assert metadata.opened(MetadataOptions(), path).get_artifacts() == []
    assert metadata.name_of(MetadataOptions(), path) == path


def test_a_database_is_reached_as_configured(monkeypatch):
    monkeypatch.setenv("MY_PASSWORD", "secret")
    options = MetadataOptions(host="db.example", port=3307, password="${MY_PASSWORD}", tls=True)
    found = metadata.connection(options, "unused").mysql
    assert (found.host, found.port, found.user, found.database) == (
        "db.example",
        3307,
        "segue",
        "segue",
    )
    assert (found.password, found.skip_db_creation) == ("secret", False)
    assert found.HasField("ssl_options")
    found = metadata.connection(MetadataOptions(host="localhost"), "", writes=False).mysql
    assert (found.host, found.password, found.skip_db_creation) == ("127.0.0.1", "", True)
    assert not found.HasField("ssl_options")
    assert metadata.name_of(options, "unused") == "segue on db.example:3307"


def test_a_password_stands_in_no_file():
    with pytest.raises(RunConfigError) as told:
        load_config(None, ["metadata.password=hunter2"], data="slices")
    assert "metadata.password: takes the name of an environment variable" in str(told.value)
    assert "hunter2" not in str(told.value)
    # The name goes into the report and into the metadata, and the password does not.
    config = load_config(None, ["metadata.password=$NAME"], data="slices")
    assert config.metadata.password == "$NAME"


@pytest.mark.parametrize(
    "setting",
    ["database=a-b", "database=a b", "host=a b", "port=0", "user=''", "timeout_seconds=0"],
)
def test_values_that_no_server_takes_are_refused(setting):
    key = setting.partition("=")[0]
    with pytest.raises(RunConfigError, match=f"metadata.{key}"):
        load_config(None, [f"metadata.{setting}"], data="slices")


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("MY_PASSWORD", raising=False)
    with pytest.raises(MetadataError, match="set the environment variable MY_PASSWORD"):
        metadata.connection(MetadataOptions(host="h", password="$MY_PASSWORD"), "unused")


def test_a_server_that_is_not_there_ends_a_run_before_it_begins(closed_port, tmp_path):
    config = load_config(
        None,
        ["metadata.host=127.0.0.1", f"metadata.port={closed_port}"],
        data=str(tmp_path),
        out=str(tmp_path / "out"),
    )
    with pytest.raises(MetadataError) as told:
        local.run(config)
    assert str(told.value) == (
        f"metadata.host: 127.0.0.1:{closed_port} cannot be reached (Connection refused): is the "
        "database server running there?"
    )
    assert not pathlib.Path(config.out, "pipeline_root").exists()
