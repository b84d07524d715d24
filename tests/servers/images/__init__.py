"""Images of the test servers."""

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
    """Return the name of the local image that replaces an official one that cannot be pulled."""
    return f"iotflow-test/{name}"


def has_image(client: docker.DockerClient, image: str) -> bool:
    """Return whether the engine has the image."""
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def available(client: docker.DockerClient, name: str) -> str | None:
    """Return the image to start: the official one, else the local one, else None."""
    return next((image for image in (OFFICIAL[name], local(name)) if has_image(client, image)), None)
