"""Loads and unloads versions as they come and go on disk: one thread, one step at a time."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable

from serving.protocol import ModelConfig, errors, model_config, version_files
from serving.server.versions.servable import Servable
from serving.server.versions.states import Model, State, Step, Version, next_step
from serving.server.versions.table import ModelTable

_LOG = logging.getLogger(__name__)

_HISTORY = 200  # versions of a model that are remembered after their end

Loader = Callable[[str, int, str], Servable]


@dataclasses.dataclass(frozen=True)
class WatchOptions:
    """How versions are looked for and loaded; each is a flag of TF Serving.

    Attributes:
        poll_seconds: time between two looks at the base paths (file_system_poll_wait_seconds); 0
            looks once, and again when the configuration changes.
        max_load_retries: tries after the first failure (max_num_load_retries).
        load_retry_seconds: time between them (load_retry_interval_micros). TF Serving waits a
            minute; a shorter time suits development, and directories that are still being copied.
        fall_back: whether an older version is loaded while the latest cannot be (no flag of TF
            Serving's).
    """

    poll_seconds: float = 1.0
    max_load_retries: int = 5
    load_retry_seconds: float = 2.0
    fall_back: bool = False


class VersionWatcher:
    """Brings the versions in a table to what its configurations ask for.

    Args:
        table: the models.
        load: makes a servable of a model's name, version and path; raises when it cannot.
        options: see `WatchOptions`.
        wake: set to have it look at once: the configuration has changed, or a version is drained.
        on_change: called after versions came or went.
    """

    def __init__(
        self,
        table: ModelTable,
        load: Loader,
        options: WatchOptions,
        wake: threading.Event,
        on_change: Callable[[], None],
    ) -> None:
        self._table = table
        self._load = load
        self._options = options
        self._on_change = on_change
        self._wake = wake
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="version-watcher", daemon=True)
        self._warned: dict[str, str] = {}
        self._polled: dict[str, ModelConfig | None] = {}

    def start(self) -> None:
        """Starts to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, after a load that is under way."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                if self._options.poll_seconds or self._is_reconfigured():
                    self._poll()
                while not self._stopping and self._step():
                    pass
            except Exception:
                _LOG.exception("Looking after the models failed; trying again")
            self._wake.wait(self._pause())

    def _pause(self) -> float | None:
        """Seconds until there is something to look at, or a load to be tried again; None: never."""
        now = time.monotonic()
        with self._table.changed:
            pauses = [
                max(0.0, version.retry_at - now)
                for model in self._table.models.values()
                for version in model.versions.values()
                if version.aspired and version.state is State.LOADING
            ]
        if self._options.poll_seconds:
            pauses.append(self._options.poll_seconds)
        return min(pauses, default=None)

    def _is_reconfigured(self) -> bool:
        """Whether the models are not what they were at the last call."""
        with self._table.changed:
            configs = {
                name: None if model.removed else model.config
                for name, model in self._table.models.items()
            }
        before, self._polled = self._polled, configs
        return configs != before

    def _poll(self) -> None:
        with self._table.changed:
            models = list(self._table.models.items())
        for name, model in models:
            if model.removed:
                self._aspire(model, {})
                continue
            try:
                found = version_files.list_versions(model.config.base_path)
            except errors.ServingError as error:
                self._warn_once(
                    name,
                    f"Could not find base path {model.config.base_path} for servable {name} with "
                    f"error {error}.",
                )
                continue
            with self._table.changed:
                model.found = found
                wanted = self._wanted(model)
            if wanted:
                self._warned.pop(name, None)
            else:
                self._warn_once(
                    name,
                    f"No versions of servable {name} found under base path "
                    f"{model.config.base_path}. Did you forget to name your leaf directory as a "
                    "number (eg. '/1/')?",
                )
            self._aspire(model, {number: found[number] for number in wanted})

    def _wanted(self, model: Model) -> list[int]:
        """The versions to serve, newest first; with `fall_back` older ones for those that fail."""
        policy = model.config.model_version_policy
        wanted = model_config.aspired_versions(policy, model.found)[::-1]
        latest = policy.WhichOneof("policy_choice") in (None, "latest")
        if not (self._options.fall_back and latest and wanted):
            return wanted
        for number in sorted(model.found, reverse=True):
            if number < wanted[-1] and all(model.fails(each) for each in wanted):
                wanted.append(number)
        return wanted

    def _warn_once(self, name: str, message: str) -> None:
        """TF Serving repeats itself at every poll; once is enough for a console."""
        if self._warned.get(name) != message:
            self._warned[name] = message
            _LOG.warning("%s Waiting for one.", message)

    def _aspire(self, model: Model, wanted: dict[int, str]) -> None:
        with self._table.changed:
            for number, version in model.versions.items():
                version.aspired = number in wanted
            for number, path in wanted.items():
                model.versions.setdefault(number, Version(number, path))
            failed = [v for v in model.versions.values() if v.aspired and v.state is State.END]
        for version in failed:
            # Beyond TF Serving: what failed is tried again once its files have changed.
            if version_files.fingerprint(version.path) != version.fingerprint:
                with self._table.changed:
                    version.state, version.failures = State.START, 0

    def _step(self) -> bool:
        """Does the next step of some model; returns whether there was one."""
        with self._table.changed:
            todo = self._next()
            if todo is None:
                return False
            name, model, step, version = todo
            if step is Step.LOAD:
                version.state = State.LOADING
            elif step is Step.UNLOAD:
                version.state = State.UNLOADING
            elif step is Step.FORGET:
                _forget(model, version)
        if step is Step.LOAD:
            self._load_version(name, version)
        elif step is Step.CLOSE:
            if version.servable is not None:
                version.servable.close()
            with self._table.changed:
                _forget(model, version)
            _LOG.info(
                "Done unloading servable version {name: %s version: %d}", name, version.number
            )
        with self._table.changed:
            self._table.changed.notify_all()
        self._on_change()
        return True

    def _next(self) -> tuple[str, Model, Step, Version] | None:
        now = time.monotonic()
        for name, model in self._table.models.items():
            todo = next_step(model, now)
            if todo:
                return name, model, *todo
        return None

    def _load_version(self, name: str, version: Version) -> None:
        fingerprint = version_files.fingerprint(version.path)
        try:
            servable = self._load(name, version.number, version.path)
        except Exception as failure:
            error = errors.from_exception(failure)
            with self._table.changed:
                version.error = error
                version.failures += 1
                version.fingerprint = fingerprint
                version.retry_at = time.monotonic() + self._options.load_retry_seconds
                final = version.failures > self._options.max_load_retries
                if final:
                    version.state = State.END
                model = self._table.models[name]
                for number in self._wanted(model) if version.aspired else ():
                    if number not in model.versions:
                        model.versions[number] = Version(number, model.found[number])
            again = "" if final else "; it will be tried again"
            _LOG.error(
                "Loading {name: %s version: %d} failed%s: %s", name, version.number, again, error
            )
            return
        with self._table.changed:
            version.servable, version.error = servable, None
            version.state = State.AVAILABLE
        _LOG.info("Successfully loaded {name: %s version: %d}", name, version.number)


def _forget(model: Model, version: Version) -> None:
    version.servable = None
    version.state = State.END
    del model.versions[version.number]
    model.history.pop(version.number, None)
    model.history[version.number] = version.status
    while len(model.history) > _HISTORY:
        del model.history[next(iter(model.history))]
