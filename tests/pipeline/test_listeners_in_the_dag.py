from __future__ import annotations

import pytest

from pipeline.config import PipelineConfig
from pipeline.dag import Paths


@pytest.mark.parametrize(("of", "name"), [("playlists", "schema"), ("listeners", "listeners")])
def test_titles_are_asked_for_where_playlists_are_held_out(of, name):
    config = PipelineConfig(data="data", holdout={"of": of})
    assert Paths.under(config).schema_file.endswith(f"/schema/{name}.pbtxt")


def test_a_schema_that_is_named_is_taken(tmp_path):
    file = tmp_path / "mine.pbtxt"
    file.write_text("")
    chosen = {"holdout": {"of": "listeners"}, "validation": {"schema_file": str(file)}}
    config = PipelineConfig(data="data", **chosen)
    assert Paths.under(config).schema_file == str(file)
