"""The commands `segue registry promote` and `rollback`: the alias first, then the label."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.cli.registry_options import (
    AliasOption,
    BaseOption,
    ExpectedOption,
    ReasonOption,
    RegistryOption,
    SegmentOption,
    TimeoutOption,
    expected_of,
    opened,
    served_at,
)
from pipeline.cli.release_options import ModelConfigOption, OverwriteOption, opened_manager
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import TlsOption, fail

if TYPE_CHECKING:
    from schema.registry import Alias, Move, RegisteredVersion
    from serving.registry import Registry
    from serving.release import ReleaseManager

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="HOST:PORT of the server whose label follows: stable for champion, canary for "
        "challenger. Where none is named, segue release moves it later.",
    ),
]


def promote(
    version: Annotated[
        int | None,
        typer.Argument(min=0, max=2**63 - 1, help="The challenger where none is named."),
    ] = None,
    alias: AliasOption = "champion",
    expected: ExpectedOption = None,
    reason: ReasonOption = "",
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    target: ServerOption = None,
    model_base: BaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    tls_ca: TlsOption = None,
    overwrite: OverwriteOption = False,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Put an alias on a version, then, with --target, the label on a running server.

    Where the label cannot be moved, the alias goes back.

    Example: segue registry promote 1795296127 --expected 1795209731 --target 127.0.0.1:8500
    """
    from serving.protocol import ConfigError
    from serving.registry import check_alias, trouble

    with opened(registry, segment, model_base, timeout) as found:
        chosen = check_alias(alias)
        current = found.current(chosen)
        before = expected_of(expected, current)
        if version is None:
            challenger = found.current("challenger") if chosen == "champion" else None
            if challenger is None:
                raise ConfigError("there is no challenger to promote: name a version")
            version = challenger.serving_version
        wanted = found.version(version)
        served = served_at(model_base)
        if problem := trouble(wanted, served) if served else "":
            fail(f"{problem}, so that it cannot be the {chosen}")
        number = version

        def release(manager: ReleaseManager) -> None:
            _label(manager, chosen, wanted, back=False)

        move = _moved(
            found,
            lambda: found.promote(chosen, number, expected=before, reason=reason),
            before,
            (target, model_base, model_config_file, tls_ca, overwrite),
            release,
        )
        return _told("registry promote", found, move, before, target)


def rollback(
    alias: AliasOption = "champion",
    expected: ExpectedOption = None,
    reason: ReasonOption = "",
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    target: ServerOption = None,
    model_base: BaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    tls_ca: TlsOption = None,
    overwrite: OverwriteOption = False,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Put an alias back on the version before, then, with --target, the label.

    Example: segue registry rollback --reason "fewer clicks" --target 127.0.0.1:8500
    """
    from serving.protocol import ConfigError
    from serving.registry import before_in, check_alias, trouble

    with opened(registry, segment, model_base, timeout) as found:
        chosen = check_alias(alias)
        current = found.current(chosen)
        before = expected_of(expected, current)
        if before is None:
            raise ConfigError(f"{chosen} is on no version, and cannot go back")
        to = before_in(found.history(), chosen)
        wanted = None if to is None else found.version(to)
        served = served_at(model_base)
        if problem := trouble(wanted, served) if wanted and served else "":
            fail(f"{problem}, so that {chosen} cannot go back to it")
        number = before

        def release(manager: ReleaseManager) -> None:
            if wanted is not None:
                _label(manager, chosen, wanted, back=True)

        move = _moved(
            found,
            lambda: found.rollback(chosen, expected=number, reason=reason),
            before,
            (target, model_base, model_config_file, tls_ca, overwrite),
            release,
        )
        return _told("registry rollback", found, move, before, target)


def _moved(
    registry: Registry,
    move: Callable[[], Move],
    before: int | None,
    server: tuple[str | None, str, str, str | None, bool],
    release: Callable[[ReleaseManager], None],
) -> Move:
    """Moves the alias and then the label; takes the alias back where the label stays."""
    from serving.registry import RegistryError

    made = move()
    target, model_base, config_file, tls_ca, overwrite = server
    if target is None:
        return made
    try:
        with opened_manager(target, model_base, config_file, "segue", tls_ca, overwrite) as manager:
            release(manager)
    except BaseException:  # an interruption too must not leave them apart
        alias: Alias = made.alias  # type: ignore[assignment]
        if before is None or before == made.version:
            raise
        try:
            why = "the label could not be moved"
            registry.promote(alias, before, expected=made.version, reason=why)
            typer.echo(f"{alias} is on version {before} again: {why}.", err=True)
        except RegistryError as error:
            typer.echo(f"{alias} could not be put back on version {before}: {error}", err=True)
        raise
    return made


def _label(
    manager: ReleaseManager, alias: Alias, version: RegisteredVersion, *, back: bool
) -> None:
    """Lets the label of an alias follow it, unless it is there. A rollback drops the canary."""
    number, run = version.serving_version, version.lineage.run
    metrics = {name: value for name, value in version.metrics.items() if value is not None}
    current = manager.record.current
    if alias == "challenger":
        if current is None or current.canary != number:
            manager.canary(number, run=run, metrics=metrics)
        return
    stable = None if current is None else current.stable
    canary = None if current is None else current.canary
    before = manager.record.stable_before()
    if stable == number:
        if back and canary is not None:
            manager.rollback()
    elif back and canary is None and before is not None and before.stable == number:
        manager.rollback()
    else:
        manager.promote(number, run=run, metrics=metrics)


def _told(
    command: Literal["registry promote", "registry rollback"],
    registry: Registry,
    move: Move,
    before: int | None,
    target: str | None,
) -> Status:
    from schema.status import RegistryMoveStatus

    changed = move.version != before
    text = f"{move.alias}: version {move.version}"
    if changed:
        text += f", before: {'none' if before is None else f'version {before}'}"
    typer.echo(text)
    label = {"champion": "stable", "challenger": "canary"}[move.alias] if target else None
    if label:
        typer.echo(f"the label {label} is on it at {target}")
    else:
        typer.echo(
            "the labels of servers stay: `segue release promote` moves them, or --target here"
        )
    return RegistryMoveStatus(
        command=command,
        status="ok" if changed or target else "unchanged",
        registry=registry.uri,
        model=registry.model,
        version=registry.version(move.version),
        former=before,
        label=label,
    )
