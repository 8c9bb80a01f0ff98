"""Vertex AI Pipelines: compiles the DAG, submits it, and runs its components in containers.

Google's packages are imported by functions, when they are called: nothing here costs a command that
does not reach for the cloud.
"""

__all__ = [
    "client",
    "code",
    "compiling",
    "connection",
    "entrypoint",
    "execution",
    "failures",
    "look_up",
    "placeholders",
    "preflight",
    "schedules",
    "storage",
    "submission",
    "values",
    "watching",
]
