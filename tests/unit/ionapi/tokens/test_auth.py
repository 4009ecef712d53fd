"""IonApiAuth on httpx2 clients and on others of the same make."""

from __future__ import annotations

import asyncio
import threading
import types
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from ionport.ionapi import (
    AddressRefused,
    AsyncIonApiClient,
    CredentialFileError,
    InvalidGrant,
    IonApiAuth,
    IonApiClient,
    IonApiFile,
    MemoryTokenStore,
    ServiceError,
    build_client,
)
from tests.support.patience import PATIENCE
from tests.unit.ionapi.loopback import TENANT, Loopback, Reply, SmallInfor, credentials

PING = f"/{TENANT}/IONSERVICES/api/ion/messaging/service/ping"


def test_an_httpx2_client_signs_its_calls(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    with httpx2.Client(auth=IonApiAuth(file)) as client:
        assert client.get(server.url + PING).status_code == 200
        assert client.get(server.url + PING).status_code == 200
    assert infor.logins == 1
    assert server.received[-1].headers["authorization"] == "Bearer access-0001"


def test_an_asyncio_httpx2_client_signs_its_calls(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    async def scenario() -> list[int]:
        async with httpx2.AsyncClient(auth=IonApiAuth(file)) as client:
            answers = await asyncio.gather(*(client.get(server.url + PING) for _ in range(8)))
            infor.live.clear()
            answers.append(await client.get(server.url + PING))
            return [answer.status_code for answer in answers]

    assert asyncio.run(scenario()) == [200] * 9
    assert (infor.logins, infor.refreshes) == (1, 1)


def test_a_refused_token_is_renewed_once_and_the_body_sent_again(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    with httpx2.Client(auth=IonApiAuth(file)) as client:
        client.get(server.url + PING)
        infor.live.clear()

        def chunks() -> Iterator[bytes]:
            yield b"half "
            yield b"and half"

        answer = client.post(server.url + PING, content=chunks())
    assert answer.status_code == 200
    posts = [request for request in server.received if request.path == PING][1:]
    assert [request.body for request in posts] == [b"half and half"] * 2


def test_an_asyncio_stream_is_sent_again_as_well(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"whole"

    async def scenario() -> int:
        async with httpx2.AsyncClient(auth=IonApiAuth(file)) as client:
            await client.get(server.url + PING)
            infor.live.clear()
            return (await client.post(server.url + PING, content=chunks())).status_code

    assert asyncio.run(scenario()) == 200


def test_a_second_401_is_the_answer(infor: SmallInfor, server: Loopback, file: IonApiFile) -> None:
    infor.idm_reply = Reply.json({}, 401)
    with httpx2.Client(auth=IonApiAuth(file)) as client:
        answer = client.get(f"{server.url}/{TENANT}/IDM/api/items/x")
    assert answer.status_code == 401
    assert len(server.received) == 4  # login, call, refresh, call
    with IonApiClient(file) as client2, pytest.raises(ServiceError) as caught:
        client2.idm.get_item("x")
    assert (caught.value.status, caught.value.transient) == (401, False)


def test_the_token_goes_to_no_other_host(server: Loopback, file: IonApiFile) -> None:
    with Loopback(lambda _: Reply()) as elsewhere, httpx2.Client(auth=IonApiAuth(file)) as client:
        with pytest.raises(AddressRefused, match="goes nowhere else"):
            client.get(elsewhere.url)
        assert elsewhere.received == []
    assert server.received == []


def test_a_refused_sign_on_comes_out_of_the_client(infor: SmallInfor, file: IonApiFile) -> None:
    infor.token_reply = Reply.json({"error": "invalid_grant"}, 400)
    with httpx2.Client(auth=IonApiAuth(file)) as client, pytest.raises(InvalidGrant):
        client.get(file.api_url)


def test_a_sign_on_that_failed_frees_the_way_for_the_next_attempt(
    server: Loopback, infor: SmallInfor, file: IonApiFile
) -> None:
    """httpx2 does not tell the flow that sending failed: the request must end all the same."""
    auth = IonApiAuth(file)
    given_up = threading.Event()
    infor.before_token = lambda: given_up.wait(PATIENCE)
    timeout = httpx2.Timeout(PATIENCE, read=0.1)
    with httpx2.Client(auth=auth, timeout=timeout) as client, pytest.raises(httpx2.ReadTimeout):
        client.get(server.url + PING)
    infor.before_token = lambda: None
    given_up.set()
    with httpx2.Client(auth=auth) as client:
        assert client.get(server.url + PING).status_code == 200


def test_the_bounded_transport_serves_signed_clients(server: Loopback, file: IonApiFile) -> None:
    with build_client() as client:
        client.auth = IonApiAuth(file, store=MemoryTokenStore())
        assert client.get(server.url + PING).status_code == 200


def test_another_httpx_gets_a_class_on_its_own_base(server: Loopback, file: IonApiFile) -> None:
    class Auth:
        """Stands where httpx's base class stands: clients ask for an instance of it."""

    kind = IonApiAuth.for_module(types.SimpleNamespace(Auth=Auth))  # type: ignore[arg-type]
    auth = kind(file)
    assert isinstance(auth, Auth)
    assert isinstance(auth, IonApiAuth)
    request = httpx2.Request("GET", server.url + PING)
    flow = auth.sync_auth_flow(request)
    login = next(flow)
    assert type(login) is type(request)
    assert str(login.url) == file.token_url
    flow.close()


def test_a_bad_file_is_refused_at_once() -> None:
    with pytest.raises(CredentialFileError):
        IonApiAuth(credentials("https://infor.example", ot="//evil.test/x"))


def test_one_client_serves_threads_and_another_asyncio_with_the_same_names(
    file: IonApiFile,
) -> None:
    public = {name for name in dir(IonApiClient) if not name.startswith("_")}
    of_asyncio = {name for name in dir(AsyncIonApiClient) if not name.startswith("_")}
    assert public == of_asyncio | {"guarded_by"}


def test_any_api_of_the_tenant_is_called_with_a_token_by_both_clients(
    server: Loopback, file: IonApiFile
) -> None:
    async def ask() -> int:
        async with AsyncIonApiClient(file) as client:
            return (await client.request("GET", "Some/api", query="a=1")).status

    with IonApiClient(file) as client:
        assert client.request("GET", "/Some/api", query="a=1").status == asyncio.run(ask()) == 404
    calls = [each for each in server.received if "token" not in each.path]
    assert [(each.path, each.query) for each in calls] == [("/ACME_TST/Some/api", {"a": "1"})] * 2
    assert all(each.headers["authorization"].startswith("Bearer ") for each in calls)


@pytest.mark.parametrize(
    "url", ["{gateway}\\@evil.test/x", "{gateway}@evil.test/x", "{gateway}:80:80/", "http://[::1/x"]
)
def test_an_address_that_could_be_read_in_two_ways_gets_no_token(
    server: Loopback, file: IonApiFile, url: str
) -> None:
    with IonApiClient(file) as client, pytest.raises(AddressRefused):
        client.idm.download(url.format(gateway=server.url))
    assert server.received == []
