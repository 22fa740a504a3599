"""What a denial proposes, as the decision log has it."""

from portero.decide.values.denial_parts import Proposed


def test_a_proposal_has_one_flag_an_item() -> None:
    proposed = Proposed("docker run", (("-m", "1g"),), (("-m", "4g"),), (("--privileged",),))

    assert proposed.entry() == {"add": [["-m", "1g"]], "instead": [["-m", "4g"]], "without": [["--privileged"]]}


def test_what_still_refuses_is_named() -> None:
    assert Proposed("docker run", still=("image-tag",)).entry()["still"] == ["image-tag"]
