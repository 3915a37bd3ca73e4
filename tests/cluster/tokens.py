#!/usr/bin/env python3
"""A token server for the registry of the tests: https://distribution.github.io/distribution/spec/auth/token/

    tokens.py OWNER HOST PORT KEYS USER PASSWORD

USER may do what is asked for, `reader` may pull, everybody may pull from `public/…`. Tokens are good for a minute.
OWNER is the cluster's folder, by which `down` knows the process. Signs with openssl: Python's own library cannot.
"""

import base64
import http.server
import json
import ssl
import subprocess
import sys
import time
import urllib.parse
import uuid

_, _, HOST, PORT, KEYS, USER, PASSWORD = sys.argv
LIFETIME_SECONDS = 60


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(subject: str, audience: str, access: list) -> str:
    pem = open(f"{KEYS}/tokens.crt").read()
    certificate = "".join(pem.splitlines()[1:-1])
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
    claims = {
        "iss": "b2i-tokens", "sub": subject, "aud": audience, "jti": str(uuid.uuid4()), "access": access,
        "iat": now, "nbf": now - 10, "exp": now + LIFETIME_SECONDS,
    }
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", f"{KEYS}/tokens.key"], input=signed.encode(), capture_output=True, check=True
    ).stdout
    return f"{signed}.{encoded(signature)}"


def granted(user: str, scope: str) -> dict:
    kind, name, actions = scope.split(":")[0], ":".join(scope.split(":")[1:-1]), scope.split(":")[-1].split(",")
    may = {USER: actions, "reader": ["pull"]}.get(user, ["pull"] if name.startswith("public/") else [])
    return {"type": kind, "name": name, "actions": [action for action in actions if action in may]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path != "/token":
            return self.answer(200, {})
        authorization = self.headers.get("Authorization", "")
        login = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return self.token(login[0], login[2], urllib.parse.parse_qs(url.query))

    def do_POST(self):  # OAuth 2, which containerd tries first
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        form = urllib.parse.parse_qs(body.decode())
        first = {key: values[0] for key, values in form.items()}
        if first.get("grant_type") != "password":
            return self.answer(400, {"error": "unsupported_grant_type"})
        return self.token(first.get("username", ""), first.get("password", ""), form)

    def token(self, user: str, password: str, asked: dict):
        if user and (user not in (USER, "reader") or password != PASSWORD):
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "no such user or password"}]})
        scopes = [scope for text in asked.get("scope", []) for scope in text.split(" ")]
        access = [granted(user, scope) for scope in scopes]
        text = token(user, asked.get("service", [""])[0], access)
        return self.answer(200, {"token": text, "access_token": text, "expires_in": LIFETIME_SECONDS})

    def answer(self, status: int, body: dict):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):  # its lines would hold nothing that the tests look for
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{KEYS}/server.crt", f"{KEYS}/server.key")
server = Server((HOST, int(PORT)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
