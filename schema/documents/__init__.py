"""The documents of a run: metrics.json and details.json of OUT/report, and their parts.

Each is a pydantic model, and `schema/json/` holds its JSON Schema for readers in other languages
(`python -m schema` writes them anew). What cannot be computed is null, never NaN.
Writers use `to_json`; readers use `parse`, which leaves out the parts that do not validate.
"""

from schema.documents.base import SCHEMA_VERSION, Document, Part, Value
from schema.documents.counts import (
    ALL,
    COUNTS_FILE,
    Amount,
    CountsError,
    RunCounts,
    SplitCounts,
    StageCounts,
)
from schema.documents.details import (
    Anomaly,
    DataDetails,
    Drift,
    Example,
    FeatureRow,
    Gate,
    Lengths,
    RecommendedSong,
    RunDetails,
    RunInfo,
    Song,
    TrainingCurve,
    Trial,
)
from schema.documents.metrics import (
    Blessing,
    Check,
    ComparisonMetrics,
    DataSummary,
    Estimate,
    EvaluatorSlice,
    Exposure,
    ExposureShare,
    Judgement,
    ModelSummary,
    PairedTest,
    RunMetrics,
    ServedModel,
    SharedPlaylists,
    SpanSummary,
)
from schema.documents.parsing import clean, parse

METRICS_FILE = "metrics.json"
DETAILS_FILE = "details.json"

__all__ = [
    "ALL",
    "COUNTS_FILE",
    "DETAILS_FILE",
    "METRICS_FILE",
    "SCHEMA_VERSION",
    "Amount",
    "Anomaly",
    "Blessing",
    "Check",
    "ComparisonMetrics",
    "CountsError",
    "DataDetails",
    "DataSummary",
    "Document",
    "Drift",
    "Estimate",
    "EvaluatorSlice",
    "Example",
    "Exposure",
    "ExposureShare",
    "FeatureRow",
    "Gate",
    "Judgement",
    "Lengths",
    "ModelSummary",
    "PairedTest",
    "Part",
    "RecommendedSong",
    "RunCounts",
    "RunDetails",
    "RunInfo",
    "RunMetrics",
    "ServedModel",
    "SharedPlaylists",
    "Song",
    "SpanSummary",
    "SplitCounts",
    "StageCounts",
    "TrainingCurve",
    "Trial",
    "Value",
    "clean",
    "parse",
]
