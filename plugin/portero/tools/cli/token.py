"""`portero token`: makes, shows and verifies tokens, and fetches the keys of their issuers."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import click

from portero.decide.identity.caller import Credentials, identify_caller, is_of_door
from portero.decide.identity.tokens import make_token
from portero.decide.identity.trusted import TOKEN_HEADER, TokenIssuer, is_name
from portero.decide.policy.rule import choose_profile
from portero.decide.values.json_fields import JSON
from portero.decide.values.refusals import Refused
from portero.decide.values.times import format_instant, parse_duration
from portero.observe.files.whole_files import replace_file
from portero.tools.cli import host_settings, judge_loading
from portero.tools.cli.sign import FOR_HOSTS
from portero.tools.registries.key_fetch import fetch_keys
from portero.tools.terminal import options, secret_input
from portero.tools.terminal.formats import JSON_OUTPUT, Outputs, show
from portero.tools.terminal.output import show_json, show_lines
from portero.tools.terminal.secret_input import read_claims, read_token

_FILE, _THERE = click.Path(path_type=Path), click.Path(exists=True, dir_okay=False, path_type=Path)
_EVERYBODY = 0o644
_TIMES = ("iat", "nbf", "exp")


@click.group()
def token() -> None:
    """Make and check tokens of callers. Tokens are read from standard input, never from arguments."""


@token.command()
@click.option("--key", "key_file", metavar="FILE", type=_FILE, required=True, help="A private key of portero keygen.")
@click.option("--issuer", metavar="NAME", default="portero", show_default=True, help="The claim iss, as in site.json.")
@FOR_HOSTS
@click.option("--user", metavar="NAME", required=True, help="The user.")
@click.option("--group", "groups", metavar="NAME", multiple=True, help="A group of the user (repeatable).")
@click.option("--lifetime", metavar="TIME", default="8h", show_default=True, help="How long it is valid: 45m, 8h, 7d.")
def issue(key_file: Path, issuer: str, group: str, user: str, groups: tuple[str, ...], lifetime: str) -> None:
    """Print a new token, signed with a key of portero keygen."""
    seconds = parse_duration(lifetime)
    if seconds is None:
        options.give_up([f"--lifetime: {lifetime}: write a number with s, m, h or d, such as 8h"])
    if not all(map(is_name, (user, *groups))):
        options.give_up(["--user, --group: write one line of plain text of at most 128 characters"])
    if is_of_door(user):
        options.give_up([f"--user: {user}: only doors name their users so, write another name"])
    show_lines([make_token(secret_input.read_key(key_file), issuer, group, user, groups, int(time.time()), seconds)])


@token.command("show")
@JSON_OUTPUT
def show_token(outputs: Outputs) -> None:
    """Show the claims of the token on standard input. Nothing is verified."""
    claims = read_claims(read_token())
    show(claims, (f"{name:<12} {_format_claim(name, value)}" for name, value in claims.items()), outputs)


@token.command()
@click.option("--for", "group", metavar="GROUP", help="Verify for these hosts. Default: PORTERO_HOST_GROUPS.")
@options.SCHEMAS
@options.PROFILE
@JSON_OUTPUT
def verify(group: str | None, outputs: Outputs, **given: str | tuple[str, ...] | None) -> None:
    """Verify the token on standard input as a host would.

    The issuers are those of a policy. Exit status 1: the token is denied.
    """
    settings = host_settings.load_host_settings({**given, "host_groups": group})
    judge = judge_loading.load_judge(settings)
    value, now = read_token(), time.time()
    try:
        who = identify_caller(
            Credentials("", "", (), {TOKEN_HEADER.lower(): value}), judge.policy.trusted, settings.host_groups, now
        )
    except Refused as refused:
        why = f"{refused.refusal.reason} -> {refused.refusal.remedy}"
        if refused.code == "token-untrusted":
            why = _explain_distrust(read_claims(value), judge.policy.trusted.token_issuers, settings.host_groups)
        show({"accepted": False, "code": refused.code}, [f"{refused.code}: {why}"], outputs)
        sys.exit(options.REFUSED)
    end = cast(float, read_claims(value)["exp"])
    summary = {
        "accepted": True,
        "user": who.user,
        "groups": [*who.groups],
        "profile": choose_profile(judge.policy.site, who, settings.profile),
        "until": format_instant(end),
    }
    shown = ((name, value) for name, value in summary.items() if name != "accepted")
    lines = (f"{name:<8} {', '.join(each) or 'none' if isinstance(each, list) else each}" for name, each in shown)
    show(summary, lines, outputs)


def _explain_distrust(claims: Mapping[str, JSON], issuers: Mapping[str, TokenIssuer], groups: Sequence[str]) -> str:
    """What of the token the policy does not trust, and the cure."""
    name, audience = str(claims.get("iss")), claims.get("aud")
    issuer = issuers.get(name)
    if issuer is None:
        return (
            f"It is from {name}, and token-issuers in site.json has {', '.join(issuers) or 'none'} -> list its issuer"
        )
    if not any(one in groups for one in (audience if isinstance(audience, list) else [audience])):
        hosts = ", ".join(groups) or "no group"
        return f"It is for hosts of {_format_claim('aud', audience)}, these are of {hosts} -> name its group with --for"
    end, begin = claims.get("exp"), claims.get("iat", claims.get("nbf"))
    if isinstance(end, int | float) and isinstance(begin, int | float) and end - begin > issuer.lifetime:
        return f"It lives {end - begin:g} seconds, and lifetime allows {name} {issuer.lifetime} -> issue a shorter one"
    for claim, values in issuer.claims.items():
        if claims.get(claim) not in values:
            return f"Its claim {claim} is none of {', '.join(values)} (claims of {name}) -> let another token be issued"
    return f"None of the keys that site.json names for {name} signed it -> put the key of its issuer there"


@token.command()
@click.argument("url", metavar="URL")
@click.option("--output", metavar="FILE", type=_FILE, help="Write to this file, such as policy/keys/login.jwks.")
@click.option("--ca", metavar="FILE", type=_THERE, help="Trust this authority (PEM).")
def keys(url: str, output: Path | None, ca: Path | None) -> None:
    """Fetch an issuer's public keys for a policy folder.

    They belong into its keys/. URL is the JSON Web Key Set itself, by https, or the issuer's
    .well-known/openid-configuration, which says where the set is. Sign the policy again when a host asks for
    signatures. The environment variables https_proxy and no_proxy count. Portero itself fetches nothing.
    """
    text, count = fetch_keys(url, ca)
    if output is None:
        show_json(json.loads(text))
        return
    with options.explain_os_errors(output, "name a file that can be written"):
        replace_file(output, text, _EVERYBODY)
    show_lines([f"{output}: {count} keys that verify tokens"])


def _format_claim(name: str, value: JSON) -> str:
    if name in _TIMES and isinstance(value, int | float) and 0 <= value < 1 << 36:
        return format_instant(float(value))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
