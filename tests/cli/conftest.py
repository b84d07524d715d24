"""What tests of several commands need."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of self-signed certificates for 127.0.0.1: `a.pem` with `a.key`, `b.pem` with `b.key`.

    `sealed.key` is `a.key` under a passphrase, `text` is neither.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: it makes the certificates")
    directory = tmp_path_factory.mktemp("certificates")
    for name in ("a", "b"):
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(directory / f"{name}.key"), "-out", str(directory / f"{name}.pem")),
        )
    key, sealed = directory / "a.key", directory / "sealed.key"
    _openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:correct", "-out", str(sealed))
    (directory / "text").write_text("no certificate\n")
    return directory


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
