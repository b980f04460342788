"""A key or token stands in no output, log, journal, plan, report or exception, whatever is run and whatever fails."""

from __future__ import annotations

import base64
import html
import json
import stat
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

import pytest

from qauvern.cloud.credentials import HIDDEN, Redactor
from qauvern.sandbox import Call, Reply
from tests.hostile.conftest import HostileSite

KEY = "qauvern+sandbox/administrator%&=key~1"
"""With characters that look different in a URL, in base64 and in HTML."""
COMMANDS = (
    ["configure", "-a", "ACCOUNT", "-p", "premium", "--force", "-o", "new.yaml"],
    ["show", "--daily"],
    ["show", "--format", "json"],
    ["instances"],
    ["analyze", "--save-plan", "plan.json"],
    ["analyze", "--format", "csv"],
    ["explain", "NAME"],
    ["report", "--output", "report.html"],
    ["optimize", "--dry-run"],
    ["optimize", "--yes", "--operation-timeout", "1"],
    ["optimize", "--yes", "--plan", "plan.json", "--operation-timeout", "1"],
    ["update", "--dry-run"],
    ["create", "new", "-t", "us-east", "-g", "default", "-p", "premium"],
    ["history"],
    ["undo", "--yes", "--operation-timeout", "1"],
)
FAULTS = ("400", "401", "403", "429/0", "500", "500-applied", "refuse", "cut-before", "cut-after", "html", "truncated")
WRITE_FAULTS = ("patch=ignored", "patch=stuck", "patch=stuck-applied", "create=ignored")


def forms(secret: str) -> Iterator[bytes]:
    """What the secret may look like."""
    raw = secret.encode()
    yield raw
    yield quote(secret, safe="").encode()
    yield html.escape(secret).encode()
    yield json.dumps(secret)[1:-1].encode()
    yield raw.hex().encode()
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        text = base64.b64encode(b"." * before + raw)[start:end]
        yield text
        yield text.translate(bytes.maketrans(b"+/", b"-_"))


