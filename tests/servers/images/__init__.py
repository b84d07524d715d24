"""The images that tests run servers from."""

import docker
from docker.errors import ImageNotFound

OFFICIAL = {
    "postgres": "postgres:17",
    "redis": "redis:8",
    "mongo": "mongo:8",
    "cassandra": "cassandra:5.0",
    "python": "python:3.13-slim",
}


def local(name: str) -> str:
    """The image that stands in for the official one where that cannot be pulled."""
    return f"iotflow-test/{name}"


def has_image(client: docker.DockerClient, image: str) -> bool:
    """Whether the engine has it already."""
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def available(client: docker.DockerClient, name: str) -> str | None:
    """The image to start: the official one, else the local one, else None."""
    return next((image for image in (OFFICIAL[name], local(name)) if has_image(client, image)), None)
