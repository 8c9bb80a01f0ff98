"""Driver of the Ingest component: looks at the input and the destination before the cache does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from components.ingest import job, manifest, spans
from components.ingest.errors import IngestError
from components.ingest.options import IngestOptions
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
            was read to make it: a copy of the data elsewhere comes from the cache as well.
        """
        given = parameters["input"]
        try:
            read = spans.resolve(given, parameters["span"])
            plan = job.plan(
                read,
                parameters["output"],
                IngestOptions.model_validate_json(parameters["options"]),
                SplitConfig.model_validate_json(parameters["split"]),
                parameters["source_hash"],
            )
        except IngestError:
            # The executor says why, when its turn comes.
            unknown = f"{manifest.UNKNOWN}-{uuid.uuid4().hex}"
            return {"fingerprint": unknown, "run_id": uuid.uuid4().hex, "input": given}
        if plan.finished is None:
            found = {"run_id": uuid.uuid4().hex, "input": read}
        else:
            found = {"run_id": plan.finished.run_id, "input": plan.finished.input}
        return {"fingerprint": plan.fingerprint, **found}
