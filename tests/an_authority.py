"""A time-stamp authority on this machine, made with openssl: fixtures for tests to import."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamps]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = made_up
[made_up]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256, sha512
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """A made-up authority: its certificate, and what it answers, `given` as it is or changed by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.certificate = folder, folder / "root.pem"
        self.given = lambda answer: answer
        folder.mkdir()
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01")
        common = ("-days", "30", "-config", "tsa.cnf", "-newkey", "rsa:2048", "-nodes", "-x509", "-subj")
        self.openssl(
            "req", *common, "/CN=root", "-extensions", "root", "-keyout", "root.key", "-out", "root.pem"
        )
        by_root = ("-CA", "root.pem", "-CAkey", "root.key")
        self.openssl(
            *("req", *common, "/CN=stamps", "-extensions", "stamps", *by_root),
            *("-keyout", "stamps.key", "-out", "stamps.pem"),
        )

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def answer(self, request: bytes) -> bytes:
        (self.folder / "request.tsq").write_bytes(request)
        self.openssl(
            *("ts", "-reply", "-config", "tsa.cnf", "-section", "made_up", "-queryfile", "request.tsq"),
            *("-signer", "stamps.pem", "-inkey", "stamps.key", "-out", "answer.tsr"),
        )
        return self.given((self.folder / "answer.tsr").read_bytes())


@pytest.fixture(scope="module")
def made_authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "one")


@pytest.fixture
def authority(made_authority, monkeypatch):
    """It listens on this machine; the installation has named it."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self):
            answer = made_authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("CPAI_TIMESTAMP_URL", f"http://127.0.0.1:{server.server_port}/")
        made_authority.given = lambda answer: answer
        yield made_authority
        server.shutdown()
