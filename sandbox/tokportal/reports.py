"""TokPortal's own HTML reports: POST /analytics/export/reports and …/html. Creator and above."""

from dataclasses import replace
from html import escape
from typing import Any

from sandbox.answers import Answer, ApiError
from sandbox.tokportal import envelopes, shapes
from sandbox.tokportal.call import Call
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, digest

_TEMPLATES = ("executive", "agency", "creator", "minimal", "growth", "board")


def create_report(call: Call) -> Answer:
    """A page that anybody with its address can read; token and address are told once."""
    title, accounts = _wanted(call)
    call.owner.reports += 1
    token = f"rpt_{digest(call.world.seed, 'report', call.owner.reports).hex()}"
    body = {
        "token": token,
        "url": f"https://reports.example.com/{token}",
        "title": title,
        "template": call.body.get("template") or "executive",
        "account_count": len(accounts),
        "created_at": shapes.iso(call.now),
        "expires_at": shapes.iso(call.now + 30 * DAY),
    }
    return replace(envelopes.bare(body), status=201)


def export_html(call: Call) -> Answer:
    """The report itself; nothing is published."""
    title, accounts = _wanted(call)
    lines = "".join(f"<li>{escape(account.username)}</li>" for account in accounts)
    page = f"<!doctype html><html><head><meta charset=utf-8><title>{escape(title)}</title></head>"
    page += f"<body><h1>{escape(title)}</h1><ul>{lines}</ul></body></html>"
    return Answer(200, page.encode(), "text/html; charset=utf-8")


def _wanted(call: Call) -> tuple[str, list[Account]]:
    """Title and accounts of the report, or the refusal."""
    call.require("export")
    body = call.body
    if body.get("template") is not None and body["template"] not in _TEMPLATES:
        raise _wrong("template", f"template must be one of: {', '.join(_TEMPLATES)}")
    if call.plan.hidden and (body.get("brandName") or body.get("brandAccent")):
        call.refuse("custom branding")
    asked = body.get("accountIds") or []
    if not isinstance(asked, list):
        raise _wrong("accountIds", "accountIds must be a list")
    chosen = [call.require_account(str(one)) for one in asked] or call.world.accounts()
    return str(body.get("title") or "Analytics report"), [a for a in chosen if _in(body, a)]


def _in(body: Any, account: Account) -> bool:
    return (
        account.platform in (body.get("platforms") or [account.platform])
        and account.country in (body.get("countries") or [account.country])
        and body.get("workspaceId") in (None, account.workspace_id)
    )


def _wrong(field: str, message: str) -> ApiError:
    return ApiError(400, "VALIDATION_ERROR", message, field=field)
