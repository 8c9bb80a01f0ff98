"""Sets a request log against train, what is served and an earlier log, and judges what differs."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.options.skew import SkewOptions
from pipeline.skew import comparison, job
from pipeline.skew.counts import Counts, age_days
from schema import features
from schema.status import LoggedVersion, Measure


@dataclasses.dataclass(frozen=True)
class Found:
    """What a log is like.

    Attributes:
        counts: of the log; where it is compared with an earlier one, without that.
        playlists: of each period, earlier and later; 0 where there is none.
        measures: in the order in which people read them.
        versions: which answered, the latest first.
    """

    counts: Counts
    playlists: tuple[int, int]
    measures: Sequence[Measure]
    versions: Sequence[LoggedVersion]


def find_skew(
    logs: str,
    before: str | None,
    train: Any,
    *,
    model_base: str,
    served: Collection[int],
    released: int = 0,
    options: SkewOptions,
    beam_options: PipelineOptions,
    work: str,
) -> Found:
    """Reads a log and measures it.

    Args:
        logs: file, pattern or directory.
        before: the same of an earlier log; None divides `logs` at its middle in time.
        train: the DatasetFeatureStatisticsList of what the served model was trained on.
        model_base: directory of the versions that know tracks.
        served: the versions that are served now; none where that is unknown.
        released: second since which they are; 0 where that is unknown.
        options: what is an alarm.
        beam_options: how Beam runs.
        work: directory for results, which Beam's workers reach.

    Raises:
        LogNotFoundError: no file is there.
    """
    later = job.find_files(logs)
    earlier = job.find_files(before) if before else []
    split = 0 if earlier else job.middle_second(later, beam_options, work)
    files = [*((path, job.BEFORE) for path in earlier), *((path, job.AFTER) for path in later)]
    plan = job.Plan(files, split, model_base, options.max_age_days, released, work)
    counts, statistics = job.run(plan, beam_options)
    own = [job.AFTER] if earlier else [job.BEFORE, job.AFTER]
    total = Counts().merge(counts[period] for period in own if period in counts)
    asked = comparison.dataset(statistics, job.AFTER if earlier else comparison.ALL)
    periods = {period: comparison.dataset(statistics, period) for period in (job.BEFORE, job.AFTER)}
    sizes = [counts[period].playlists if period in counts else 0 for period in periods]
    measures = [
        *_counted(total, served, options),
        *_against_train(asked, comparison.of_train(train), total, options),
        *_drift(periods, min(sizes), options),
    ]
    return Found(total, (sizes[0], sizes[1]), measures, _versions(total, served))


def _counted(counts: Counts, served: Collection[int], options: SkewOptions) -> list[Measure]:
    enough = counts.playlists >= options.min_playlists
    checked = counts.checked.total()
    # What an earlier version answered before the release was not stale then.
    told = counts.current.total() - counts.current[0]
    stale = told - sum(counts.current[version] for version in served)
    return [
        _measure(
            "broken_records",
            _share(counts.broken.total(), counts.records),
            options.broken_records,
            detail=", ".join(f"{count} {reason}" for reason, count in counts.broken.items()),
        ),
        _measure(
            "unknown_seeds",
            _share(checked - counts.known.total(), checked),
            options.unknown_seeds,
            enough,
            detail="" if checked else "no version that answered is there to be asked",
        ),
        _measure(
            "empty_answers", _share(counts.empty, counts.judged), options.empty_answers, enough
        ),
        _measure(
            "stale_answers",
            _share(stale, told) if served else None,
            options.stale_answers,
            enough,
            detail=f"served now: {', '.join(map(str, sorted(served)))}" if served else "",
        ),
        _measure(
            "old_answers",
            _share(counts.old, counts.timed) if options.max_age_days is not None else None,
            options.old_answers,
            enough,
            detail=f"older than {options.max_age_days:g} days" if options.max_age_days else "",
        ),
    ]


def _against_train(asked: Any, train: Any, counts: Counts, options: SkewOptions) -> list[Measure]:
    enough = counts.playlists >= options.min_playlists
    length, trained = (comparison.mean_length(each, features.NAME) for each in (asked, train))
    change = abs(length - trained) / trained if length is not None and trained else None
    found = comparison.distances(train, asked) if counts.playlists else {}
    rows = [
        _measure(
            "missing_titles",
            comparison.missing_share(asked, features.NAME),
            options.missing_titles,
            enough,
            reference=comparison.missing_share(train, features.NAME),
        ),
        _measure(
            "title_length",
            change,
            options.title_length,
            enough,
            detail=""
            if change is None
            else f"{length:.1f} bytes in the log, {trained:.1f} in train",
        ),
        _measure(
            "seeds",
            comparison.mean_values(asked, features.TRACK_URI),
            None,
            reference=comparison.mean_values(train, features.TRACK_URI),
            detail="tracks of a playlist",
        ),
    ]
    for key, name, limit in (
        ("skew_tracks", features.TRACK_URI, options.skew_tracks),
        ("skew_titles", features.NAME, options.skew_titles),
        ("skew_seeds", job.NUM_SEEDS, options.skew_seeds),
    ):
        rows.append(_distance(key, found.get(name), limit, enough))
    return rows


def _drift(periods: Mapping[str, Any], smaller: int, options: SkewOptions) -> list[Measure]:
    before, after = periods[job.BEFORE], periods[job.AFTER]
    found = comparison.distances(after, before, drift=True) if smaller else {}
    enough = smaller >= options.min_playlists
    return [
        _distance(key, found.get(name), limit, enough)
        for key, name, limit in (
            ("drift_tracks", features.TRACK_URI, options.drift_tracks),
            ("drift_titles", features.NAME, options.drift_titles),
            ("drift_seeds", job.NUM_SEEDS, options.drift_seeds),
            ("drift_title_length", job.TITLE_LENGTH, options.drift_title_length),
        )
    ]


def _versions(counts: Counts, served: Collection[int]) -> list[LoggedVersion]:
    rows = []
    for version in sorted(counts.versions, reverse=True):
        first, last = counts.seconds.get(version, (0, 0))
        checked = counts.checked[version]
        rows.append(
            LoggedVersion(
                version=version,
                playlists=counts.versions[version],
                served=version in served if served else None,
                first=_iso(first),
                last=_iso(last),
                age_days=age_days(version, last),
                unknown_seeds=_share(checked - counts.known[version], checked),
            )
        )
    return rows


def _measure(
    key: str,
    value: float | None,
    threshold: float | None,
    enough: bool = True,
    *,
    reference: float | None = None,
    detail: str = "",
) -> Measure:
    alarm = enough and value is not None and threshold is not None and value > threshold
    return Measure(
        key=key,
        value=value,
        reference=reference,
        threshold=threshold,
        alarm=alarm,
        detail=detail,
    )


def _distance(
    key: str, distance: comparison.Distance | None, threshold: float | None, enough: bool
) -> Measure:
    if distance is None:
        return _measure(key, None, threshold, detail="one of the two has nothing to compare")
    return _measure(key, distance.value, threshold, enough, detail=distance.where)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _iso(second: int) -> str | None:
    if not second:
        return None
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).isoformat()
