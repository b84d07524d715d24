"""The URL of a Cassandra cluster."""

from pathlib import Path

import pytest

from iotflow.addresses import CassandraAddress, Replication, Tls, Verification
from iotflow.urls import parse_cassandra_url


def test_a_minimal_url() -> None:
    assert parse_cassandra_url("cassandra://127.0.0.1/iotflow") == CassandraAddress(
        hosts=("127.0.0.1",),
        port=9042,
        keyspace="iotflow",
        user=None,
        password=None,
        data_centre=None,
        consistency="LOCAL_QUORUM",
        replication=Replication("NetworkTopologyStrategy", (("replication_factor", 1),)),
        tls=None,
    )


def test_a_full_url() -> None:
    address = parse_cassandra_url(
        "cassandra://me%40home:p%3Aw%2F%40@a.example,10.0.0.2,c:9142/key_space1?dc=eu west&consistency=quorum"
        "&replication=NetworkTopologyStrategy/eu west:3,us:2&tls=on&verify=hostname&ca=/etc/ca.pem&cert=c.pem&key=k.pem"
    )
    assert address == CassandraAddress(
        hosts=("a.example", "10.0.0.2", "c"),
        port=9142,
        keyspace="key_space1",
        user="me@home",
        password="p:w/@",
        data_centre="eu west",
        consistency="QUORUM",
        replication=Replication("NetworkTopologyStrategy", (("eu west", 3), ("us", 2))),
        tls=Tls(Path("/etc/ca.pem"), Path("c.pem"), Path("k.pem"), Verification.HOSTNAME),
    )
    assert address.replication.as_cql() == "{'class': 'NetworkTopologyStrategy', 'eu west': 3, 'us': 2}"
    assert "p:w" not in repr(address)


@pytest.mark.parametrize(
    ("places", "hosts", "port"),
    [("[::1]", ("::1",), 9042), ("[::1]:1", ("::1",), 1), ("a,[fe80::1]:65535", ("a", "fe80::1"), 65_535)],
)
def test_ipv6_addresses_are_in_brackets(places: str, hosts: tuple[str, ...], port: int) -> None:
    address = parse_cassandra_url(f"cassandra://{places}/k")
    assert (address.hosts, address.port) == (hosts, port)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:secret@h/k", "cassandra://"),
        ("cassandra:///k", "hosts"),
        ("cassandra://u:secret@/k", "hosts"),
        ("cassandra://h,/k", "hosts"),
        ("cassandra://h:1,g:2/k", "hosts"),
        ("cassandra://h:0/k", "port"),
        ("cassandra://h:65536/k", "port"),
        ("cassandra://h:x/k", "port"),
        ("cassandra://u:secret@h:/k", "port"),
        ("cassandra://h", "keyspace"),
        ("cassandra://h/", "keyspace"),
        ("cassandra://h/Big", "keyspace"),
        ("cassandra://h/a;b", "keyspace"),
        (f"cassandra://h/{'k' * 49}", "keyspace"),
        ("cassandra://secret@h/k", "user:password"),
        ("cassandra://:secret@h/k", "user:password"),
        ("cassandra://u:secret#more@h/k", "keyspace"),
        ("cassandra://u:secret@h/k#f", "#"),
        ("cassandra://h/k?consistency=MOST", "LOCAL_QUORUM"),
        ("cassandra://h/k?consistancy=ONE", "consistency"),
        ("cassandra://h/k?dc=a&dc=b", "twice"),
        ("cassandra://h/k?dc=", "data centre"),
        ("cassandra://h/k?dc=it's", "data centre"),
        ("cassandra://h/k?replication=3", "SimpleStrategy"),
        ("cassandra://h/k?replication=SimpleStrategy", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?replication=SimpleStrategy/0", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?replication=SimpleStrategy/dc1:3", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?replication=NetworkTopologyStrategy/a:1,a:2", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?replication=NetworkTopologyStrategy/1,a:2", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?replication=NetworkTopologyStrategy/a':1", "NetworkTopologyStrategy/3"),
        ("cassandra://h/k?tls=yes", "on, off"),
        ("cassandra://h/k?tls=on", "ca=PATH"),
        ("cassandra://h/k?ca=x", "tls=on"),
        ("cassandra://h/k?tls=on&ca=x&cert=y", "key=PATH"),
        ("cassandra://h/k?tls=on&ca=x&verify=none", "address, hostname, authority"),
        ("cassandra://[u:secret@h/k", "cassandra://"),
    ],
)
def test_errors_name_the_expected_form_and_never_the_password(url: str, expected: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_cassandra_url(url)
    assert expected in str(raised.value)
    assert "secret" not in str(raised.value)