def assert_kept(secrets: Iterable[str], site: HostileSite) -> None:
    """None of them is in any output or file."""
    wanted = {form for secret in secrets for form in forms(secret)}
    texts = {" ".join(run.arguments): run.output.encode() for run in site.qauvern.runs}
    texts |= {str(path): path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    assert len(texts) > 1
    for where, text in texts.items():
        for form in wanted:
            assert form not in text, f"{form!r} in {where}"
            assert form.lower() not in text.lower(), f"{form!r} in {where}"


@pytest.fixture
def secretive(hostile: HostileSite) -> tuple[HostileSite, set[str]]:
    """The account behind a key that is hard to hide; the secrets so far: the key, and every token that is out."""
    secrets = {KEY}

    def remembered(_call: Call, carry_out: Callable[[], Reply]) -> Reply:
        reply = carry_out()
        if isinstance(reply.document, dict) and reply.status == 200 and "access_token" in reply.document:
            secrets.add(reply.document["access_token"])
        return reply

    operator = hostile.sandbox.operator
    operator.intercept(remembered)
    operator.add_key(KEY)
    hostile.qauvern.environment["IBMCLOUD_API_KEY"] = KEY
    return hostile, secrets


def run_all(site: HostileSite, commands: Iterable[list[str]] = COMMANDS) -> None:
    names = {"ACCOUNT": site.sandbox.account_id, "NAME": str(site.configuration()["instances"][0]["name"])}
    for command in commands:
        site.qauvern("-vvv", *(names.get(word, word) for word in command), exits=None)


class TestEveryCommand:
    def test_that_goes_well(self, secretive: tuple[HostileSite, set[str]]) -> None:
        site, secrets = secretive
        run_all(site)
        assert len(secrets) > 5
        assert_kept(secrets, site)

    @pytest.mark.parametrize("fault", [*(f"any={kind}" for kind in FAULTS), *WRITE_FAULTS])
    def test_that_fails(self, secretive: tuple[HostileSite, set[str]], fault: str) -> None:
        site, secrets = secretive
        site.qauvern("analyze", "--save-plan", "plan.json")
        site.sandbox.inject(fault)
        run_all(site, FEW)
        if fault.startswith("any"):
            site.sandbox.clear_faults()
            site.sandbox.inject(*(f"{kind}={fault[4:]}" for kind in ("list", "get", "patch", "create", "usage")))
            run_all(site, FEW)
        assert_kept(secrets, site)

    @pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
    def test_whose_server_tells_what_it_was_told(self, secretive: tuple[HostileSite, set[str]], status: int) -> None:
        """Authorization and body come back in every field of the answer, in several forms, and cut short."""
        site, secrets = secretive

        def bend(call: Call, reply: Reply) -> Reply:
            if call.kind == "token" and status == 200:
                return reply
            if status == 401 and call.kind != "token":
                site.sandbox.revoke_tokens()
            secret = (call.headers.get("Authorization") or KEY).split(" ")[-1]
            encoded = [form.decode() for form in forms(secret) if form != secret.encode().hex().encode()]
            words = (
                f"You sent {secret}, body {call.body.decode()}, that is {' and '.join(encoded)} {'.' * 540} {secret}"
            )
            document = {
                "errors": [{"message": words, "code": secret, "more_info": f"https://x/?apikey={secret}"}],
                "errorMessage": words,
                "errorCode": secret,
                "message": words,
                "trace": secret,
                "resources": [{"name": secret, "crn": words}],
                "plans": [{"plan_id": words}],
                "data": [{"key": secret, "usage": words}],
                "usage_consumed_seconds": words,
                "expires_in": words,
                "access_token": words,
                "next_url": words,
                "extensions": secret,
            }
            headers = {"X-Request-Id": secret, "Retry-After": "0", "Location": f"https://x/{secret}"}
            return Reply(status, document, headers)

        site.qauvern("analyze", "--save-plan", "plan.json")
        for kinds in (("patch", "create", "get"), ("usage",), ("analytics",), ("account",), ("list",), ("token",)):
            site.bend = lambda call, reply, kinds=kinds: (  # type: ignore[misc]
                bend(call, reply) if call.kind in kinds else reply
            )
            run_all(site, FEW if kinds[0] == "patch" else FEW[:1])
        assert_kept(secrets, site)


FEW = (
    ["show"],
    ["optimize", "--yes", "--operation-timeout", "1"],
    ["create", "new", "-t", "us-east", "-g", "default", "-p", "premium"],
    ["undo", "--yes"],
    ["history"],
)


@pytest.fixture(autouse=True)
def brief_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A creation that never ends is given up at once."""
    monkeypatch.setattr("qauvern.cloud.creation._FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("qauvern.cloud.creation._OPERATION_TIMEOUT_SECONDS", 0.05)


class TestAFault:
    """Of qauvern's own: what it says of it, with the place where it happened, holds no secret either."""

    @pytest.mark.parametrize("verbose", [[], ["-vvv"]])
    def test_says_no_secret(
        self, secretive: tuple[HostileSite, set[str]], verbose: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site, secrets = secretive
        monkeypatch.setattr("qauvern.cloud.quantum._parse_usage", lambda chunks, _crn: dict(chunks)["nothing"])
        site.qauvern(*verbose, "show", exits=1, traceback=bool(verbose))
        site.qauvern("history")
        assert_kept(secrets, site)


class TestWhereTheKeyComesFrom:
    def test_a_file_is_not_told(
        self, secretive: tuple[HostileSite, set[str]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        site, secrets = secretive
        del site.qauvern.environment["IBMCLOUD_API_KEY"]
        for content in (KEY, f"  {KEY}\n", json.dumps({"apikey": KEY, "name": "mine"}), "\ufeff" + KEY):
            file = tmp_path_factory.mktemp("keys") / "key"
            file.write_text(content, encoding="utf-8")
            run = site.qauvern("-vvv", "show", "--api-key", f"@{file}")
            assert "process list" not in run.stderr
            site.qauvern("-vvv", "show", env={"IC_API_KEY": f"@{file}"})
        assert_kept(secrets, site)

    @pytest.mark.parametrize(
        "content", [b"", b"two words", KEY.encode() + b" x", b"\xff\xfe", b'{"apikey": [1]}', b"{" + KEY.encode()]
    )
    def test_a_bad_file_is_not_told_either(
        self, secretive: tuple[HostileSite, set[str]], content: bytes, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        site, secrets = secretive
        file = tmp_path_factory.mktemp("keys") / "key"
        file.write_bytes(content)
        run = site.qauvern("-vvv", "show", "--api-key", f"@{file}", exits=1)
        assert not run.requests
        site.qauvern("history")
        assert_kept(secrets, site)

    def test_on_the_command_line_it_is_warned_of(self, secretive: tuple[HostileSite, set[str]]) -> None:
        site, _secrets = secretive
        del site.qauvern.environment["IBMCLOUD_API_KEY"]
        run = site.qauvern("show", "--api-key", KEY)
        assert "Warning: a key on the command line shows in the process list" in run.stderr
        assert KEY not in run.output

    def test_a_refused_one_is_not_told(self, secretive: tuple[HostileSite, set[str]]) -> None:
        site, secrets = secretive
        secrets.add(wrong := "a-key-that-nobody/knows")
        site.qauvern.environment["IBMCLOUD_API_KEY"] = wrong
        assert "does not know the API key" in site.qauvern("-vvv", "show", exits=1).stderr
        site.qauvern("history")
        assert_kept(secrets, site)


class TestFiles:
    def test_journal_and_plan_are_their_owners_alone(self, hostile: HostileSite) -> None:
        plan = hostile.folder / "plan.json"
        plan.write_text("an old file that all may read")
        plan.chmod(0o644)
        hostile.qauvern("analyze", "--save-plan", plan)
        hostile.optimize()
        journals = list((hostile.folder / "state").rglob("*.jsonl"))
        assert journals
        for path in (plan, *journals):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(journals[0].parent.stat().st_mode) == 0o700


class TestRedactor:
    @pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
    @pytest.mark.parametrize("after", ["", "x", "xy"])
    def test_base64_of_whatever_holds_the_secret(self, before: str, after: str) -> None:
        redact = Redactor()
        redact.add(KEY)
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode((before + KEY + after).encode()).decode()
            assert HIDDEN in redact(f"you sent {text}")
            assert text[6:-6] not in redact(f"you sent {text}")

    def test_a_short_secret_does_not_blot_out_words(self) -> None:
        redact = Redactor()
        redact.add("abcd")
        assert redact("YWJjZA is no secret") == "YWJjZA is no secret"
