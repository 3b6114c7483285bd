"""The stack's own rules: ports, components that fail, what a killed run leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from workbench.provision.commands import SetupError, undisturbed
from workbench.stack import demo_database, leftovers, ports
from workbench.stack.component import Component, ComponentFailed, started_at
from workbench.stack.odoo_server import on_socket
from workbench.stack.supervisor import Supervisor

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
#: Starts a child in its group, ignores the request to end, says that it is ready.
STUBBORN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""


def component(tmp_path, argv=SLEEPER, probe=lambda: True, **options):
    return Component("Thing", argv, tmp_path / "log", probe, **options)


def test_taken_port_is_passed_over():
    with socket.create_server((ports.HOST, 0)) as server:
        taken = ports.number_of(server)
        held = ports.hold({"A": taken, "B": taken}, {})
        numbers = {ports.number_of(each) for each in held.values()}
        assert len(numbers) == 2 and taken not in numbers
        for each in held.values():
            each.close()


def test_port_is_held_until_the_server_has_it(tmp_path):
    """Who connects before the server listens reaches it all the same."""
    (held,) = ports.hold({"A": ports.any_free_port()}, {}).values()
    number = ports.number_of(held)
    early = socket.create_connection((ports.HOST, number))
    with pytest.raises(OSError):
        socket.create_server((ports.HOST, number))
    script = (
        "import socket, sys\n"
        "server = socket.socket(fileno=int(sys.argv[1]))\n"
        "while True: server.accept()[0].sendall(b'mine')"
    )
    answered = []
    thing = component(
        tmp_path,
        [sys.executable, "-c", script, held.fileno()],
        lambda: answered.append(early.recv(4)) or True,
        sockets=[held],
    )
    thing.start()
    thing.wait_ready()
    assert answered == [b"mine"]
    thing.stop()
    early.close()
    with socket.create_server((ports.HOST, number)):
        pass  # Free again.


def test_given_port_that_is_taken_is_told():
    with socket.create_server((ports.HOST, 0)) as server:
        given = str(ports.number_of(server))
        with pytest.raises(SetupError, match=f"A={given}: another program"):
            ports.hold({"A": 8069}, {"A": given})


def test_odoo_serves_on_a_socket_that_is_handed_over():
    """As it takes one over from systemd."""
    script = (
        "import os, socket; assert os.environ['LISTEN_PID'] == str(os.getpid());"
        "print(socket.socket(fileno=3).getsockname()[1], os.environ['LISTEN_FDS'])"
    )
    with socket.create_server((ports.HOST, 0)) as server:
        command = on_socket(server, [sys.executable, "-c", script])
        done = subprocess.run(
            command, pass_fds=[server.fileno()], capture_output=True, text=True
        )
        assert done.stdout.split() == [str(ports.number_of(server)), "1"], done.stderr


def test_signal_waits_until_a_process_is_noted():
    noted = []
    with pytest.raises(KeyboardInterrupt):
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            noted.append("noted")
    assert noted == ["noted"]


def test_component_that_ends_tells_the_end_of_its_log(tmp_path):
    script = "print('the reason'); raise SystemExit(3)"
    thing = component(tmp_path, [sys.executable, "-c", script], lambda: False)
    thing.start()
    with pytest.raises(ComponentFailed, match="exit code 3(.|\n)*the reason"):
        thing.wait_ready()


def test_component_that_never_gets_ready_is_given_up(tmp_path):
    thing = component(tmp_path, probe=lambda: False, deadline=0)
    thing.start()
    try:
        with pytest.raises(ComponentFailed, match="not ready after 0 s"):
            thing.wait_ready()
    finally:
        thing.stop()
    assert started_at(thing.process.pid) is None


def test_stubborn_component_is_ended_with_its_children(tmp_path):
    log = tmp_path / "log"
    thing = component(
        tmp_path,
        [sys.executable, "-c", STUBBORN],
        lambda: log.read_text().strip(),
        patience=0,
    )
    thing.start()
    thing.wait_ready()
    child = int(log.read_text())
    thing.stop()
    assert started_at(thing.process.pid) is None
    # The child is not ours to wait for; a killed process may take a moment to go.
    while started_at(child) is not None:
        time.sleep(0.01)


def test_supervisor_notes_watches_and_stops(tmp_path):
    supervisor = Supervisor(tmp_path / "stack.json")
    first, second = component(tmp_path), component(tmp_path)
    supervisor.start(first, second)
    supervisor.note({"odoo_url": "http://x"})
    noted = json.loads((tmp_path / "stack.json").read_text())
    assert noted["supervisor"]["pid"] == os.getpid()
    pids = [record["pid"] for record in noted["components"]]
    assert pids == [first.process.pid, second.process.pid]
    os.kill(first.process.pid, signal.SIGKILL)
    with pytest.raises(ComponentFailed, match="Thing ended"):
        supervisor.watch()
    supervisor.stop()
    assert started_at(second.process.pid) is None
    assert not (tmp_path / "stack.json").exists()


def test_what_a_killed_run_left_is_stopped(tmp_path):
    process = subprocess.Popen(SLEEPER, start_new_session=True)
    record = {"name": "Thing", "pid": process.pid, "started": started_at(process.pid)}
    gone = {"name": "supervisor", "pid": process.pid, "started": 1}
    path = tmp_path / "stack.json"
    path.write_text(json.dumps({"supervisor": gone, "components": [record]}))
    leftovers.stop_stack(path)
    assert process.wait(60) == -signal.SIGTERM
    assert not path.exists()


def test_process_with_a_reused_number_is_left_alone():
    record = {"name": "other", "pid": os.getpid(), "started": 1}
    assert not leftovers.stop_recorded(record)


def test_socket_folder_is_short_enough(tmp_path):
    near = tmp_path / "demo" / "postgres"
    assert leftovers.socket_folder(near) == tmp_path / "demo" / "socket"
    deep = tmp_path / ("x" * 100) / "postgres"
    assert len(os.fsencode(leftovers.socket_folder(deep))) <= leftovers.LONGEST_FOLDER


def test_addon_fingerprint_follows_the_addon_only(tmp_path):
    for folder in ("models", "dev", ".dev", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "__manifest__.py").write_text("{}")
    first = demo_database.addon_fingerprint(tmp_path)
    for outside in ("dev/a.py", ".dev/a.py", "tests/a.py", "README.md"):
        (tmp_path / outside).write_text("x")
    assert demo_database.addon_fingerprint(tmp_path) == first
    (tmp_path / "models" / "a.py").write_text("x")
    assert demo_database.addon_fingerprint(tmp_path) != first
