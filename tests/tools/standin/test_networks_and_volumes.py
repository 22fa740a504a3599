"""Networks and volumes of the stand-in."""

from tests.tools.standin.direct_client import COMPOSE, Client, filters


def test_compose_misses_what_it_has_to_make_and_docker_has_what_it_names(docker: Client, compose: Client) -> None:
    for target in ("/networks/front", "/volumes/data"):
        assert compose.ask("GET", target).status == 404
        assert docker.get(target)["Name"] == target.rpartition("/")[2]


def test_a_made_network_has_its_name_behind_its_id(docker: Client) -> None:
    answer = docker.ask("POST", "/networks/create", {"Name": "front", "Labels": {"a": "b"}})
    assert isinstance(answer.body, dict)
    id = str(answer.body["Id"])

    assert docker.daemon.state.find_network_name(id) == "front"
    assert [network["Id"] for network in docker.get("/networks" + filters(label={"a=b": True}))] == [id]
    docker.ask("DELETE", "/networks/front")
    assert docker.daemon.state.find_network_name(id) is None


def test_networks_of_dockerd_are_there() -> None:
    assert [network["Name"] for network in Client(COMPOSE).get("/networks")] == ["bridge", "host", "none"]


def test_a_made_volume_is_listed_until_it_is_removed(compose: Client) -> None:
    compose.ask("POST", "/volumes/create", {"Name": "data", "Labels": {"a": "b"}})

    assert compose.get("/volumes/data")["Labels"] == {"a": "b"}
    assert [volume["Name"] for volume in compose.get("/volumes" + filters(label={"a": True}))["Volumes"]] == ["data"]
    compose.ask("DELETE", "/volumes/data")
    assert compose.get("/volumes")["Volumes"] == []
