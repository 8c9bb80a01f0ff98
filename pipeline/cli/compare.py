"""The command `segue compare`: two runs, two models or two submissions on the same playlists."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import rich.console
import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail
from schema.layout import Layout

if TYPE_CHECKING:
    from evaluation.compare import Comparison

_RUN: Final = "run"
_MODEL: Final = "model"
_SUBMISSION: Final = "submission"


def compare(
    a: Annotated[str, typer.Argument(help="A run's directory, a model, or a submission (.csv).")],
    b: Annotated[str, typer.Argument(help="The same for what is compared with it.")],
    model_a: Annotated[
        str | None, typer.Option(help="Which model of run A; its candidate by default.")
    ] = None,
    model_b: Annotated[str | None, typer.Option(help="Which model of run B.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Which playlists of the runs: eval, the default, or test.")
    ] = None,
    holdouts: Annotated[
        str | None,
        typer.Option(
            help="Withheld tracks of models and submissions, a JSON file: "
            '{"PID": {"scenario": NAME, "holdouts": [TRACK_URI, ...]}}.'
        ),
    ] = None,
    challenge: Annotated[
        str | None, typer.Option(help="Challenge set that the models are to continue.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(help="Directory for an HTML report of the comparison.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the comparison as Markdown.")
    ] = False,
    json: JsonOption = False,
) -> Status:
    """Compare B with A on the playlists that both have, with the tests that the gate uses.

    Example: segue compare out out --model-a als --model-b two_tower --report comparison
    """
    from evaluation.compare import save
    from evaluation.render import comparison
    from report import markdown as as_markdown
    from report.build import build_report
    from schema import files
    from schema.documents import METRICS_FILE
    from schema.status import CompareStatus

    page = None
    try:
        if report:
            files.check_writable(pathlib.Path(report) / METRICS_FILE)
        kinds = [_kind(path) for path in (a, b)]
        runs = kinds == [_RUN, _RUN]
        _refuse_idle(
            kinds,
            {"--model-a": model_a, "--model-b": model_b, "--split": split} if not runs else {},
            {"--holdouts": holdouts, "--challenge": challenge} if runs else {},
            {"--challenge": challenge} if _MODEL not in kinds else {},
        )
        if runs:
            found = _runs(a, b, model_a, model_b, split or "eval")
        else:
            found = _submissions(a, b, kinds, holdouts, challenge)
        if report:
            save(found, report)
            page = str(build_report(report))
    except ValueError as error:
        fail(error, USAGE)
    except (OSError, RuntimeError) as error:
        fail(error)
    if markdown:
        typer.echo(as_markdown.comparison(found))
    else:
        rich.console.Console().print(comparison(found))
    if page:
        typer.echo(f"Report: {page}")
    return CompareStatus(
        status="ok",
        a=found.a,
        b=found.b,
        playlists=found.document.playlists,
        models={name: model.overall for name, model in found.models.items()},
        tests=[test for test in found.tests if test.scenario is None],
        report=page,
    )


def _runs(a: str, b: str, model_a: str | None, model_b: str | None, split: str) -> Comparison:
    import pandas as pd

    from evaluation.compare import compare_rows, only_model
    from schema.documents import DETAILS_FILE, RunDetails, parse
    from schema.rows import ROWS_FILE

    sides, seeds = [], set()
    for out, model in ((a, model_a), (b, model_b)):
        folder = pathlib.Path(Layout.under(out).report)
        run = parse(RunDetails, (folder / DETAILS_FILE).read_bytes(), DETAILS_FILE)[0].run
        name = model or run.candidate
        if not name or "seed" not in run.config:
            raise ValueError(f"{folder / DETAILS_FILE} is not that of a finished run.")
        seeds.add(run.config["seed"])
        sides.append((only_model(pd.read_parquet(folder / ROWS_FILE), out, name), out, name))
    if len(seeds) > 1:
        raise ValueError(
            f"The runs have different seeds ({', '.join(map(str, sorted(seeds)))}), "
            "which withhold different tracks: their results cannot be paired."
        )
    (rows_a, out_a, name_a), (rows_b, out_b, name_b) = sides
    same = name_a == name_b
    return compare_rows(
        rows_a,
        rows_b,
        name_a=f"{name_a} ({out_a})" if same else name_a,
        name_b=f"{name_b} ({out_b})" if same else name_b,
        model_a=name_a,
        model_b=name_b,
        split=split,
    )


def _submissions(
    a: str, b: str, kinds: Sequence[str], holdouts: str | None, challenge: str | None
) -> Comparison:
    """Compares files; of a model the file is made first."""
    from evaluation.compare import compare_submissions
    from evaluation.submission import read_holdouts

    if _RUN in kinds:
        run, other = (a, kinds[1]) if kinds[0] == _RUN else (b, kinds[0])
        raise ValueError(
            f"{run} is a run and the other a {other}: compare two runs, or models and submissions. "
            f"A run's model is in {Layout.under(run).serving}."
        )
    if holdouts is None:
        raise ValueError("--holdouts is needed to compare models or submissions.")
    read_holdouts(holdouts)  # reports its errors before a model is asked
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for side, path, kind in zip("AB", (a, b), kinds, strict=True):
            if kind == _MODEL:
                if challenge is None:
                    raise ValueError(
                        f"{path} is a model: --challenge names what it is to continue."
                    )
                file = pathlib.Path(folder) / f"{side}.csv"
                _recommend(path, challenge, str(file), folder)
                files.append((str(file), path))
            else:
                files.append((path, pathlib.Path(path).name))
        (file_a, name_a), (file_b, name_b) = files
        if name_a == name_b:
            name_a, name_b = f"A: {name_a}", f"B: {name_b}"
        return compare_submissions(file_a, file_b, holdouts, name_a=name_a, name_b=name_b)


def _kind(path: str) -> str:
    """What an argument is.

    Raises:
        ValueError: it is nothing that can be compared.
    """
    from serving.protocol import BrokenModelError, saved_models

    place = pathlib.Path(path)
    if pathlib.Path(Layout.under(path).report).is_dir():
        return _RUN
    if place.is_dir() or "://" in path:
        try:
            saved_models.choose(path, None)
        except BrokenModelError:  # reported when it is asked
            return _MODEL
        except ValueError:
            raise ValueError(
                f"{path} is neither a run, which has a report, nor a model, which has a "
                "saved_model.pb or numbered versions with one."
            ) from None
        return _MODEL
    if not place.exists():
        raise ValueError(f"{path}: there is no such file or directory.")
    return _SUBMISSION


def _refuse_idle(kinds: Sequence[str], *idle: Mapping[str, str | None]) -> None:
    """Refuses options that say nothing of what is compared."""
    given = [name for options in idle for name, value in options.items() if value is not None]
    if given:
        raise ValueError(
            f"{', '.join(dict.fromkeys(given))}: of no use where a {kinds[0]} is compared with a "
            f"{kinds[1]}."
        )


def _recommend(model: str, challenge: str, output: str, folder: str) -> None:
    from pipeline import recommend
    from pipeline.console import log_capture

    with log_capture.console_apart(str(pathlib.Path(folder) / "log")):
        recommend.recommend(model, challenge, output, fall_back=None)
