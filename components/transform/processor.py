"""TFX's work of Transform over spans, of which those are not read that were analysed before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorflow_transform.beam import analyzer_cache
from tfx.components.transform import executor


class Processor(executor.TransformProcessor):
    """Knows data by its content, where TFX goes by its path, which is another one in every run."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        """Constructs it.

        Args:
            keys: names of entries in the analyzer cache, by pattern of the files to analyse.
        """
        super().__init__()
        self._keys = keys

    def _MakeDatasetList(self, *args: Any, **kwargs: Any) -> list[Any]:  # noqa: N802 - TFX's name
        datasets: list[Any] = super()._MakeDatasetList(*args, **kwargs)
        for dataset in datasets:
            if dataset.file_pattern in self._keys:
                dataset.dataset_key = analyzer_cache.DatasetKey(self._keys[dataset.file_pattern])
        datasets.sort(key=lambda dataset: dataset.dataset_key)
        for index, dataset in enumerate(datasets):
            dataset.index = index
        return datasets

    def _JoinUncachedDatasets(  # noqa: N802 - TFX's name
        self, analyze_data_list: list[Any], by_key: dict[Any, Any], *args: Any
    ) -> tuple[list[Any], dict[Any, Any]]:
        """As TFX's, without what is not read: TFX would decode it for nobody."""
        datasets, by_key = super()._JoinUncachedDatasets(analyze_data_list, by_key, *args)
        return [each for each in datasets if by_key[each.dataset_key] is not None], by_key

    @classmethod
    def _EnableIncrementalCache(cls) -> bool:  # noqa: N802 - TFX's name
        """As many spans are kept as TFX thinks good; without it, above some 250 none are."""
        return True

    @staticmethod
    def _CopyCache(src: str, dst: str) -> None:  # noqa: N802 - TFX's name
        """Does nothing: entries stay where they are."""
