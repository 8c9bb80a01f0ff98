"""The commands `segue events ...`."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.events_counts import count, trending
from pipeline.cli.events_erase import erase, retain
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import USAGE, CommandFailedError, fail

if TYPE_CHECKING:
    from listening.events import Counts, Source, Watcher
    from schema.status import EventsLandStatus

app = typer.Typer(
    help="Events of listeners: to Kafka, from it into hourly Parquet, and counted.",
    no_args_is_help=True,
)

for _command in (count, trending, erase, retain):
    app.command(cls=StatusCommand)(_command)

BrokersOption = Annotated[
    str | None, typer.Option(help="Kafka: HOST:PORT, several of them by commas.")
]
KafkaOption = Annotated[
    list[str] | None,
    typer.Option("--kafka", metavar="KEY=VALUE", help="A setting of librdkafka, no secret."),
]
KafkaConfigOption = Annotated[
    str | None,
    typer.Option(
        help="File of such settings, KEY=VALUE a line. Secrets: there, or in the environment, "
        "sasl.password as SEGUE_KAFKA_SASL_PASSWORD."
    ),
]


@app.command(cls=StatusCommand)
def produce(
    source: Annotated[
        list[str], typer.Option("--input", help="File of JSON lines, or directory of *.jsonl.")
    ],
    brokers: Annotated[str, typer.Option(help="HOST:PORT, several of them by commas.")],
    topic: Annotated[str, typer.Option(help="Topic to write to.")],
    kafka: KafkaOption = None,
    kafka_config: KafkaConfigOption = None,
    json: JsonOption = False,
) -> Status:
    """Send events to a topic of Kafka, those of a listener to one partition.

    Example: segue events produce --input out/sample/events --brokers 127.0.0.1:9092 --topic events
    """
    from schema.status import EventsProduceStatus

    with _errors_told(), _stopped_by_signals() as stop:
        from listening.events import lines_of
        from listening.events.kafka import producing

        found = producing.produce(
            lines_of(source), topic, _settings(brokers, kafka, kafka_config), stop
        )
    failed = dict(sorted(found.failed.items()))
    status = EventsProduceStatus(status="ok", topic=topic, produced=found.sent, failed=failed)
    typer.echo(f"Sent {found.sent:,} messages to {topic}")
    if failed:
        told = ", ".join(f"{count:,} x {reason}" for reason, count in failed.items())
        message = f"{sum(failed.values()):,} messages were not taken: {told}"
        fail(message, status=status.model_copy(update={"status": "failed"}))
    return status


@app.command(cls=StatusCommand)
def land(
    out: Annotated[str, typer.Option(help="Directory of landed events.")] = "out/events",
    source: Annotated[
        str | None, typer.Option("--input", help="Directory of JSON lines, *.jsonl.")
    ] = None,
    brokers: BrokersOption = None,
    topic: Annotated[str | None, typer.Option(help="Topic of Kafka to read.")] = None,
    group: Annotated[
        str, typer.Option(help="Name under which Kafka is told what has landed.")
    ] = "segue-land",
    kafka: KafkaOption = None,
    kafka_config: KafkaConfigOption = None,
    announce: Annotated[
        str | None, typer.Option(help="Topic that gets a message for each hour that has landed.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=5_000_000, help="Messages that land together at most.")
    ] = 100_000,
    every: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds until a message lands at the latest.")
    ] = 10.0,
    horizon: Annotated[
        float,
        typer.Option(
            "--horizon-days", min=0.001, max=3650, help="Days in which a copy is recognised."
        ),
    ] = 7.0,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of 127.0.0.1 with Prometheus metrics."),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Land events in Parquet by the hour, each once, whatever is killed meanwhile.

    Example: segue events land --input out/sample/events --out out/events
    """
    if announce and not brokers:
        fail("--announce needs --brokers", USAGE)
    notes: list[str] = []

    def warn(sentence: str) -> None:
        notes.append(sentence)
        typer.echo(sentence, err=True)

    from listening.events import Counts

    counts = Counts()
    try:
        with _errors_told(), contextlib.ExitStack() as stack:
            from listening.events import Announcer, LandingMetrics, LandingOptions, metrics_served
            from listening.events import land as land_events

            settings = _settings(brokers, kafka, kafka_config) if brokers else {}
            opened = _source(source, settings, topic, group, follow=follow)
            watchers: list[Watcher] = []
            if metrics_port is not None:
                metrics = LandingMetrics()
                port = stack.enter_context(metrics_served(metrics, metrics_port))
                typer.echo(f"Metrics: http://127.0.0.1:{port}/metrics", err=True)
                watchers.append(metrics)
            if announce:
                from listening.events.kafka import announcing

                watchers.append(Announcer(out, announcing.sender(settings, announce)))
            options = LandingOptions(batch=batch, every_seconds=every, horizon_days=horizon)
            stop = stack.enter_context(_stopped_by_signals())
            land_events(
                out, opened, options, watchers=watchers, counts=counts, stop=stop, warn=warn
            )
    except CommandFailedError as failed:
        # What had landed before stays.
        failed.status = failed.status or _landed(out, counts, notes, failed.exit_code)
        raise
    typer.echo(
        f"Read {counts.read:,}: {counts.landed:,} landed, {counts.duplicates:,} duplicates, "
        f"{counts.dead_letters:,} dead letters; {len(counts.hours):,} hours changed in {out}"
    )
    for reason, times in sorted(counts.refused.items()):
        typer.echo(f"  {times:,} refused: {reason}")
    return _landed(out, counts, notes, 0)


def _landed(out: str, counts: Counts, notes: list[str], code: int) -> EventsLandStatus:
    from schema.status import EventsLandStatus

    return EventsLandStatus(
        status="ok" if code == 0 else "invalid" if code == USAGE else "failed",
        out=out,
        read=counts.read,
        landed=counts.landed,
        duplicates=counts.duplicates,
        dead_letters=counts.dead_letters,
        refused=dict(sorted(counts.refused.items())),
        hours=sorted(counts.hours),
        commits=counts.commits,
        notes=notes,
    )


def _source(
    folder: str | None, settings: dict[str, str], topic: str | None, group: str, *, follow: bool
) -> Source:
    from listening.events import DirectorySource

    if (folder is None) == (not settings):
        fail("say where events come from: --input DIR, or --brokers HOST:PORT --topic T", USAGE)
    if folder is not None:
        return DirectorySource(folder, follow)
    if topic is None:
        fail("--brokers needs --topic", USAGE)
    from listening.events.kafka import consuming

    return consuming.KafkaSource(settings, topic, follow, group)


def _settings(brokers: str, pairs: list[str] | None, file: str | None) -> dict[str, str]:
    from listening.events.kafka import settings

    try:
        return settings.settings(brokers, pairs or (), file)
    except settings.SettingsError as error:
        fail(error, USAGE)


@contextlib.contextmanager
def _errors_told() -> Iterator[None]:
    """Ends the command in plain words."""
    from listening.events import SourceError
    from schema.output_lock import InUseError

    try:
        yield
    except (SourceError, InUseError, ValueError, OSError) as error:
        fail(error)
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        fail("Kafka needs the package confluent-kafka: pip install 'segue-recommender[kafka]'")


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set: what was read lands, then the command ends well."""
    stop = threading.Event()

    def end(*_: Any) -> None:
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [signal.signal(each, end) for each in signals]
    try:
        yield stop
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
