"""A token that Portero makes is one that Portero accepts."""

from portero.identity import new_token, tokens
from portero.identity.keys import Key
from portero.identity.trusted import TokenIssuer
from tests.identity.token_makers import ED, NOON


def test_a_new_token_is_accepted_until_it_ends() -> None:
    made = new_token.make(ED, "portero", "web", "alicia", ("dev", "ops"), NOON, 900)
    issuers = {"portero": TokenIssuer((Key("EdDSA", None, ED.public_key()),), "sub", "groups", 900)}

    assert tokens.read(made, issuers, ("web",), NOON + 899) == tokens.Bearer("alicia", ("dev", "ops"), 900.0)
