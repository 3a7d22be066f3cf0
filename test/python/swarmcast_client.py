#!/usr/bin/env python3
"""A Swarmcast client written from PROTOCOL.md alone, with nothing but Python's standard library.

    swarmcast_client.py ws://127.0.0.1:8080/ws [--mode normal] [--heartbeats 1]
        connects, and prints one JSON line with all that it holds at each heartbeat, until it printed that many
    swarmcast_client.py --vectors vectors.json
        checks itself against the protocol's test vectors
"""
import argparse
import base64
import hashlib
import json
import os
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


# WebSocket (RFC 6455)


class WebSocket:
    """A client's end: handshake, masked frames out, whole messages in."""

    def __init__(self, url, subprotocol, timeout):
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
        self.sock = socket.create_connection((host, port), timeout)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {subprotocol}",
        ]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *headers = head.decode("latin-1").split("\r\n")
        if status.split(" ")[1] != "101":
            raise ConnectionError(status)
        fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in headers)}
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if fields.get("sec-websocket-accept") != accept:
            raise ConnectionError("the handshake was not answered by a WebSocket server")
        if fields.get("sec-websocket-protocol") != subprotocol:
            raise ConnectionError("the gateway speaks no " + subprotocol)

    def send_text(self, text):
        self._send(1, text.encode())

    def receive(self):
        """The next message: str for text, bytes for binary. Answers pings on the way."""
        whole, kind = b"", None
        while True:
            final, opcode, payload = self._frame()
            if opcode == 9:
                self._send(10, payload)
            elif opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise ConnectionError(f"closed by the gateway: {code} {payload[2:].decode('utf-8', 'replace')}")
            elif opcode in (0, 1, 2):
                kind = opcode or kind
                whole += payload
                if final:
                    return whole.decode() if kind == 1 else whole

    def close(self):
        self._send(8, struct.pack(">H", 1000))
        self.sock.close()

    def _frame(self):
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return bool(first & 0x80), first & 0x0F, self._take(length)

    def _take(self, count):
        while len(self.buffer) < count:
            self._fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _fill(self):
        more = self.sock.recv(65536)
        if not more:
            raise ConnectionError("the connection ended")
        self.buffer += more

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
        else:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.sock.sendall(head + mask + masked)


# State hash (PROTOCOL.md, section 8)


