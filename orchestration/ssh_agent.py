"""A private key that an ssh-agent holds: the agent signs, and no file of this machine needs to have the key."""

import os
from base64 import b64encode
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, SecretsHandler, Signature, Signer, SSlibKey

from orchestration.signing import AGENT, NotSigned

if TYPE_CHECKING:
    from paramiko import AgentKey


def load(named: str) -> "AgentSigner":
    """The key of the agent of SSH_AUTH_SOCK that `agent:SHA256:...` or `agent:comment` names. Raises NotSigned."""
    try:
        import paramiko
    except ImportError:
        raise NotSigned(
            f"{named} is a key of an ssh-agent, and paramiko is not installed: pip install 'cpai-warehouse[agent]'"
        ) from None
    if not os.environ.get("SSH_AUTH_SOCK"):
        raise NotSigned(
            f"{named} is a key of an ssh-agent, and SSH_AUTH_SOCK names none: start one, or take over that of your session"
        )
    try:
        keys = paramiko.Agent().get_keys()
    except (paramiko.SSHException, OSError):
        raise NotSigned("what SSH_AUTH_SOCK names does not answer as an ssh-agent: name another") from None
    if not keys:
        raise NotSigned(
            "the ssh-agent of SSH_AUTH_SOCK offers no key: it is gone, locked (ssh-add -X) or has none yet (ssh-add FILE)"
        )
    name = named.removeprefix(AGENT)
    found = [key for key in keys if name in (key.fingerprint, key.comment)]
    if not found:
        raise NotSigned(f"the ssh-agent has no key {name}: ssh-add -l lists those that it has")
    if len(found) > 1:
        raise NotSigned(
            f"the ssh-agent has {len(found)} keys {name}: name one by its fingerprint, SHA256:..."
        )
    return AgentSigner(named, found[0])


class AgentSigner(Signer):
    """Signs by an agent's key. Raises NotSigned for a key of another kind than ed25519."""

    def __init__(self, named: str, key: "AgentKey") -> None:
        self._named, self._key = named, key
        # of a security key it is another kind, whose signatures are over more than what is signed
        public = (
            load_ssh_public_key(b"ssh-ed25519 " + b64encode(key.blob)) if key.name == "ssh-ed25519" else None
        )
        if not isinstance(public, Ed25519PublicKey):
            raise NotSigned(
                f"{named} is a key of another kind than ed25519: make one by ssh-keygen -t ed25519, and ssh-add it"
            )
        self._public_key = SSlibKey.from_crypto(public)

    @property
    def public_key(self) -> Key:
        return self._public_key

    def sign(self, payload: bytes) -> Signature:
        from paramiko import Message, SSHException

        try:
            answer = Message(self._key.sign_ssh_data(payload))
            answer.get_text()  # its kind
            signature = Signature(self._public_key.keyid, answer.get_binary().hex())
            self._public_key.verify_signature(signature, payload)
        except (SSHException, OSError, VerificationError):
            raise NotSigned(
                f"the ssh-agent did not sign by {self._named}: it was refused, locked (ssh-add -X) or the key is gone; see "
                "ssh-add -l, and give the same command again"
            ) from None
        return signature

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> Signer:
        """As securesystemslib asks for; nothing here does."""
        return load(priv_key_uri)
