"""A landing that is killed again and again, and ends as if nothing had happened.

The lander is a process of its own, which kills itself (SIGKILL) right before or right after one of
the calls by which anything gets to the disk: a rename, a removal, a sync, a new directory. After
each kill a reader looks at what has landed; after the last one the lander may end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks import landing_events

_EVENTS: Final = 6_000
_HOURS: Final = 4
_TOPIC: Final = "events"
_BATCH: Final = 200
_BLOCK: Final = 1 << 14  # bytes, some sixty events
_STEPS: Final = ("replace", "unlink", "fsync", "mkdir", "rmdir")
#: A range of offsets takes some twenty of them.
_MOST_STEPS: Final = 60


def measure(kills: int = 100, events: int = _EVENTS, kafka: bool = False) -> dict[str, Any]:
    """Kills a landing so many times and compares what came of it with what was written.

    Args:
        kills: how many.
        events: different ones, at first; more come where all have landed before the last kill.
        kafka: whether they come from a mock broker and not from a directory.

    Returns:
        `kills` as there were, `events`, `read` by the reader after each kill, and what is wrong:
        `lost`, `repeated`, `strange` and `half_written` counts over all looks.
    """
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        brokers = ""
        if kafka:
            from listening.events.kafka import mock

            brokers = stack.enter_context(mock.mock_broker())
        return _measure(place, kills, events, brokers)


def failures(found: Mapping[str, Any]) -> list[str]:
    """What went wrong in a landing that was killed, in words."""
    wrong = [f"{found[what]} {what}" for what in ("lost", "repeated", "strange") if found[what]]
    if found["kills"] < found["wanted_kills"]:
        wrong.append(f"{found['kills']} kills in place of {found['wanted_kills']}")
    if found["dead_letters"] != found["poison"]:
        wrong.append(f"{found['dead_letters']} dead letters of {found['poison']}")
    if not found["sums_up"]:
        wrong.append("read is not landed, duplicates and dead letters together")
    return wrong


def _measure(folder: pathlib.Path, kills: int, events: int, brokers: str) -> dict[str, Any]:
    written = landing_events.write(folder / "source", events, files=3, hours=_HOURS)
    _send(brokers, *(folder / "source").iterdir())
    chosen = random.Random(kills)
    done, repeated, strange, looks = 0, 0, 0, []
    while done < kills:
        step, when = chosen.randint(1, _MOST_STEPS), chosen.choice(("before", "after"))
        ended = _land(folder, step, when, brokers)
        if ended != -signal.SIGKILL:
            if ended:
                raise RuntimeError(f"the lander ended with {ended}")
            # All has landed before the last kill: more of it.
            more = landing_events.write(folder / "more", events, 1, _HOURS, 10_000 + done)
            fresh = folder / "source" / f"more-{done}.jsonl"
            (folder / "more" / "events-0.jsonl").rename(fresh)
            _send(brokers, fresh)
            written = dataclasses.replace(
                written,
                messages=written.messages + more.messages,
                keys=written.keys | more.keys,
                poison=written.poison + more.poison,
            )
            continue
        done += 1
        seen = _look(folder)
        repeated += sum(count - 1 for count in seen.values())
        strange += len(seen.keys() - written.keys)
        looks.append(sum(seen.values()))
    if ended := _land(folder, 0, "after", brokers):
        raise RuntimeError(f"the lander ended with {ended}")
    seen = _look(folder)
    total = _totals(folder)
    return {
        "wanted_kills": kills,
        "kills": done,
        "events": len(written.keys),
        "seen": looks,
        "lost": len(written.keys - seen.keys()),
        "repeated": repeated + sum(count - 1 for count in seen.values()),
        "strange": strange + len(seen.keys() - written.keys),
        "poison": written.poison,
        "dead_letters": total["dead_letters"],
        "sums_up": written.messages
        == total["landed"] + total["duplicates"] + total["dead_letters"],
    }


def _send(brokers: str, *paths: pathlib.Path) -> None:
    """Sends files to the broker, where there is one."""
    if brokers:
        from listening.events.kafka import producing

        producing.produce(map(str, sorted(paths)), _TOPIC, {"bootstrap.servers": brokers})


def _land(folder: pathlib.Path, step: int, when: str, brokers: str) -> int:
    """Runs a lander that kills itself at a step, at none for 0; returns its exit code."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.landing_kills",
        str(folder),
        str(step),
        when,
        brokers,
    ]
    root = pathlib.Path(__file__).resolve().parent.parent
    return subprocess.run(command, cwd=root, check=False).returncode


def _look(folder: pathlib.Path) -> Counter[str]:
    """How often a reader sees each key; of dead letters it sees whether files are whole."""
    from listening.events import reading

    out = str(folder / "out")
    seen: Counter[str] = Counter()
    for hour in reading.landed(out).hours:
        table = reading.read_hour(out, hour, ["idempotency_key"])
        seen.update(table.column(0).to_pylist())
    reading.read_dead_letters(out)
    return seen


def _totals(folder: pathlib.Path) -> dict[str, int]:
    from listening.events import reading

    found = reading.landed(str(folder / "out"))
    rows = reading.read_dead_letters(str(folder / "out")).num_rows
    if rows != sum(found.refused.values()):
        raise RuntimeError(f"{found.refused} are told and {rows} dead letters are there")
    return {"landed": found.events, "duplicates": found.duplicates, "dead_letters": rows}


def _kill_at(step: int, when: str) -> None:
    """Lets this process kill itself at the step-th call that changes what is on the disk."""
    done = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            found = call(*arguments, **named)
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return made

    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))


def _main(folder: str, step: int, when: str, brokers: str) -> None:
    from listening.events import DirectorySource, LandingOptions, Source, land

    place = pathlib.Path(folder)
    source: Source = DirectorySource(str(place / "source"), block=_BLOCK)
    if brokers:
        from listening.events.kafka import consuming

        settings = {"bootstrap.servers": brokers}
        source = consuming.KafkaSource(settings, _TOPIC, at_once=_BATCH)
    if step:
        _kill_at(step, when)
    counts = land(str(place / "out"), source, LandingOptions(batch=_BATCH))
    print(json.dumps({"read": counts.read}), file=sys.stderr)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:5])
