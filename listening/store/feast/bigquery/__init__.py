"""Rows of past times in BigQuery, from where Feast reads them; the one place that knows its SDK."""

from listening.store.feast.bigquery.tables import Tables

__all__ = ["Tables"]
