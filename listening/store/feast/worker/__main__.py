"""Reads requests from standard input, a JSON object a line, and answers each with a line."""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any


def _main() -> None:
    # Feast and what it imports print; answers are alone on their own descriptor.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    import feast

    from .calls import CALLS

    _answer(answers, {"ready": feast.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            found = CALLS[request.pop("call")](**request)
        except Exception as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            _answer(answers, {"error": text})
        else:
            _answer(answers, {"found": found})


def _answer(answers: Any, content: dict[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


_main()
