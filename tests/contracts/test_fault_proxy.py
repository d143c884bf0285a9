"""The fault proxy does what it says, for tests of recovery are worth no more than their faults."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab.fault_proxy import FaultProxy
from tests.lab.waiting import eventually


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says everything back; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(4096):
                    client.sendall(data)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(("127.0.0.1", echo)) as made:
        yield made


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), 2) as made:
        assert said(made, b"hello") == b"hello"
        yield made


def said(client: socket.socket, what: bytes) -> bytes:
    client.sendall(what)
    return client.recv(4096)


def test_it_refuses_new_connections_and_heals(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), 2)
    assert said(client, b"still") == b"still"
    proxy.heal()
    with socket.create_connection(("127.0.0.1", proxy.port), 2) as again:
        assert said(again, b"again") == b"again"


def test_it_resets_what_is_open(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        said(client, b"x")
    assert eventually(lambda: proxy.connections == 0)


def test_a_black_hole_takes_and_gives_nothing_until_it_heals(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.black_hole()
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        said(client, b"x")
    proxy.heal()
    assert client.recv(10) == b"x"


def test_it_delays(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.delay(0.1)
    begun = time.monotonic()
    assert said(client, b"late") == b"late"
    assert time.monotonic() - begun >= 0.2


def test_it_cuts_after_so_many_bytes(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.cut_after(3, server=True)
    assert said(client, b"abcdef")[:3] == b"abc"
    with pytest.raises(ConnectionResetError):
        client.recv(10)


def test_it_loses_the_answer_to_what_reached_the_server(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.lose_answer(b"COMMIT")
    assert said(client, b"SELECT") == b"SELECT"
    with pytest.raises(ConnectionResetError):
        said(client, b"COMMIT")
