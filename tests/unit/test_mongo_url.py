"""The URL of MongoDB, and the errors for a wrong one."""

import pytest

from iotflow.addresses import MongoAddress
from iotflow.urls import parse_mongo_url

PASSWORD = "hunter2"


@pytest.mark.parametrize(
    ("url", "hosts", "database"),
    [
        ("mongodb://localhost/iotflow", "localhost", "iotflow"),
        (f"mongodb://ada:{PASSWORD}@db1:27018,db2,[::1]:27019/docs?replicaSet=rs", "db1:27018,db2,[::1]:27019", "docs"),
        (f"mongodb://a%40b:{PASSWORD}%2F%40%3A@db/iot-flow_1?authSource=admin&tls=true", "db", "iot-flow_1"),
        (f"mongodb+srv://ada:{PASSWORD}@cluster.example.org/iotflow", "cluster.example.org", "iotflow"),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/iotflow", "%2Ftmp%2Fmongodb-27017.sock", "iotflow"),
    ],
)
def test_a_url_names_hosts_and_a_database(url: str, hosts: str, database: str) -> None:
    address = parse_mongo_url(url)
    assert address == MongoAddress(url, hosts, database)
    assert PASSWORD not in repr(address)
    assert database in repr(address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no URL of MongoDB"),
        (f"ada:{PASSWORD}@db/iotflow", "no URL of MongoDB"),
        (f"postgresql://ada:{PASSWORD}@db/iotflow", "no URL of MongoDB"),
        (f"mongodb://ada:{PASSWORD}@db", "no database named"),
        (f"mongodb://ada:{PASSWORD}@db/", "no database named"),
        (f"mongodb://ada:{PASSWORD}@db/?authSource=admin", "no database named"),
        (f"mongodb://ada:{PASSWORD}@db/a.b", "'a.b' is no name of a database"),
        (f"mongodb://ada:{PASSWORD}@db/a/b", "'a/b' is no name of a database"),
        (f"mongodb://ada:{PASSWORD}@db/{'a' * 64}", "is no name of a database"),
        (f"mongodb://ada:{PASSWORD}@/iotflow", "no host named"),
        ("mongodb:///iotflow", "no host named"),
        (f"mongodb://ada:{PASSWORD}@db,,db2/iotflow", "'' is no HOST or HOST:PORT"),
        (f"mongodb://ada:{PASSWORD}@db:port/iotflow", "'db:port' is no HOST or HOST:PORT"),
        (f"mongodb://ada:{PASSWORD}@db:0/iotflow", "'db:0' is no HOST or HOST:PORT"),
        (f"mongodb://ada:{PASSWORD}@db:65536/iotflow", "'db:65536' is no HOST or HOST:PORT"),
        (f"mongodb://ada:{PASSWORD}@::1/iotflow", "'::1' is no HOST or HOST:PORT"),
        (f"mongodb+srv://ada:{PASSWORD}@db:27017/iotflow", "takes one host without a port"),
        (f"mongodb+srv://ada:{PASSWORD}@db,db2/iotflow", "takes one host without a port"),
        (f"mongodb://:{PASSWORD}@db/iotflow", "no user name"),
        (f"mongodb://ada:a@{PASSWORD}@db/iotflow", "percent-encoded"),
        (f"mongodb://ada:a/{PASSWORD}@db/iotflow", "percent-encoded"),
        (f"mongodb://ada:a:{PASSWORD}@db/iotflow", "percent-encoded"),
        (f"mongodb://ada:{PASSWORD}?@db/iotflow", "percent-encoded"),
        (f"mongodb://ada:{PASSWORD}/?@db/iotflow", "percent-encoded"),
        (f"mongodb://ada:%{PASSWORD}@db/iotflow", "percent-encoded"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_mongo_url(url)
    message = str(refusal.value)
    assert problem in message
    assert "expected mongodb://USER:PASSWORD@HOST" in message
    assert PASSWORD not in message
    assert "\n" not in message
