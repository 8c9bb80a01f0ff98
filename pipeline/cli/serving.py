"""Commands around a pushed model: serve, query, release, demo."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import rich.console
import rich.table
import typer

from pipeline.cli.support import USAGE, fail
from schema.signatures import MAX_RECOMMENDATIONS

if TYPE_CHECKING:
    from serving.release import ReleaseManager

release_app = typer.Typer(
    help="Give a version the label stable or canary, on a running server.", no_args_is_help=True
)

TargetOption = Annotated[str, typer.Option(help="HOST:PORT of the server.")]
ModelNameOption = Annotated[str, typer.Option(help="Name that clients ask for.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(serve)
    app.command()(query)
    app.command()(demo)
    app.add_typer(release_app, name="release")


def serve(
    model_base: Annotated[
        str | None, typer.Option(help="Directory of versions, such as out/serving/segue.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="gRPC port.")] = 8500,
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
    model_name: ModelNameOption = "segue",
    model_config_file: Annotated[
        str | None, typer.Option(help="TF Serving's model configuration, instead of --model-base.")
    ] = None,
    model_config_file_poll_wait_seconds: Annotated[
        float, typer.Option(min=0, help="Time between two looks at it; 0 for never.")
    ] = 0.0,
    enable_batching: Annotated[bool, typer.Option(help="Run requests in batches.")] = False,
    batching_parameters_file: Annotated[
        str | None, typer.Option(help="TF Serving's batching parameters.")
    ] = None,
    ssl_config_file: Annotated[str | None, typer.Option(help="TF Serving's TLS file.")] = None,
    monitoring_port: Annotated[
        int | None, typer.Option(help="HTTP port for Prometheus metrics, liveness and readiness.")
    ] = None,
    max_message_size: Annotated[
        int, typer.Option(min=1024, help="Most bytes of a request or an answer.")
    ] = 64 * 2**20,
    allow_version_labels_for_unavailable_models: Annotated[
        bool, typer.Option(help="Accept labels of versions that are not loaded yet.")
    ] = False,
    file_system_poll_wait_seconds: Annotated[
        float, typer.Option(min=0, help="Time between two looks for versions; 0 looks once.")
    ] = 1.0,
    max_num_load_retries: Annotated[
        int, typer.Option(min=0, help="How often a version that fails to load is tried again.")
    ] = 5,
    load_retry_interval_micros: Annotated[
        int, typer.Option(min=0, help="Time between two of these tries.")
    ] = 2_000_000,
    enable_model_warmup: Annotated[
        bool, typer.Option(help="Run a model's warm-up requests before it serves.")
    ] = True,
) -> None:
    """Serve a model over TensorFlow Serving's gRPC API, for development and tests.

    Example: segue serve --model-base out/serving/segue --port 8500
    """
    from serving.protocol import ServerTls
    from serving.server import ServerOptions, WatchOptions, batching_of
    from serving.server import serve as run

    with _errors_told():
        options = ServerOptions(
            host=host,
            port=port,
            monitoring_port=monitoring_port,
            max_message_size=max_message_size,
            batching=batching_of(enable_batching, batching_parameters_file),
            tls=ServerTls.from_ssl_config(ssl_config_file) if ssl_config_file else None,
            config_file=model_config_file,
            config_poll_seconds=model_config_file_poll_wait_seconds,
            allow_version_labels_for_unavailable_models=allow_version_labels_for_unavailable_models,
            enable_model_warmup=enable_model_warmup,
            watch=WatchOptions(
                poll_seconds=file_system_poll_wait_seconds,
                max_load_retries=max_num_load_retries,
                load_retry_seconds=load_retry_interval_micros / 1e6,
            ),
        )
    code = run(model_base, options, model_name=model_name)
    raise typer.Exit(code)


def query(
    target: TargetOption = "127.0.0.1:8500",
    name: Annotated[str, typer.Option(help="The playlist's title.")] = "",
    track: Annotated[
        list[str] | None, typer.Option(help="A track: URI, link or ID. Repeat for more.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="MPD-format playlists, or a list of URIs; - for stdin.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=MAX_RECOMMENDATIONS, help="How many tracks.")] = 10,
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    model_name: ModelNameOption = "segue",
    version: Annotated[int | None, typer.Option(help="Version that answers.")] = None,
    label: Annotated[str | None, typer.Option(help="Label of the version, as canary.")] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds.")] = 10.0,
    tls_ca: Annotated[
        str | None, typer.Option(help="PEM file of the server's authority; turns on TLS.")
    ] = None,
) -> None:
    """Ask a server to continue a playlist.

    Example: segue query --name "road trip" --track spotify:track:1zWZvrk13cL8Sl3VLeG57F --top 5
    """
    from serving import client as serving_client
    from serving.client import ClientTls, ConnectionOptions, RecommenderClient
    from serving.protocol import BadAnswerError, ConfigError, ServingError

    try:
        form = serving_client.Format(output)
    except ValueError:
        fail(f"--format takes table, json or csv, not {output!r}.", USAGE)
    try:
        if file is not None:
            if track:
                raise ConfigError("give --track or --file, not both")
            read = serving_client.read_playlists(file, name)
            playlists = read.playlists
            for line in read.skipped:
                typer.echo(f"Skipped: {line}", err=True)
        else:
            playlists = (serving_client.playlist_from_arguments(name, track or ()),)
        tls = ClientTls.from_files(ca=tls_ca) if tls_ca else None
        options = ConnectionOptions(timeout=timeout, tls=tls)
        with RecommenderClient(
            target, model=model_name, version=version, label=label, options=options
        ) as client:
            answers = client.continue_playlists(playlists, top=top)
    except ConfigError as error:
        fail(error, USAGE)
    except (ServingError, BadAnswerError) as error:
        fail(error)
    serving_client.render(answers, form, sys.stdout)


def demo(
    model_base: Annotated[
        str | None, typer.Option(help="Directory of versions to serve and show.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="HOST:PORT of a running server, instead of starting one.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port of the page.")] = 8600,
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
) -> None:
    """Open a page to play with: a title, tracks, and what continues them.

    Example: segue demo --model-base out/serving/segue
    """
    from demo.app import run

    with _errors_told():
        run(model_base=model_base, target=target, port=port, host=host)


TlsOption = Annotated[
    str | None, typer.Option(help="PEM file of the server's authority; turns on TLS.")
]
ReleaseBaseOption = Annotated[
    str, typer.Option(help="Directory of versions, as the server sees it.")
]
ReleaseConfigOption = Annotated[
    str, typer.Option(help="The server's model configuration file, which is rewritten.")
]


@release_app.command()
def promote(
    version: Annotated[int | None, typer.Argument(help="The canary where none is named.")] = None,
    canary: Annotated[bool, typer.Option(help="Label it canary, beside the stable one.")] = False,
    metrics: Annotated[
        str | None,
        typer.Option(help="metrics.json of the run it came from; found if it lies beside."),
    ] = None,
    target: TargetOption = "127.0.0.1:8500",
    model_base: ReleaseBaseOption = "out/serving/segue",
    model_config_file: ReleaseConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
) -> None:
    """Make a version stable, or with --canary the canary.

    Example: segue release promote 1795296127 --metrics out/report/metrics.json
    """
    from serving.protocol import ConfigError
    from serving.release import read_metrics

    with _errors_told():
        metrics = metrics or _metrics_of(model_base, version)
        measured = read_metrics(metrics) if metrics else None
        with _manager(target, model_base, model_config_file, model_name, tls_ca) as manager:
            if canary:
                if version is None:
                    raise ConfigError("name the version that becomes the canary")
                done = manager.canary(version, run=metrics or "", metrics=measured)
            else:
                done = manager.promote(version, run=metrics or "", metrics=measured)
    _show(done)


@release_app.command()
def rollback(
    target: TargetOption = "127.0.0.1:8500",
    model_base: ReleaseBaseOption = "out/serving/segue",
    model_config_file: ReleaseConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
) -> None:
    """Drop the canary, or go back to the stable version before.

    Example: segue release rollback
    """
    with (
        _errors_told(),
        _manager(target, model_base, model_config_file, model_name, tls_ca) as manager,
    ):
        done = manager.rollback()
    _show(done)


@release_app.command()
def status(
    target: TargetOption = "127.0.0.1:8500",
    model_base: ReleaseBaseOption = "out/serving/segue",
    model_config_file: ReleaseConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
) -> None:
    """Tell which version is stable, since when, and what the server has loaded.

    Example: segue release status
    """
    with (
        _errors_told(),
        _manager(target, model_base, model_config_file, model_name, tls_ca) as manager,
    ):
        found = manager.status()
    if found.current is None:
        typer.echo("Nothing is released yet: segue release promote VERSION")
    else:
        _show(found.current)
        typer.echo(f"stable since {found.stable_since}")
        if found.previous_stable is not None:
            typer.echo(f"a rollback would return to version {found.previous_stable}")
    table = rich.table.Table("version", "state", "error")
    for state in found.versions:
        table.add_row(str(state.version), state.state, state.error)
    rich.console.Console().print(table)


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    """Ends the command in plain words: bad configuration as bad usage, a server's refusal as 1."""
    from serving.protocol import ConfigError, ServingError

    try:
        yield
    except ConfigError as error:
        fail(error, USAGE)
    except ServingError as error:
        fail(error)


def _manager(
    target: str, model_base: str, model_config_file: str, model_name: str, tls_ca: str | None
) -> ReleaseManager:
    from serving.client import ClientTls, ConnectionOptions
    from serving.release import ReleaseManager

    tls = ClientTls.from_files(ca=tls_ca) if tls_ca else None
    return ReleaseManager(
        target,
        model_base,
        model_config_file,
        model=model_name,
        options=ConnectionOptions(tls=tls),
    )


def _metrics_of(model_base: str, version: int | None) -> str | None:
    """The metrics.json of the run that pushed the version, where it still lies beside it."""
    path = pathlib.Path(model_base).resolve().parents[1] / "report" / "metrics.json"
    if version is None or not path.is_file():
        return None
    pushed = json.loads(path.read_text(encoding="utf-8")).get("pushed_version")
    return str(path) if pushed == str(version) else None


def _show(release: object) -> None:
    canary = getattr(release, "canary", None)
    typer.echo(f"stable: {release.stable}" + (f" · canary: {canary}" if canary else ""))  # type: ignore[attr-defined]
