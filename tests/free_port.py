"""A port of this machine on which nothing listens."""

import socket
from contextlib import closing


def free_port() -> int:
    """Return the port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
