"""What a door shows that gives out no values."""

import pytest

from portero.decide.facts.masked_answers import mask_answer, shows_variables


def test_variables_lose_their_values_wherever_they_stand() -> None:
    shown = mask_answer(
        {
            "Config": {"Env": ["PATH=/bin", "EMPTY=", "FLAG"], "Labels": {"app": "web", "db.password": "hush"}},
            "Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=b=c"], "Image": "web:1"}}},
            "Settings": {"Env": [{"Name": "A", "Value": "b"}]},
            "HostConfig": {"LogConfig": {"Config": {"splunk-token": "hush", "tag": "web"}}},
            "State": {"Pid": 7},
        }
    )

    assert shown == {
        "Config": {"Env": ["PATH=***", "EMPTY=***", "FLAG"], "Labels": {"app": "web", "db.password": "***"}},
        "Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=***"], "Image": "web:1"}}},
        "Settings": {"Env": [{"Name": "A", "Value": "***"}]},
        "HostConfig": {"LogConfig": {"Config": {"splunk-token": "***", "tag": "web"}}},
        "State": {"Pid": 7},
    }


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("ENV A=b C=d", "ENV ***"),
        ("/bin/sh -c #(nop)  ENV A=b", "/bin/sh -c #(nop)  ENV ***"),
        ("RUN |2 TOKEN=hush B=c /bin/sh -c make # buildkit", "RUN |2 ***"),
        ("ARG VERSION=1", "ARG ***"),
        ("RUN /bin/sh -c make # buildkit", "RUN /bin/sh -c make # buildkit"),
        ('CMD ["sh"]', 'CMD ["sh"]'),
    ],
)
def test_the_history_of_an_image_says_no_values(line: str, masked: str) -> None:
    assert mask_answer({"CreatedBy": line}) == {"CreatedBy": masked}


@pytest.mark.parametrize(
    ("query", "shows"),
    [
        ("", False),
        ("ps_args=aux", False),
        ("ps_args=-ef", False),
        ("ps_args=eww", True),
        ("ps_args=aux&ps_args=e", True),
    ],
)
def test_processes_are_listed_without_their_variables(query: str, shows: bool) -> None:
    assert shows_variables(query) is shows
