"""Puts the report together: one page from the files of a report directory."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from report import formatting
from report.loading import RunResults, load
from report.sections import (
    behaviour,
    data,
    differences,
    examples,
    provider,
    quality,
    run,
    training,
    verdict,
)
from schema import files

REPORT_FILE = "index.html"

_logger = logging.getLogger("segue.report")


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of the page: `build` gives what the template of the same id shows."""

    id: str
    short: str
    title: str
    build: Callable[[RunResults], dict[str, Any]]


VERDICT = Section("verdict", "Verdict", "Verdict", verdict.build)
SECTIONS = (
    Section("quality", "Quality", "How well each model continues a playlist", quality.build),
    Section("differences", "Differences", "Is the difference real?", differences.build),
    Section("behaviour", "Behaviour", "How the models behave", behaviour.build),
    Section("provider", "Artists", "Whose tracks are shown", provider.build),
    Section("examples", "Examples", "Example recommendations", examples.build),
    Section("data", "Data", "Data and anomalies", data.build),
    Section("training", "Training", "Training", training.build),
    Section("run", "Run", "The run", run.build),
)


def build_report(report_dir: str | Path) -> Path:
    """Writes `index.html` from metrics.json, per_playlist.parquet and details.json beside it.

    The page is self-contained: no script, no font, no picture from elsewhere. What one of the
    files lacks is left out with a sentence that says so.

    Args:
        report_dir: the directory that holds the files, OUT/report of a run.

    Returns:
        The path of the page.

    Raises:
        ReportError: when the directory holds none of the files.
    """
    return write(load(Path(report_dir)), report_dir)


def write(results: RunResults, report_dir: str | Path) -> Path:
    """Writes the page of what was loaded; returns its path."""
    page = render(results)
    target = Path(report_dir) / REPORT_FILE
    # A reader who reloads while the page is being written sees the old one or the new one.
    files.write_text(target, page)
    return target


def render(results: RunResults) -> str:
    """The whole page as HTML."""
    environment = _environment()
    return environment.get_template("page.html").render(
        title=verdict.headline(results),
        verdict=_body(environment, VERDICT, results),
        sections=list(_rendered(environment, results)),
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=formatting.percent, playlists=formatting.playlists)
    return environment


def _rendered(
    environment: jinja2.Environment, results: RunResults
) -> Iterator[dict[str, str | Markup]]:
    for section in SECTIONS:
        yield {
            "id": section.id,
            "short": section.short,
            "title": section.title,
            "body": _body(environment, section, results),
        }


def _body(environment: jinja2.Environment, section: Section, results: RunResults) -> Markup:
    """A section's HTML; one that fails costs the reader that section, not the report."""
    shared = {"models": results.models, "candidate": results.candidate}
    try:
        context = {**shared, **section.build(results)}
        # The templates escape what they are given.
        return Markup(environment.get_template(f"{section.id}.html").render(context))  # noqa: S704
    except Exception:
        _logger.exception("The section %r of the report could not be drawn", section.id)
        return Markup(
            '<p class="nothing">This section could not be drawn; the log has the reason.</p>'
        )
