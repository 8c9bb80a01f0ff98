"""Recommends to a listener now: store, model, policies and exposure, and an answer always.

A request's way: `web` or `calls` → `answering` → `listeners` → `assignment` → `asking` →
`listening.recommending` → `randomising` → `exposures`.
"""

from gateway.configuration import GatewayConfig, load
from gateway.running import GatewayServer, run

__all__ = ["GatewayConfig", "GatewayServer", "clock", "load", "run"]
