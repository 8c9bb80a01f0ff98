"""Vertex AI Pipelines: compiles the DAG, submits it, and runs its components in containers."""

__all__ = ["compiling", "execution"]
