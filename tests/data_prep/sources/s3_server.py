"""An S3 server on this machine, with one bucket; tests that need it are skipped where its packages are absent."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.free_port import free_port

BUCKET = "results"
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}


class Bucket:
    """The bucket.

    Args:
        endpoint: Address of the server.
    """

    def __init__(self, endpoint: str) -> None:
        import boto3  # noqa: PLC0415

        self.endpoint = endpoint
        self._client = boto3.client("s3", endpoint_url=endpoint)
        self._client.create_bucket(Bucket=BUCKET)

    def put(self, key: str, content: bytes) -> str:
        """Store an object and return its address."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def objects(self) -> dict[str, bytes]:
        """Return all objects by their keys."""
        pages: Any = self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key: self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


@contextmanager
def s3_server() -> Iterator[Bucket]:
    """Start the server, with the keys and the address in the environment that commands need."""
    pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("dvc_s3", reason="dvc-s3 is not installed")
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
    ):
        for name, value in {**KEYS, "NO_PROXY": "127.0.0.1", "AWS_ENDPOINT_URL": endpoint}.items():
            patch.setenv(name, value)
        try:
            _wait(process, port)
            yield Bucket(endpoint)
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the S3 server does not listen; exit status {process.poll()}")
