"""The API key: where it comes from, and how it stays out of sight."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from qauvern.cloud.errors import BadApiKey
from qauvern.errors import Remedy

API_KEY_VARIABLES: Final = ("IBMCLOUD_API_KEY", "IC_API_KEY")
HIDDEN: Final = "***"

_MAX_KEY_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An IBM Cloud API key that neither repr nor str shows. `source` says where it came from."""

    _value: str = field(repr=False)
    source: str

    def __str__(self) -> str:
        return HIDDEN

    def reveal(self) -> str:
        """The key itself, for the IAM request only."""
        return self._value


def resolve_api_key(option: str | None, environ: Mapping[str, str]) -> ApiKey:
    """The key given on the command line, else IBMCLOUD_API_KEY, else IC_API_KEY; `@path` names a file that holds it.

    The file holds the key alone, or is the JSON file that IBM Cloud offers for download.

    Raises:
        BadApiKey: there is none, its file cannot be read, or it holds characters that no key has.
    """
    if option is not None:
        return _api_key(option, "the command line")
    for variable in API_KEY_VARIABLES:
        if environ.get(variable, "").strip():
            return _api_key(environ[variable], variable)
    raise BadApiKey("There is no API key.", remedy=Remedy.GIVE_API_KEY, variables=API_KEY_VARIABLES)


def _api_key(text: str, source: str) -> ApiKey:
    text = text.strip()
    if text.startswith("@"):
        path = Path(text[1:]).expanduser()
        source = f"{source} (file {path})"
        text = _key_in_file(path, source)
    if not text:
        raise BadApiKey(f"The API key from {source} is empty.")
    if not re.fullmatch(r"[!-~]+", text):
        raise BadApiKey(f"The API key from {source} holds blanks, control or non-Latin characters, which no key has.")
    return ApiKey(text, source)


def _key_in_file(path: Path, source: str) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_KEY_FILE_BYTES).decode("utf-8-sig").strip()
    except OSError as error:
        raise BadApiKey(f"The API key from {source} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise BadApiKey(f"The API key from {source} cannot be read: it is not a text file.") from None
    if not text.startswith("{"):
        return text
    try:
        key = json.loads(text)["apikey"]
    except (ValueError, KeyError, RecursionError):
        key = None
    if not isinstance(key, str):
        raise BadApiKey(f"The API key from {source} cannot be read: the file is JSON without an `apikey` text.")
    return key.strip()


_SHORTEST_IN_BASE64 = 8


def _in_base64(secret: str) -> Iterator[str]:
    """What every base64 text that holds the secret holds of it, wherever in the encoded text the secret begins."""
    raw = secret.encode()
    if len(raw) < _SHORTEST_IN_BASE64:
        return
    for before in range(3):
        # The characters to which only bits of the secret contribute: 6 bits each, 8 bits a byte.
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + raw).decode()[first:last]
        yield encoded
        yield encoded.translate(str.maketrans("+/", "-_"))


class Redactor:
    """Takes secrets out of text: the ones it was told, and whatever looks like one."""

    _SHORTEST = 4
    """A shorter secret is not looked for: it would blot out ordinary words."""
    _LOOKS_SECRET = (
        (re.compile(r"(?<=://)[^/\s@]*@"), HIDDEN + "@"),
        (re.compile(r"(?i)\b(bearer\s+)[^\s\"',;]+"), r"\1" + HIDDEN),
        (re.compile(r"(?i)\b(apikey|api_key|access_token|refresh_token)=[^\s&\"']+"), r"\1=" + HIDDEN),
        (re.compile(r"\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?"), HIDDEN),
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def add(self, secret: str) -> None:
        """Takes this secret out of all text from now on, also where it is quoted for a URL, JSON or HTML, or base64."""
        if len(secret) < self._SHORTEST:
            return
        forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
        forms |= {html.escape(secret), *_in_base64(secret)}
        with self._lock:
            # Longest first, so that no form leaves the rest of a longer one behind.
            self._forms = tuple(sorted({*self._forms, *forms}, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        for pattern, replacement in self._LOOKS_SECRET:
            text = pattern.sub(replacement, text)
        return text
