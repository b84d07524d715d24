"""The networks by which limits count addresses."""

import pytest

from iotflow.domain.networks import client_network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("/run/iotflow.sock", "/run/iotflow.sock"),
        ("", ""),
    ],
)
def test_an_address_is_limited_as_its_network(address: str, network: str) -> None:
    assert client_network(address) == network
