"""A range lies in another exactly when its prefix begins with the other's."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.values.ip_ranges import Network, contains, format_prefix

NETWORKS: st.SearchStrategy[Network] = st.one_of(
    st.builds(lambda a, n: ip_network((a, n), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(lambda a, n: ip_network((a << 96, n), strict=False), st.integers(2**31, 2**32 - 1), st.integers(0, 128)),
)


@pytest.mark.parametrize(
    ("network", "prefix"),
    [("10.0.0.0/8", "4:00001010"), ("0.0.0.0/0", "4:"), ("fc00::/7", "6:1111110"), ("0.0.0.1/32", f"4:{'0' * 31}1")],
)
def test_a_prefix_is_the_version_and_its_bits(network: str, prefix: str) -> None:
    assert format_prefix(ip_network(network)) == prefix


@given(NETWORKS, NETWORKS)
def test_a_range_lies_in_another_that_begins_its_prefix(outer: Network, inner: Network) -> None:
    assert contains(outer, inner) == format_prefix(inner).startswith(format_prefix(outer))
