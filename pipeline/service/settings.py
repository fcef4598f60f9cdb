"""The limits of the service."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceSettings:
    """What the service accepts.

    Args:
        max_bytes: Of a request body.
        max_images: Of one request.
        rate: Requests of one client, such as `120/minute`; empty: no limit.
        token: That requests must send as `Authorization: Bearer TOKEN`; empty: none.
        concurrency: Requests that are predicted at the same time.
        queue: Requests that send their body or wait for their turn; further ones receive status 503.
        body_seconds: In which the body of a request must arrive; later ones receive status 408.
    """

    max_bytes: int = 20_000_000
    max_images: int = 32
    rate: str = "120/minute"
    token: str = ""
    concurrency: int = 2
    queue: int = 32
    body_seconds: float = 60
