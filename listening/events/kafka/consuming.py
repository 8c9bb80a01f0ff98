"""Events from a topic of Kafka."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import confluent_kafka as ck
from confluent_kafka import KafkaError

from listening.events.kafka.trouble import ASK_SECONDS, Trouble, quiet, text
from listening.events.sources import Chunk, Origin, SourceError

KIND: Final = "kafka"
GROUP: Final = "segue-land"
_AT_ONCE: Final = 5_000
_ASK_SECONDS: Final = ASK_SECONDS
#: A broker that says nothing for so long is gone, for a landing that is to end.
_SILENT_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 30.0
#: What no waiting mends.
_HOPELESS: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._FATAL,
    }
)


class KafkaSource:
    """A topic, all of whose partitions one lander reads.

    It takes partitions by itself and not as a member of a group, so no other consumer can take
    them away, whatever it calls its group. Where it goes on, the manifests say; what it commits to
    Kafka is for people and their tools.

    Args:
        settings: of librdkafka, as of `settings.settings`.
        topic: its name.
        follow: whether to wait for more when all has been read that was there at the start.
        group: under which name offsets are committed.
        at_once: how many messages are read at a time at most.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        topic: str,
        follow: bool = False,
        group: str = GROUP,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._settings = dict(settings)
        self._topic = topic
        self._follow = follow
        self._group = group
        self._at_once = at_once
        self._consumer: Any = None
        self._cluster: str | None = None
        self._next: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._left: set[int] = set()
        self._told: dict[int, int] = {}
        self._trouble = Trouble(str(self._settings["bootstrap.servers"]))
        self._heard = self._looked = time.monotonic()

    @property
    def origin(self) -> Origin:
        """The topic and its cluster."""
        return Origin(kind=KIND, topic=self._topic, cluster=self._cluster)

    @property
    def ended(self) -> bool:
        """Whether every partition was read to where it ended at the start."""
        return not self._follow and not self._left

    def start(
        self, origin: Origin | None, positions: Mapping[int, int], warn: Callable[[str], None]
    ) -> None:
        """Takes every partition, from where it was left."""
        self._warn = warn
        if origin is not None and (origin.kind, origin.topic) != (KIND, self._topic):
            raise SourceError(
                f"what landed here came from {origin.kind} {origin.topic}".rstrip()
                + f": land the topic {self._topic} somewhere else"
            )
        self._connect()
        found = self._partitions()
        if origin is not None and origin.cluster not in (None, self._cluster):
            raise SourceError(
                f"what landed here came from another cluster, {origin.cluster}, whose offsets "
                "mean other messages: land this one somewhere else"
            )
        if gone := positions.keys() - found:
            raise SourceError(self._made_anew(f"partition {min(gone)} is gone"))
        for partition in sorted(found):
            self._begin(partition, positions.get(partition))
        self._assign()

    def read(self, seconds: float) -> list[Chunk]:
        """Takes messages of any partitions."""
        values: dict[int, tuple[list[int], list[bytes]]] = {}
        for message in self._consumer.consume(self._at_once, seconds):
            error = message.error()
            if error is not None:
                self._note(message, error)
                continue
            partition, offset = message.partition(), message.offset()
            if partition not in values:
                values[partition] = ([], [])
            offsets, found = values[partition]
            offsets.append(offset)
            found.append(message.value() or b"")
        now = time.monotonic()
        for partition, (offsets, _) in values.items():
            self._next[partition] = offsets[-1] + 1
            self._heard = now
        self._watch(now)
        return [Chunk(partition, *both) for partition, both in values.items()]

    def waiting(self) -> dict[int, int]:
        """Messages up to the end of each partition, as of the last answer of its broker."""
        found = {}
        for partition, position in self._next.items():
            with contextlib.suppress(ck.KafkaException):
                _, high = self._consumer.get_watermark_offsets(self._at(partition), cached=True)
                found[partition] = max(0, high - position)
        return found

    def tell(self, positions: Mapping[int, int]) -> None:
        """Commits to Kafka, for tools that show how far behind a consumer is."""
        changed = [
            self._at(partition, offset)
            for partition, offset in positions.items()
            if self._told.get(partition) != offset
        ]
        if changed:
            # Refused where members of a group of the same name are there; nothing rests on it.
            with contextlib.suppress(ck.KafkaException):
                self._consumer.commit(offsets=changed, asynchronous=True)
            self._told.update(positions)

    def close(self) -> None:
        """Leaves the brokers."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _connect(self) -> None:
        ours = {
            "group.id": self._group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # A gap is told, not jumped over.
            "auto.offset.reset": "error",
            # What is fetched ahead while something lands; then fetching pauses.
            "queued.max.messages.kbytes": 32_768,
            "error_cb": self._trouble.note,
        }
        try:
            self._consumer = ck.Consumer({**ours, **self._settings}, logger=quiet())
        except ck.KafkaException as error:
            raise SourceError(f"Kafka's client refuses its settings: {text(error)}") from None

    def _partitions(self) -> set[int]:
        try:
            found = self._consumer.list_topics(self._topic, timeout=_ASK_SECONDS)
        except ck.KafkaException as error:
            if not self._next:
                # It tells what went wrong, and brings no message, since nothing is assigned yet.
                self._consumer.poll(0)
            raise SourceError(self._trouble.unreachable(error)) from None
        self._cluster = found.cluster_id
        topic = found.topics[self._topic]
        if topic.error is not None or not topic.partitions:
            raise SourceError(f"there is no topic {self._topic} to read: {topic.error}")
        return set(topic.partitions)

    def _begin(self, partition: int, position: int | None) -> None:
        try:
            low, high = self._consumer.get_watermark_offsets(
                self._at(partition), timeout=_ASK_SECONDS
            )
        except ck.KafkaException as error:
            raise SourceError(
                f"partition {partition} of {self._topic} does not answer: {text(error)}"
            ) from None
        if position is not None and position > high:
            raise SourceError(
                self._made_anew(
                    f"partition {partition} ends at {high}, and {position} of it have landed"
                )
            )
        if position is not None and position < low:
            self._tell_gap(partition, position, low)
        self._next[partition] = max(low, position or 0)
        self._ends[partition] = high
        if self._next[partition] < high:
            self._left.add(partition)

    def _assign(self) -> None:
        self._consumer.assign([self._at(*each) for each in sorted(self._next.items())])

    def _note(self, message: Any, error: Any) -> None:
        """Takes note of what stands in a message's place."""
        partition = message.partition()
        if error.code() == KafkaError._PARTITION_EOF:
            self._heard = time.monotonic()
            # Marks of transactions have offsets too, and are no messages.
            if message.offset() >= self._ends.get(partition, 0):
                self._left.discard(partition)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            low, high = self._consumer.get_watermark_offsets(
                self._at(partition), timeout=_ASK_SECONDS
            )
            if self._next[partition] > high:
                raise SourceError(self._made_anew(f"partition {partition} ends at {high}"))
            self._tell_gap(partition, self._next[partition], low)
            self._next[partition] = low
            self._consumer.seek(self._at(partition, low))
        elif error.code() in _HOPELESS or error.fatal():
            raise SourceError(f"the topic {self._topic} cannot be read: {error.str()}")
        else:
            self._trouble.note(error)

    def _watch(self, now: float) -> None:
        """Looks for partitions that are new, and for brokers that are gone."""
        if not self._follow:
            if self._left and now - self._heard > _SILENT_SECONDS:
                raise SourceError(
                    f"no broker has answered for {_SILENT_SECONDS:.0f} s{self._trouble.told()}; "
                    "what landed stays"
                )
            return
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        with contextlib.suppress(SourceError):  # a broker that is away comes back
            if fresh := self._partitions() - self._next.keys():
                for partition in fresh:
                    self._begin(partition, None)
                self._assign()

    def _tell_gap(self, partition: int, position: int, low: int) -> None:
        self._warn(
            f"{low - position:,} messages of partition {partition} of {self._topic}, from offset "
            f"{position}, were deleted by the broker before they landed"
        )

    def _made_anew(self, why: str) -> str:
        return (
            f"the topic {self._topic} is not the one that was landed here ({why}): land this one "
            "somewhere else"
        )

    def _at(self, partition: int, offset: int = ck.OFFSET_INVALID) -> Any:
        return ck.TopicPartition(self._topic, partition, offset)
