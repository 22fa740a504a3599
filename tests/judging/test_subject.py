"""What a decision says about its request, however much of it could be read."""

from portero.decision import Subject
from portero.identity.caller import Identity
from portero.judging.subject import describe_subject
from portero.reading.envelope import Envelope

ASKED = Envelope("GET", "/_ping", None, {"user-agent": "Docker-Client/28"}, "alicia", "TLS", ())


def test_nothing_is_said_of_what_could_not_be_read() -> None:
    assert describe_subject(None, None, None, None, {}) == Subject()


def test_until_the_user_is_known_the_name_is_the_one_that_dockerd_gives() -> None:
    subject = describe_subject(ASKED, None, None, None, {})

    assert (subject.user, subject.identified_by, subject.client) == ("alicia", "", "Docker-Client/28")


def test_then_it_is_the_one_that_was_proved() -> None:
    subject = describe_subject(ASKED, None, None, Identity("ci", ("dev",), "token", ("DNS:a",)), {})

    assert (subject.user, subject.groups, subject.identified_by) == ("ci", ("dev",), "token")
    assert subject.names == ("DNS:a",)


def test_facts_give_image_and_daemon_defaults() -> None:
    document = {"facts": {"image": {"reference": "busybox"}, "daemonDefaults": ["log.driver"]}}

    subject = describe_subject(None, None, None, None, document)  # type: ignore[arg-type]

    assert (subject.image, subject.daemon_defaults) == ("busybox", ("log.driver",))
