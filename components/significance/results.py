"""What Significance leaves for others: the names in its artifact, and a reader of rows."""

from __future__ import annotations

import io
from typing import Final

import pandas as pd
from tfx.dsl.io import fileio

#: The served model's name among the models that are compared.
SERVED: Final = "served"
#: The judgement, in the artifact `metrics`.
RESULTS_FILE: Final = "results.json"


def read_rows(path: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Reads rows of metrics, local or remote.

    Args:
        path: a Parquet file.
        columns: which of its columns; all by default.
    """
    with fileio.open(path, "rb") as file:
        return pd.read_parquet(io.BytesIO(file.read()), columns=columns)
