"""The account's users: the names behind the ids that use the time."""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import urlencode

from ._live import LiveAccount
from ._wire import Call, Refusal, Reply, opaque

PAGE_LIMIT = 100
_GONE_EVERY = 16
_FIRST = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Imre", "Jun", "Kwame", "Leila", "Mateo",
    "Noor", "Olga", "Priya", "Quentin", "Rosa", "Sven", "Thandi", "Uma", "Viktor", "Wen", "Yara", "Zoë",
)  # fmt: skip
_LAST = (
    "Abe", "Berg", "Castillo", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Kaya",
    "Lindqvist", "Moreau", "Nakamura", "O'Brien", "Petrov", "Qureshi", "Rossi", "Schmidt", "Tanaka", "Usman", "Varga",
    "Weber", "Yilmaz", "Zhang",
)  # fmt: skip


def users(live: LiveAccount, call: Call) -> Reply:
    """Those who still belong to the account, a page at a time. Some who used its time have left."""
    if call.item != live.account.account_id:
        raise Refusal(404, "not_found", f"The account {call.item} could not be found.")
    limit, start = call.limit(PAGE_LIMIT, PAGE_LIMIT), call.position("_start") or 0
    present = [iam_id for number, iam_id in enumerate(live.account.users) if number % _GONE_EVERY != _GONE_EVERY - 1]
    path = f"/v2/accounts/{call.item}/users"
    after = start + limit
    next_url = f"{path}?{urlencode({'limit': limit, '_start': opaque(after)})}" if after < len(present) else None
    return Reply(
        200,
        {
            "total_results": len(present),
            "limit": limit,
            "first_url": f"{path}?{urlencode({'limit': limit})}",
            "next_url": next_url,
            "resources": [_user(call.item, iam_id) for iam_id in present[start:after]],
        },
    )


def _user(account_id: str, iam_id: str) -> dict[str, Any]:
    number = zlib.crc32(iam_id.encode())
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    email = f"{first}.{last}.{number % 1000}@example.com".lower().replace("'", "")
    email = email.replace("ë", "e").replace("í", "i")
    return {
        "id": f"{number:08x}",
        "iam_id": iam_id,
        "realm": "IBMid",
        "user_id": email,
        "firstname": first,
        "lastname": last,
        "state": "ACTIVE",
        "email": email,
        "account_id": account_id,
    }
