"""The report's sections, in reading order: each turns results into what its template shows."""
