"""How telling a track, an artist or an n-gram is."""

from __future__ import annotations

import numpy as np
import scipy.sparse


def inverse_document_frequency(rows: scipy.sparse.csr_matrix) -> np.ndarray:
    """Weighs columns by how few rows hold them: idf = 1 + ln((R + 1) / (rows with it + 1)).

    Args:
        rows: [R, C], without stored zeros and with sorted out duplicates.

    Returns:
        float32 [C], at least 1.
    """
    counts = np.bincount(rows.indices, minlength=rows.shape[1])
    return (1.0 + np.log((rows.shape[0] + 1.0) / (counts + 1.0))).astype(np.float32)
