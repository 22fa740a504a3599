"""Secrets and configs of the stand-in's swarm."""

import pytest

from tests.standin.direct_client import Client, filters


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_secrets_and_configs_are_there_for_who_uses_them_and_missing_for_who_makes_them(
    docker: Client, kind: str
) -> None:
    assert docker.ask("GET", f"/{kind}/pw").status == 404
    assert [found["Spec"]["Name"] for found in docker.get(f"/{kind}" + filters(name={"pw": True}))] == ["pw"]

    docker.ask("POST", f"/{kind}/create", {"Name": "made", "Data": "c2VjcmV0"})

    assert docker.get(f"/{kind}/made")["Spec"] == {"Name": "made"}
