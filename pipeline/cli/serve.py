"""The command `segue serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.support import MAX_SECONDS, ModelNameOption, serving_errors_reported


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
        float,
        typer.Option(min=0, max=MAX_SECONDS, help="Time between two looks at it; 0 for never."),
    ] = 0.0,
    enable_batching: Annotated[bool, typer.Option(help="Run requests in batches.")] = False,
    batching_parameters_file: Annotated[
        str | None, typer.Option(help="TF Serving's batching parameters.")
    ] = None,
    ssl_config_file: Annotated[str | None, typer.Option(help="TF Serving's TLS file.")] = None,
    monitoring_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="HTTP port for Prometheus metrics, liveness and readiness."
        ),
    ] = None,
    max_message_size: Annotated[
        int, typer.Option(min=1024, max=2**31 - 1, help="Most bytes of a request or an answer.")
    ] = 64 * 2**20,
    max_columns: Annotated[
        int, typer.Option(min=1, help="Most tracks of a row of a request; see docs/serving.md.")
    ] = 10_000,
    max_elements: Annotated[
        int, typer.Option(min=1, help="Most elements of an input, and of a padded batch.")
    ] = 1_000_000,
    max_held_elements: Annotated[
        int, typer.Option(min=1, help="Most elements of all requests that wait or run.")
    ] = 4_000_000,
    allow_version_labels_for_unavailable_models: Annotated[
        bool, typer.Option(help="Accept labels of versions that are not loaded yet.")
    ] = False,
    file_system_poll_wait_seconds: Annotated[
        float,
        typer.Option(
            min=0, max=MAX_SECONDS, help="Time between two looks for versions; 0 looks once."
        ),
    ] = 1.0,
    max_num_load_retries: Annotated[
        int, typer.Option(min=0, help="How often a version that fails to load is tried again.")
    ] = 5,
    load_retry_interval_micros: Annotated[
        int, typer.Option(min=0, max=MAX_SECONDS * 10**6, help="Time between two of these tries.")
    ] = 2_000_000,
    fall_back: Annotated[
        bool, typer.Option(help="Serve an older version while the latest cannot be loaded.")
    ] = False,
    follow_releases: Annotated[
        bool,
        typer.Option(
            help="Serve what `segue release` recorded beside --model-base; else the latest version."
        ),
    ] = True,
    enable_model_warmup: Annotated[
        bool, typer.Option(help="Run a model's warm-up requests before it serves.")
    ] = True,
    log_requests: Annotated[
        str | None,
        typer.Option(
            help="Directory for a log of requests and answers, of models whose configuration has "
            "no logging_config."
        ),
    ] = None,
    log_sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of their requests that is logged.")
    ] = 0.01,
    log_file_bytes: Annotated[
        int, typer.Option(min=1, help="A file of a log is put in place at this size.")
    ] = 64 * 2**20,
    log_file_seconds: Annotated[
        float, typer.Option(min=0.1, max=MAX_SECONDS, help="Or at this age.")
    ] = 300.0,
) -> None:
    """Serve a model over TensorFlow Serving's gRPC API, for development and tests.

    Example: segue serve --model-base out/serving/segue --port 8500
    """
    from pipeline import object_stores
    from serving.protocol import ConfigError, ServerTls
    from serving.protocol.tensors import TensorLimits
    from serving.server import RequestLogOptions, ServerOptions, WatchOptions, batching_of
    from serving.server import serve as run

    released: dict[str, int] = {}
    with serving_errors_reported():
        if model_base and model_config_file:
            raise ConfigError("give --model-base or --model-config-file, not both")
        try:
            object_stores.prepare({"--model-base": model_base})
        except object_stores.NoFileSystemError as error:
            raise ConfigError(str(error)) from None
        if model_config_file_poll_wait_seconds and not model_config_file:
            raise ConfigError(
                "--model-config-file-poll-wait-seconds needs a --model-config-file to look at"
            )
        if model_base and follow_releases:
            released = _released(model_base, model_name)
        options = ServerOptions(
            host=host,
            port=port,
            monitoring_port=monitoring_port,
            max_message_size=max_message_size,
            limits=TensorLimits(max_columns, max_elements),
            max_held_elements=max_held_elements,
            batching=batching_of(enable_batching, batching_parameters_file),
            tls=ServerTls.from_ssl_config(ssl_config_file) if ssl_config_file else None,
            config_file=model_config_file,
            config_poll_seconds=model_config_file_poll_wait_seconds,
            allow_version_labels_for_unavailable_models=bool(released)
            or allow_version_labels_for_unavailable_models,
            enable_model_warmup=enable_model_warmup,
            watch=WatchOptions(
                poll_seconds=file_system_poll_wait_seconds,
                max_load_retries=max_num_load_retries,
                load_retry_seconds=load_retry_interval_micros / 1e6,
                fall_back=fall_back,
            ),
            request_log=RequestLogOptions(
                directory=log_requests,
                sampling_rate=log_sample,
                max_file_bytes=log_file_bytes,
                max_file_seconds=log_file_seconds,
            ),
        )
    code = run(model_base, options, model_name=model_name, labels=released)
    raise typer.Exit(code)


def _released(model_base: str, model_name: str) -> dict[str, int]:
    """The versions that the release record beside a base path has servers serve, by label."""
    import os

    from schema.layout import Layout
    from serving.protocol import ConfigError, version_files
    from serving.release import labels

    base = model_base.rstrip("/") if "://" in model_base else os.path.abspath(model_base)
    record = os.path.join(os.path.dirname(base), os.path.basename(Layout.under("").releases))
    try:
        found = labels(base, record, model_name)
    except ConfigError as error:
        raise ConfigError(f"{error}; --no-follow-releases serves the latest version") from None
    if found:
        named = ", ".join(f"{label} {version}" for label, version in found.items())
        typer.echo(f"By the release record {record}: {named}")
        newest = max(version_files.list_versions(base))
        if newest > max(found.values()):
            typer.echo(
                f"  version {newest} is newer and waits for segue release promote {newest}; "
                "--no-follow-releases serves it"
            )
    return found
