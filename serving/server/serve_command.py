"""The blocking entry of `segue serve`: a server with a console, until a signal ends it."""

from __future__ import annotations

import gc
import logging
import pathlib
import signal
import threading
from collections.abc import Mapping
from types import FrameType

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from tensorflow_serving.apis import model_pb2

from serving.protocol import ConfigError, ServingError, model_config, saved_models, version_files
from serving.server.options import ServerOptions
from serving.server.server import ModelServer

_LAME_DUCK_SECONDS = 0.5


def serve(
    model_base: str | pathlib.Path | None = None,
    options: ServerOptions | None = None,
    *,
    model_name: str = "segue",
    labels: Mapping[str, int] | None = None,
    grace: float = 10.0,
    console: Console | None = None,
) -> int:
    """Serves models until SIGINT or SIGTERM, then lets the requests under way end.

    Call it from the main thread, which receives signals.

    Args:
        model_base: directory of version directories, as Pusher fills it (`OUT/serving/segue`);
            `options.config_file` names the models in its place.
        options: see `ServerOptions`.
        model_name: name that clients ask for, of the model in `model_base`.
        labels: the versions in `model_base` that are served, by label, whatever is pushed; where
            empty, the latest one is.
        grace: seconds for the requests under way at the end.
        console: where to say what happens.

    Returns:
        Exit code: 0 after a signal, 2 for options that cannot be used, 1 when no model could be
        loaded.
    """
    console = console or Console()
    options = options or ServerOptions()
    try:
        config = _read_config(model_base, model_name, options.config_file, labels or {})
        if model_base and not options.watch.poll_seconds:
            _check_versions(str(model_base))
    except ConfigError as error:
        return _refuse(console, error)
    handler = RichHandler(console=console, show_path=False, markup=False)
    logger = logging.getLogger("serving")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        return _run(ModelServer(config, options), grace, console)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _run(server: ModelServer, grace: float, console: Console) -> int:
    signalled = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        if signalled.is_set():  # the second signal ends at once
            raise KeyboardInterrupt
        signalled.set()
        # In a thread: the one that the signal interrupts may hold the server's locks.
        threading.Thread(target=server.cancel, daemon=True).start()

    # These objects stay. A collection that walks them, at each unloaded version, would hold up
    # requests for some tenths of a second.
    gc.freeze()
    before = {name: signal.signal(name, end) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.start()
        if not signalled.is_set():
            _announce(server, console)
            server.wait()
        console.print("Ending: waiting for the requests under way ...", highlight=False)
        return 0
    except ConfigError as error:
        return _refuse(console, error)
    except ServingError as error:
        text = escape(_explain(server, error))
        console.print(f"[bold red]Failed to start server.[/] {text}", highlight=False)
        return 1
    except KeyboardInterrupt:
        grace = 0.0
        return 1
    finally:
        server.stop(grace, lame_duck=min(_LAME_DUCK_SECONDS, grace))
        for name, old in before.items():
            signal.signal(name, old)


def _explain(server: ModelServer, error: ServingError) -> str:
    """Why no version could be loaded, and what could be instead; other errors as they are."""
    sentences = []
    for model in server.manager.table.configured().values():
        failed = [number for number in model.versions if model.fails(number)]
        for number in sorted(failed, reverse=True):
            version = model.versions[number]
            problem = saved_models.flaw(version.path)
            text = (
                saved_models.broken(version.path, problem)
                if problem
                else f"{version.path} cannot be loaded: {version.error}"
            )
            sound = saved_models.older_sound(model.found, number)
            # Where a version is named, no other one takes its place.
            named = model.config.model_version_policy.WhichOneof("policy_choice") == "specific"
            if sound is not None and sound not in failed and not named:
                text += f", or {saved_models.instead(model.found, sound)}"
            sentences.append(text)
    return "\n".join(sentences) or f"Error: {error}"


def _announce(server: ModelServer, console: Console) -> None:
    table = server.manager.table
    for name, versions in table.loaded().items():
        console.print(
            f"Serving [bold]{name}[/] version {', '.join(map(str, versions))} at "
            f"[bold]{server.target}[/] (gRPC, TF Serving's API)",
            highlight=False,
        )
        spec = model_pb2.ModelSpec(name=name)
        with table.use(spec) as servable:
            names = sorted(key for key in servable.signatures if not key.startswith("__"))
        console.print(f"  signatures: {', '.join(names)}", highlight=False)
    if server.monitoring_port:
        console.print(
            f"  metrics: http://{server.options.host}:{server.monitoring_port}/metrics "
            "(also /livez, /readyz)",
            highlight=False,
        )
    console.print(
        f'  try: segue query --target {server.target} --name "road trip" --top 10', highlight=False
    )


def _read_config(
    model_base: str | pathlib.Path | None,
    model_name: str,
    model_config_file: str | None,
    labels: Mapping[str, int],
) -> model_config.ModelServerConfig:
    if model_config_file:
        config = model_config.read_model_config(model_config_file)
        model_config.require_models(config, model_config_file)
    elif model_base is None:
        raise ConfigError("give the directory of a model's versions, or a model configuration file")
    else:
        config = model_config.single_model_config(model_name, model_base, labels)
    for entry in config.model_config_list.config:
        saved_models.check_base(entry.base_path)
    return config


def _check_versions(model_base: str) -> None:
    """Refuses a base path without versions where nobody will look for them again."""
    try:
        found = version_files.list_versions(model_base)
    except ServingError as error:
        raise ConfigError(f"{error.message}, and the server is to look once only") from error
    if not found:
        raise ConfigError(f"{model_base} holds no version, and the server is to look once only")


def _refuse(console: Console, error: ConfigError) -> int:
    console.print(f"[bold red]Cannot serve:[/] {escape(str(error))}", highlight=False)
    return 2
