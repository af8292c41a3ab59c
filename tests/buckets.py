"""A real S3 server on loopback, which checks signatures, and a bucket in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Whoever may make the one user of the server; after these calls it asks for signatures.
_CALLS_TO_MAKE_THE_USER = 3
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Bucket:
    """A bucket and who may read it; ``environment`` is what a process needs to find both."""

    name: str
    environment: dict[str, str]
    client: Any

    @property
    def url(self) -> str:
        return f"s3://{self.name}/exports"

    def put(self, key: str, content: bytes | str) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=f"exports/{key}", Body=body)

    def put_folder(self, folder: Path) -> None:
        """Upload a landing folder as it is."""
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            self.put(path.relative_to(folder).as_posix(), path.read_bytes())

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"exports/{key}")


@contextmanager
def s3_server(log: Path) -> Iterator[dict[str, str]]:
    """Start the server; yield the environment in which its one user is who asks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(_CALLS_TO_MAKE_THE_USER)},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        _wait(port, server)
        yield _with_user(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.wait()


def make_bucket(name: str, environment: dict[str, str]) -> Bucket:
    client = _client("s3", environment)
    client.create_bucket(Bucket=name)
    return Bucket(name, environment, client)


def _with_user(endpoint: str) -> dict[str, str]:
    anybody = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    iam = _client("iam", anybody)
    iam.create_user(UserName="lander")
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="lander", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="lander")["AccessKey"]
    return anybody | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def _client(service: str, environment: dict[str, str]) -> Any:
    import boto3

    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the S3 server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the S3 server did not start")
