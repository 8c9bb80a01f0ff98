import re
import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs/evaluation.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_code_in_the_documentation_runs(number, tmp_path):
    path = tmp_path / "example.py"
    path.write_text(BLOCKS[number], encoding="utf-8")
    runpy.run_path(str(path))


def test_the_documentation_has_code():
    assert len(BLOCKS) == 4
