"""Which versions of a model are there, loaded and served."""

from serving.server.versions.config_file import ConfigFileWatcher
from serving.server.versions.manager import ModelManager
from serving.server.versions.servable import Servable
from serving.server.versions.states import Version
from serving.server.versions.table import ModelTable
from serving.server.versions.watcher import WatchOptions

__all__ = [
    "ConfigFileWatcher",
    "ModelManager",
    "ModelTable",
    "Servable",
    "Version",
    "WatchOptions",
]
