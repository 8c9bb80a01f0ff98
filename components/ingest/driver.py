"""Driver of the Ingest component: looks at the input and the destination before the cache does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from components.ingest import job, manifest, records, window
from components.ingest.errors import IngestError
from components.ingest.manifest import Manifest
from components.ingest.options import IngestOptions
from components.ingest.parameters import spans_as_json, window_of
from components.look_up import LookUpDriver
from schema.splits import SplitConfig


class Driver(LookUpDriver):
    """TFX's cache must not believe that the records of an earlier run still lie there."""

    @staticmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Looks at the content of the input, and at what lies at the destination.

        Returns:
            `fingerprint` of the input; `run_id`, that of the ingest that lies at the destination,
            if it is what this one would write, otherwise a new one; `input`, which is then what
            was read to make it: a copy of the data elsewhere comes from the cache as well; `spans`,
            each with its path and fingerprint.
        """
        given, chosen = parameters["input"], window_of(parameters)
        finished: Manifest | None
        try:
            sources = (
                parameters["output"],
                IngestOptions.model_validate_json(parameters["options"]),
                SplitConfig.model_validate_json(parameters["split"]),
                parameters["source_hash"],
            )
            if chosen.is_of(given):
                of_window = window.plan(given, *sources, window=chosen)
                read, spans = of_window.input, spans_as_json(of_window)
                fingerprint = manifest.fingerprint(of_window.made_from)
                finished = records.load(parameters["output"], fingerprint)
            else:
                plan = job.plan(given, *sources)
                read, spans = given, ""
                fingerprint, finished = plan.fingerprint, plan.finished
        except IngestError:
            # The executor says why, when its turn comes.
            unknown = f"{manifest.UNKNOWN}-{uuid.uuid4().hex}"
            return {
                "fingerprint": unknown,
                "run_id": uuid.uuid4().hex,
                "input": given,
                "spans": "",
            }
        return {
            "fingerprint": fingerprint,
            "run_id": uuid.uuid4().hex if finished is None else finished.run_id,
            "input": read if finished is None else finished.input,
            "spans": spans,
        }