def canonical(value):
    """RFC 8785."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"


def number(value):
    """As ECMAScript writes it: every number is a double, in its shortest form."""
    value = float(value)
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = point - 1
    tail = "e" + ("+" if power > 0 else "-") + str(abs(power))
    return sign + (digits if count == 1 else digits[0] + "." + digits[1:]) + tail


M32 = 0xFFFFFFFF


def rotl(value, by):
    return ((value << by) | (value >> (32 - by))) & M32


def murmur3(data, seed):
    h = seed
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        (k,) = struct.unpack_from("<I", data, at)
        h ^= rotl(k * 0xCC9E2D51 & M32, 15) * 0x1B873593 & M32
        h = (rotl(h, 13) * 5 + 0xE6546B64) & M32
    if len(data) > whole:
        k = int.from_bytes(data[whole:], "little")
        h ^= rotl(k * 0xCC9E2D51 & M32, 15) * 0x1B873593 & M32
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & M32
    h = (h ^ h >> 13) * 0xC2B2AE35 & M32
    return h ^ h >> 16


UNHASHED = {
    "agent": ("ref", "slot", "stale_since_ms"),
    "link": ("ref",),
    "task": ("ref",),
    "swarm": ("ref", "slots_rev"),
}


def hash_input(kind, record):
    fields = {name: value for name, value in record.items() if value is not None and name not in UNHASHED[kind]}
    return canonical([kind, record["ref"], fields])


def lanes(kind, record):
    data = hash_input(kind, record).encode()
    return murmur3(data, 0x53776172), murmur3(data, 0x6D636173)


def state_hash(entities):
    """`entities`: pairs of kind and record."""
    high = low = 0
    for kind, record in entities:
        one, other = lanes(kind, record)
        high ^= one
        low ^= other
    return f"{high:08x}{low:08x}"


# Positions (section 9)


def decode_frame(data):
    magic, kind, count, tick, time_ms = struct.unpack_from("<BBHId", data)
    if magic != 1 or kind not in (1, 2):
        raise ValueError("not a frame")
    sections, at = [], 16
    for _ in range(count):
        swarm, records, flags, block, rev, _reserved, *origin, scale = struct.unpack_from("<IHBBHH4f", data, at)
        at += 28
        agents = []
        for _ in range(records):
            if kind == 1:
                slot, *steps = struct.unpack_from("<H3h", data, at)
                slot += block * 65536
                position = [start + scale * step for start, step in zip(origin, steps)]
                at += 8
            else:
                slot, *position = struct.unpack_from("<I3f", data, at)
                at += 16
            agents.append({"slot": slot, "position": position})
        sections.append(
            {
                "swarm": swarm,
                "full": bool(flags & 1),
                "settled": bool(flags & 2),
                "slots_rev": rev,
                "agents": agents,
            }
        )
    if at != len(data):
        raise ValueError("trailing bytes")
    return {"kind": "q16" if kind == 1 else "f32", "tick": tick, "time_ms": time_ms, "sections": sections}


def decode_raw28(data):
    agents = []
    for at in range(0, len(data), 28):
        ref, *floats = struct.unpack_from("<I6f", data, at)
        agents.append({"ref": ref, "position": floats[:3], "velocity": floats[3:]})
    return agents


# State (section 7)


class View:
    def __init__(self):
        self.servers, self.swarms, self.agents, self.links, self.tasks = {}, {}, {}, {}, {}
        self.positions = {}
        self.cursor = ""
        self.staged = None

    def apply(self, message):
        apply = getattr(self, "on_" + message["type"], None)
        if apply is not None:
            apply(message["payload"])
        self.cursor = message.get("cursor", self.cursor)

    def on_welcome(self, welcome):
        self.cursor = welcome["cursor"]

    def on_discovery(self, discovery):
        if discovery["full"]:
            self.servers.clear()
            listed = {swarm["ref"] for swarm in discovery["swarms"]}
            for ref in [ref for ref in self.swarms if ref not in listed]:
                del self.swarms[ref]
        put(self.servers, discovery["servers"])
        put(self.swarms, discovery["swarms"])
        drop(self.servers, discovery["removed_servers"])
        drop(self.swarms, discovery["removed_swarms"])

    def on_snapshot(self, part):
        if self.staged is None or self.staged[0] != part["snapshot_id"]:
            self.staged = (part["snapshot_id"], {}, {}, {})
        _, agents, links, tasks = self.staged
        put(agents, part["agents"])
        put(links, part["links"])
        put(tasks, part["tasks"])
        if part["last"]:
            self.agents, self.links, self.tasks = agents, links, tasks
            self.staged = None

    def on_agent_update(self, update):
        put(self.agents, update["added"])
        for patch in update["updated"]:
            self.patch(patch["ref"], patch)
        for ref in update["removed"]:
            self.agents.pop(ref, None)
            self.positions.pop(ref, None)
            for link in [link for link in self.links.values() if ref in (link["from"], link["to"])]:
                del self.links[link["ref"]]

    def on_topology_update(self, update):
        put(self.links, update["linked"])
        drop(self.links, update["unlinked"])
        if update.get("topology") is not None and update["swarm"] in self.swarms:
            self.swarms[update["swarm"]]["topology"] = update["topology"]

    def on_task_update(self, update):
        put(self.tasks, update["tasks"])
        drop(self.tasks, update["removed"])

    def on_performance_update(self, update):
        for agent in update["agents"]:
            self.patch(agent["ref"], {"performance": agent["performance"]})

    def on_neural_update(self, update):
        for agent in update["agents"]:
            self.patch(agent["ref"], {"neural": agent["neural"]})

    def on_health_update(self, update):
        server = self.servers.get(update["server"])
        if server is not None:
            server["health"] = {name: update[name] for name in ("state", "reason", "since_ms", "evidence")}

    def patch(self, ref, fields):
        agent = self.agents.get(ref)
        if agent is None:
            return
        for name, value in fields.items():
            if value is None:
                agent.pop(name, None)
            else:
                agent[name] = value

    def apply_frame(self, data):
        frame = decode_frame(data)
        slots = {(agent["swarm"], agent["slot"]): ref for ref, agent in self.agents.items()}
        for section in frame["sections"]:
            swarm = self.swarms.get(section["swarm"])
            if swarm is None or swarm["slots_rev"] != section["slots_rev"]:
                continue
            for agent in section["agents"]:
                ref = slots.get((section["swarm"], agent["slot"]))
                if ref is not None:
                    self.positions[ref] = (frame["tick"], agent["position"])
        return frame["tick"]

    def hash(self):
        kinds = (("swarm", self.swarms), ("agent", self.agents), ("link", self.links), ("task", self.tasks))
        return state_hash((kind, record) for kind, records in kinds for record in records.values())

    def report(self, heartbeat):
        keys = {ref: agent["key"] for ref, agent in self.agents.items()}
        return {
            "agents": {agent["key"]: agent for agent in self.agents.values()},
            "links": self.links,
            "tasks": self.tasks,
            "swarms": self.swarms,
            "state_hash": self.hash(),
            "gateway_hash": heartbeat["state_hash"],
            "cursor": heartbeat["cursor"],
            "positions": {keys[ref]: place for ref, (_, place) in self.positions.items() if ref in keys},
            "position_ticks": {keys[ref]: tick for ref, (tick, _) in self.positions.items() if ref in keys},
        }


def put(held, records):
    for record in records:
        held[record["ref"]] = {name: value for name, value in record.items() if value is not None}


def drop(held, refs):
    for ref in refs:
        held.pop(ref, None)


def watch(url, mode, heartbeats):
    ws = WebSocket(url, "swarmcast.v1.json", 30)
    ws.send_text(json.dumps({"type": "hello", "id": 1, "payload": {"positions": "q16", "mode": mode}}))
    view = View()
    acknowledged = time.monotonic()
    while heartbeats > 0:
        message = ws.receive()
        if isinstance(message, bytes):
            tick = view.apply_frame(message)
            if time.monotonic() - acknowledged >= 0.5:
                acknowledged = time.monotonic()
                ws.send_text(json.dumps({"type": "ack", "payload": {"tick": tick}}))
            continue
        message = json.loads(message)
        if message["type"] == "error":
            raise ConnectionError(f"{message['payload']['code']}: {message['payload']['message']}")
        view.apply(message)
        if message["type"] == "heartbeat":
            print(json.dumps(view.report(message["payload"])), flush=True)
            heartbeats -= 1
    ws.close()


def check_vectors(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    checked = 0

    def expect(what, found, wanted):
        nonlocal checked
        checked += 1
        if found != wanted:
            raise SystemExit(f"{what}: {found!r}, not {wanted!r}")

    for vector in vectors["murmur3"]:
        expect("murmur3", f"{murmur3(vector['text'].encode(), vector['seed']):08x}", vector["hash"])
    for vector in vectors["canonical_json"]:
        expect("canonical JSON", canonical(vector["value"]), vector["canonical"])
    entities = vectors["state_hash"]["entities"]
    for vector in entities:
        expect("hash input", hash_input(vector["kind"], vector["record"]), vector["input"])
        high, low = lanes(vector["kind"], vector["record"])
        expect("lanes", [f"{high:08x}", f"{low:08x}"], [vector["high"], vector["low"]])
    expect("view hash", state_hash((v["kind"], v["record"]) for v in entities), vectors["state_hash"]["view"])
    expect("empty view", state_hash([]), vectors["state_hash"]["empty"])
    for vector in vectors["frames"]:
        wanted = {name: vector[name] for name in ("kind", "tick", "time_ms", "sections")}
        expect(vector["note"], decode_frame(bytes.fromhex(vector["hex"])), wanted)
    for vector in vectors["raw28"]:
        expect("raw28", decode_raw28(bytes.fromhex(vector["hex"])), vector["agents"])
    for vector in vectors["link_decay"]:
        age = (vector["at_ms"] - vector["now_ms"]) / vector["half_life_ms"]
        expect("decay", round(vector["weight"] * 2**age, 12), round(vector["value"], 12))
    print(json.dumps({"checked": checked}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="ws://127.0.0.1:8080/ws")
    parser.add_argument("--mode", default="normal")
    parser.add_argument("--heartbeats", type=int, default=1)
    parser.add_argument("--vectors")
    options = parser.parse_args()
    if options.vectors:
        check_vectors(options.vectors)
        return
    try:
        watch(options.url, options.mode, options.heartbeats)
    except (ConnectionError, OSError) as error:
        sys.exit(f"swarmcast_client: {error}")


if __name__ == "__main__":
    main()
