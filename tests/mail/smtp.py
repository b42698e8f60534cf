"""A mail server (SMTP) on 127.0.0.1 for tests: stores what it receives, and misbehaves where it is told to.

    python smtp.py FOLDER [--tls starttls|wrapped --certificate FILE --key FILE] [--user U --password P --token T]
                   [--do STEP:WHAT]...

Prints its port on a line of its own, then serves until its standard input ends. A message is stored as FOLDER/0001.json and
FOLDER/0001.eml, in this order of arrival, before its receipt is confirmed. STEP is rcpt, data or login; WHAT is a reply such
as "451 try later", or hang, or close; data:keep-hang stores the message and then never answers. A WHAT that begins with
"once " holds for the first time alone.
"""

import argparse
import asyncio
import base64
import json
import logging
import pathlib
import ssl
import sys
import time
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    def __init__(self, options):
        self.options = options
        self.does = {}
        for given in options.do:
            step, _, what = given.partition(":")
            self.does.setdefault(step, []).append(what)

    def misbehaviour(self, step):
        for what in self.does.get(step, []):
            if what.startswith("once "):
                self.does[step].remove(what)
                return what.removeprefix("once ")
            return what
        return None

    async def act(self, server, what):
        if what == "hang":
            await asyncio.sleep(3600)
        if what == "close":
            server.transport.abort()
            await asyncio.sleep(3600)
        return what

    async def handle_RCPT(self, server, session, envelope, address, options):
        what = self.misbehaviour("rcpt")
        if what is not None:
            return await self.act(server, what)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        what = self.misbehaviour("data")
        if what is not None and what != "keep-hang":
            return await self.act(server, what)
        folder = pathlib.Path(self.options.folder)
        number = 1 + sum(1 for _ in folder.glob("*.eml"))
        about = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "at": int(time.time() * 1000), "tls": server.transport.get_extra_info("ssl_object") is not None}
        (folder / f"{number:04}.json").write_text(json.dumps(about))
        making = folder / f"{number:04}.new"
        making.write_bytes(envelope.original_content)
        making.rename(folder / f"{number:04}.eml")
        if what == "keep-hang":
            await self.act(server, "hang")
        return f"250 OK stored as {number}"

    async def auth_XOAUTH2(self, server, args):
        given = base64.b64decode(args[1]) if len(args) == 2 else b""
        wanted = f"user={self.options.user}\x01auth=Bearer {self.options.token}\x01\x01".encode()
        if self.options.token and given == wanted:
            return AuthResult(success=True)
        # What was wrong is said in a challenge, to which the other side has nothing to say.
        await server.push("334 " + base64.b64encode(b'{"status":"401"}').decode())
        await server._reader.readline()
        return AuthResult(success=False, handled=False)


def serve():
    # It does odd things because it is told to; nobody needs to hear of that.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--tls", choices=["none", "starttls", "wrapped"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--token")
    parser.add_argument("--do", action="append", default=[])
    options = parser.parse_args()
    handler = Handler(options)

    def authenticate(server, session, envelope, mechanism, data):
        what = handler.misbehaviour("login")
        good = (
            what is None
            and isinstance(data, LoginPassword)
            and data.login == (options.user or "").encode()
            and data.password == (options.password or "").encode()
        )
        if good:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=what or "535 5.7.8 Authentication credentials invalid")

    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)

    def factory():
        return SMTP(
            handler,
            hostname="mail.example",
            ident="test",
            enable_SMTPUTF8=True,
            tls_context=context if options.tls == "starttls" else None,
            require_starttls=options.tls == "starttls",
            auth_required=options.user is not None,
            auth_require_tls=options.tls == "starttls",
            authenticator=authenticate,
        )

    async def run():
        loop = asyncio.get_running_loop()
        wrapped = context if options.tls == "wrapped" else None
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=wrapped)
        print(server.sockets[0].getsockname()[1], flush=True)
        # Whoever started it has gone when this ends.
        await loop.run_in_executor(None, sys.stdin.read)
        server.close()

    asyncio.run(run())


if __name__ == "__main__":
    serve()
