"""Vertex AI Pipelines: compiles the DAG, submits it, and runs its components in containers."""

__all__ = ["code", "compiling", "entrypoint", "execution", "failures", "look_up"]
