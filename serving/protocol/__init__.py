"""What a client and a server of TF Serving's API share: messages, errors, configuration, TLS."""

from serving.protocol import (
    errors,
    messages,
    model_config,
    saved_models,
    served_models,
    tensors,
    version_files,
)
from serving.protocol.errors import ConfigError, ServingError
from serving.protocol.messages import (
    BadAnswerError,
    Continuation,
    Listener,
    Playlist,
    Recommendation,
    TrackFacts,
)
from serving.protocol.model_config import ModelConfig, ModelServerConfig, single_model_config
from serving.protocol.saved_models import BrokenModelError
from serving.protocol.tf_serving_protos import BatchingParameters, SSLConfig, read_text_proto
from serving.protocol.tls import ServerTls, read_pem

__all__ = [
    "BadAnswerError",
    "BatchingParameters",
    "BrokenModelError",
    "ConfigError",
    "Continuation",
    "Listener",
    "ModelConfig",
    "ModelServerConfig",
    "Playlist",
    "Recommendation",
    "SSLConfig",
    "ServerTls",
    "ServingError",
    "TrackFacts",
    "errors",
    "messages",
    "model_config",
    "read_pem",
    "read_text_proto",
    "saved_models",
    "served_models",
    "single_model_config",
    "tensors",
    "version_files",
]
