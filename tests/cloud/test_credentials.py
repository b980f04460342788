from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from qauvern.cloud import ApiKey, BadApiKey, resolve_api_key
from qauvern.cloud.credentials import Redactor
from qauvern.errors import Remedy

KEY = "s3cr3t-Key_of+an/admin="


class TestResolveApiKey:
    def test_option_then_ibmcloud_then_ic(self) -> None:
        environ = {"IBMCLOUD_API_KEY": "key-a", "IC_API_KEY": "key-b"}
        assert resolve_api_key("key-o", environ) == ApiKey("key-o", "the command line")
        assert resolve_api_key(None, environ) == ApiKey("key-a", "IBMCLOUD_API_KEY")
        assert resolve_api_key(None, {**environ, "IBMCLOUD_API_KEY": " "}) == ApiKey("key-b", "IC_API_KEY")

    @pytest.mark.parametrize(
        "content",
        [f"  {KEY}\n".encode(), b"\xef\xbb\xbf" + KEY.encode(), b'{"name": "mine", "apikey": "' + KEY.encode() + b'"}'],
        ids=["alone", "with a byte order mark", "as downloaded from IBM Cloud"],
    )
    def test_from_a_file(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "key"
        path.write_bytes(content)
        assert resolve_api_key(f"@{path}", {}).reveal() == KEY
        assert resolve_api_key(None, {"IC_API_KEY": f"@{path}"}).source == f"IC_API_KEY (file {path})"

    def test_none_says_how_to_give_and_make_one(self) -> None:
        with pytest.raises(BadApiKey, match="no API key") as caught:
            resolve_api_key(None, {})
        assert caught.value.remedy is Remedy.GIVE_API_KEY

    @pytest.mark.parametrize("key", ["", "two words", "tab\tbed", "clé-123", "nul\0", "a\nb"])
    def test_what_is_no_key_is_refused_and_not_shown(self, key: str) -> None:
        with pytest.raises(BadApiKey) as caught:
            resolve_api_key(key, {})
        assert not key or key not in str(caught.value)

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00secret", b'{"key": "secret"}', b"{secret", b""])
    def test_a_file_without_a_key_is_refused_and_not_shown(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "key"
        path.write_bytes(content)
        with pytest.raises(BadApiKey, match="key") as caught:
            resolve_api_key(f"@{path}", {})
        assert "secret" not in str(caught.value)

    def test_an_unreadable_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadApiKey, match=r"nowhere.*No such file"):
            resolve_api_key(f"@{tmp_path}/nowhere", {})

    def test_the_key_is_never_printed(self) -> None:
        key = resolve_api_key(KEY, {})
        assert KEY not in f"{key} {key!r} {[key]}"


class TestRedactor:
    @pytest.mark.parametrize(
        "text",
        [
            f"key {KEY} not found",
            f"apikey={quote(KEY, safe='')}&x=1",
            f"GET /?k={quote(KEY)}",
            "https://user:s3cr3t-Key_of@host/path",
            "Authorization: Bearer s3cr3t-Key_of-another",
            "eyJhbGciOi.s3cr3t-Key_of.abc",
        ],
    )
    def test_takes_secrets_out(self, text: str) -> None:
        redact = Redactor()
        redact.add(KEY)
        assert "s3cr3t" not in redact(text)

    def test_leaves_the_rest_alone(self) -> None:
        redact = Redactor()
        redact.add(KEY)
        text = "instance 'alpha' at https://quantum.cloud.ibm.com/api: status 403 (trace a-b@c)"
        assert redact(text) == text
