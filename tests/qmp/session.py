"""A scripted session with a running guest, through QEMU's own library.

Usage: session.py SOCKET. Exits with 0 if every answer is as in QEMU or in vmm-demo/README.md.
"""

import asyncio
import sys

from qemu.qmp import EventListener, ExecuteError, QMPClient

DP = "SYSREG_ID_AA64ISAR0_EL1_DP"


def expansion(kind, props):
    return {"type": kind, "model": {"name": "host", "props": props}}


async def refused(client, error_class, text, command, arguments=None):
    """Checks that the command fails with this class and text."""
    try:
        answer = await client.execute(command, arguments)
    except ExecuteError as error:
        assert error.error_class == error_class, (command, str(error))
        assert text in str(error), (command, str(error))
    else:
        raise AssertionError(f"{command} returned {answer}")


async def event(listener, name):
    found = await asyncio.wait_for(listener.get(), 60)
    assert found["event"] == name, found
    return found.get("data")


async def queries(client):
    version = await client.execute("query-version")
    assert version["qemu"]["major"] >= 11, version
    commands = {command["name"] for command in await client.execute("query-commands")}
    assert {"stop", "cont", "quit", "query-cpus-fast"} <= commands, commands
    cpus = await client.execute("query-cpus-fast")
    assert [cpu["cpu-index"] for cpu in cpus] == [0, 1], cpus
    assert len({cpu["thread-id"] for cpu in cpus}) == 2, cpus
    assert all(cpu["target"] == "aarch64" for cpu in cpus), cpus
    definitions = await client.execute("query-cpu-definitions")
    assert [one["name"] for one in definitions[:2]] == ["host", "custom"], definitions
    safe = {one["name"] for one in definitions if one["migration-safe"]}
    assert "neoverse-n1-v1" in safe and "neoverse-n1" not in safe, definitions
    listed = await client.execute("device-list-properties", {"typename": "host-arm-cpu"})
    assert DP in {one["name"] for one in listed}


async def models(client):
    """Expands models, from the host's KVM while the guest runs."""
    for props, dp, sve in [({}, 1, True), ({DP: 0, "sve": False}, 0, False)]:
        answer = await client.execute("query-cpu-model-expansion", expansion("full", props))
        found = answer["model"]["props"]
        assert (found[DP], found["sve"]) == (dp, sve), found
    answer = await client.execute("query-cpu-model-expansion", expansion("static", {DP: 1}))
    assert answer["model"]["props"] == {DP: 1}, answer
    generic = "GenericError"
    for props, text in [
        ({DP: 2}, "above the host's value"),
        ({DP + "P": 0}, f"Parameter 'model.props.{DP}P' is unexpected"),
        ({"sve": 1}, "Invalid parameter type for 'model.props.sve', expected: boolean"),
    ]:
        arguments = expansion("full", props)
        await refused(client, generic, text, "query-cpu-model-expansion", arguments)
    await refused(client, "CommandNotFound", "has not been found", "no-such-command")
    typename = {"typename": "x"}
    await refused(client, "DeviceNotFound", "not found", "device-list-properties", typename)


async def named(client):
    """Expands every named model: KVM takes those without unavailable features, and no other."""
    usable = set()
    for one in await client.execute("query-cpu-definitions"):
        if one["name"] == "host" or not one["migration-safe"]:
            continue
        arguments = {"type": "full", "model": {"name": one["name"]}}
        if missing := one["unavailable-features"]:
            command = "query-cpu-model-expansion"
            await refused(client, "GenericError", missing[0], command, arguments)
        else:
            answer = await client.execute("query-cpu-model-expansion", arguments)
            assert answer["model"]["name"] == one["name"], answer
            assert len(answer["model"]["props"]) > 100, answer
            usable.add(one["name"])
    assert usable == {"armv8.4-v1", "armv9.0-v1"}, usable


async def pairs(client):
    """Compares two models of the host, and finds their common model, which KVM accepts."""
    lesser, other = {"name": "host", "props": {DP: 0}}, {"name": "host", "props": {"sve": False}}
    for a, b, result in [
        ({"name": "host"}, lesser, "superset"),
        (lesser, {"name": "host"}, "subset"),
        (lesser, lesser, "identical"),
        (lesser, other, "incompatible"),
    ]:
        answer = await client.execute("query-cpu-model-comparison", {"modela": a, "modelb": b})
        assert answer["result"] == result, answer
        assert (DP in answer["responsible-properties"]) == (a != b), answer
    arguments = {"modela": lesser, "modelb": other}
    answer = await client.execute("query-cpu-model-baseline", arguments)
    assert answer["model"] == {"name": "host", "props": {"sve": False, DP: 0}}, answer
    arguments["modelb"] = {"name": "host", "props": {DP: 2}}
    command = "query-cpu-model-baseline"
    await refused(client, "GenericError", "above the host's value", command, arguments)


async def control(client):
    """Changes the guest's state, and checks the events."""
    with client.listener({"STOP", "RESUME", "RESET"}) as listener:
        assert await client.execute("query-status") == {"running": True, "status": "running"}
        await client.execute("stop")
        await event(listener, "STOP")
        assert await client.execute("query-status") == {"running": False, "status": "paused"}
        await client.execute("stop")
        await client.execute("cont")
        await event(listener, "RESUME")
        await client.execute("system_reset")
        data = await event(listener, "RESET")
        assert data == {"guest": False, "reason": "host-qmp-system-reset"}, data
        assert listener.empty()
    await refused(client, "GenericError", "no power button", "system_powerdown")


async def main(path):
    client = QMPClient("session")
    await client.connect(path)
    await queries(client)
    await models(client)
    await named(client)
    await pairs(client)
    await control(client)
    listener = EventListener(names="SHUTDOWN")
    client.register_listener(listener)
    await client.execute("quit")
    data = await event(listener, "SHUTDOWN")
    assert data == {"guest": False, "reason": "host-qmp-quit"}, data
    try:
        await client.disconnect()
    except EOFError:
        pass  # The server closed the connection first.
    print("as it should be")


asyncio.run(main(sys.argv[1]))
