"""The command `segue compare`: two runs, two models or two submissions on the same playlists."""

from __future__ import annotations

import pathlib
import tempfile
from typing import TYPE_CHECKING, Annotated

import rich.console
import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail
from schema.layout import Layout

if TYPE_CHECKING:
    from evaluation.compare import Comparison


def compare(
    a: Annotated[str, typer.Argument(help="A run's directory, a model, or a submission (.csv).")],
    b: Annotated[str, typer.Argument(help="The same for what is compared with it.")],
    model_a: Annotated[
        str | None, typer.Option(help="Which model of run A; its candidate by default.")
    ] = None,
    model_b: Annotated[str | None, typer.Option(help="Which model of run B.")] = None,
    split: Annotated[str, typer.Option(help="Which playlists of the runs: eval or test.")] = "eval",
    holdouts: Annotated[
        str | None, typer.Option(help="Withheld tracks by pid, for models and submissions.")
    ] = None,
    challenge: Annotated[
        str | None, typer.Option(help="Challenge set that the models are to continue.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(help="Directory for an HTML report of the comparison.")
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Compare B with A on the playlists that both have, with the tests that the gate uses.

    Example: segue compare out out --model-a als --model-b two_tower --report comparison
    """
    from evaluation.compare import save
    from evaluation.render import comparison
    from report.build import build_report
    from schema.status import CompareStatus

    try:
        if all(pathlib.Path(Layout.under(run).report).is_dir() for run in (a, b)):
            found = _runs(a, b, model_a, model_b, split)
        else:
            found = _submissions(a, b, holdouts, challenge)
    except ValueError as error:
        fail(error, USAGE)
    except (OSError, RuntimeError) as error:
        fail(error)
    rich.console.Console().print(comparison(found))
    page = None
    if report:
        save(found, report)
        page = str(build_report(report))
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

    from evaluation.compare import compare_rows
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
        sides.append((pd.read_parquet(folder / ROWS_FILE), out, name))
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


def _submissions(a: str, b: str, holdouts: str | None, challenge: str | None) -> Comparison:
    """Compares files; of a model the file is made first."""
    from evaluation.compare import compare_submissions

    if holdouts is None:
        raise ValueError("--holdouts is needed to compare models or submissions.")
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for side, path in (("A", a), ("B", b)):
            if pathlib.Path(path).is_dir():
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


def _recommend(model: str, challenge: str, output: str, folder: str) -> None:
    from pipeline import recommend
    from pipeline.console import log_capture

    with log_capture.console_apart(str(pathlib.Path(folder) / "log")):
        recommend.recommend(model, challenge, output)
