"""The transaction layer: which transaction a message belongs to, what is to be sent, and when something is due.

Responses find their transaction by the branch of the top Via and the method of CSeq (RFC 3261, 17.1.3); requests by
branch, sent-by and method, an ACK going to its INVITE (17.2.3). A branch without the magic cookie comes from a peer of
RFC 2543, whose transactions are told apart by the fields that it never changes.
"""

from collections.abc import Callable
from typing import Protocol

from smsc_emulator.sip.calls import Peer
from smsc_emulator.sip.fields import bracketed, stamped
from smsc_emulator.sip.messages import Message, Request, Response
from smsc_emulator.sip.timers import Schedule, Timers
from smsc_emulator.sip.transactions import Action, Input, Kind, State, Transaction

COOKIE = "z9hG4bK"
"""What a branch begins with since RFC 3261 (8.1.1.7)."""

Key = tuple[str, ...]


class Due(Protocol):
    """What does something at a time."""

    def handle_deadline(self) -> None:
        """Do it."""


class ClientUser(Protocol):
    """Who has sent a request."""

    def on_response(self, transaction: "ClientTransaction", response: Response) -> None:
        """Take a response. 100 is told too, and each 2xx to an INVITE as often as it comes."""

    def on_failure(self, transaction: "ClientTransaction", status: int) -> None:
        """Take note that there will be no response: 408 if none came in time, 503 if the peer cannot be reached."""


class ClientTransaction(Transaction):
    """A transaction with the request that began it."""

    __slots__ = ("request", "user")

    def __init__(self, kind: Kind, key: Key, peer: Peer, timers: Timers, now: float) -> None:
        super().__init__(kind, key, peer, timers, now)
        self.request: Request
        self.user: ClientUser


class ServerTransaction(Transaction):
    """A transaction with the request that began it; `peer` is where its responses go."""

    __slots__ = ("merge_key", "request", "source")

    def __init__(self, kind: Kind, key: Key, peer: Peer, timers: Timers, now: float) -> None:
        super().__init__(kind, key, peer, timers, now)
        self.request: Request
        self.source = peer
        self.merge_key: Key | None = None


class Transactions:
    """All transactions of one user agent."""

    def __init__(self, local: Peer, token: Callable[[int], str], timers: Timers) -> None:
        self.local = local
        self.token = token
        self.timers = timers
        self.now = 0.0
        self.schedule: Schedule[Transaction | Due] = Schedule()
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._merge: dict[Key, Key] = {}
        self._out: list[tuple[Peer, bytes]] = []

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    # Sending.

    def data_to_send(self) -> list[tuple[Peer, bytes]]:
        """Return what is to be sent since the last call, and to whom."""
        out, self._out = self._out, []
        return out

    def send(self, peer: Peer, data: bytes) -> None:
        """Send something outside of transactions, such as the ACK of a 2xx."""
        self._out.append((peer, data))

    def branch(self) -> str:
        """Return a new branch."""
        return COOKIE + self.token(16)

    def via(self, peer: Peer, branch: str | None = None) -> str:
        """Return our Via for a request to `peer`, with a new branch if none is given."""
        sent_by = f"{bracketed(self.local.host)}:{self.local.port}"
        return f"SIP/2.0/{peer.transport.upper()} {sent_by};branch={branch or self.branch()};rport"

    def request(self, request: Request, peer: Peer, user: ClientUser) -> ClientTransaction:
        """Begin a transaction with a request that has its Via, and send it."""
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.CLIENT
        key = (request.via.branch, request.method)
        transaction = self._clients[key] = ClientTransaction(kind, key, peer, self.timers, self.now)
        transaction.request, transaction.user = request, user
        transaction.sent = bytes(request)
        self.send(peer, transaction.sent)
        self._plan(transaction)
        return transaction

    def resume(self, invite: Request, peer: Peer, user: ClientUser) -> ClientTransaction:
        """Take up an INVITE that was sent before: nothing is sent, and its responses are taken."""
        transaction = self.request(invite, peer, user)
        self._out.pop()
        transaction.take(Input.PROVISIONAL, self.now)
        self._plan(transaction)
        return transaction

    def reply(self, transaction: ServerTransaction, response: Response) -> None:
        """Send a response."""
        happened = _input_of(response.status)
        data = bytes(response)
        for action in transaction.take(happened, self.now):
            if action is Action.SEND:
                transaction.sent = data
                self.send(transaction.peer, data)
        self._plan(transaction)

    def forget(self, transaction: ClientTransaction) -> None:
        """Take note of nothing more that belongs to a transaction (RFC 3261, 9.1, last paragraph)."""
        self._clients.pop(transaction.key, None)
        self.schedule.set(transaction, None)

    # Receiving.

    def take_response(self, response: Response) -> None:
        """Give a response to the request it answers; one that answers nothing is dropped."""
        transaction = self._clients.get((response.via.branch, response.cseq.method))
        if transaction is None or transaction.request.call_id != response.call_id or len(response.vias) > 1:
            return
        for action in transaction.take(_input_of(response.status), self.now):
            if action is Action.ACKNOWLEDGE:
                self.send(transaction.peer, bytes(acknowledgement(transaction.request, response)))
            elif action is Action.TELL:
                transaction.user.on_response(transaction, response)
        self._plan(transaction)

    def take_request(self, request: Request, source: Peer) -> ServerTransaction | None:
        """Return the new transaction of a request, or None if the request belongs to one that is there."""
        key = server_key(request)
        transaction = self._servers.get(key)
        if transaction is not None:
            happened = Input.ACK if request.method == "ACK" else Input.REQUEST
            self._carry_out(transaction, transaction.take(happened, self.now))
            return None
        if request.method == "ACK":
            return None
        return self._admit(key, request, source)

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """Return the INVITE that a CANCEL is meant for (9.2)."""
        return self._servers.get(server_key(cancel, method="INVITE"))

    def is_merged(self, transaction: ServerTransaction) -> bool:
        """Return whether the same request is already here by another way (8.2.2.2)."""
        return transaction.merge_key is not None and self._merge.get(transaction.merge_key) != transaction.key

    def _admit(self, key: Key, request: Request, source: Peer) -> ServerTransaction:
        kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
        transaction = ServerTransaction(kind, key, answer_to(request, source), self.timers, self.now)
        transaction.request, transaction.source = request, source
        self._servers[key] = transaction
        if not request.callee.tag and request.method != "CANCEL":
            cseq = request.cseq
            transaction.merge_key = (request.call_id, request.caller.tag, str(cseq.sequence), cseq.method)
            self._merge.setdefault(transaction.merge_key, key)
        return transaction

    # Time and transport.

    def handle_deadline(self) -> None:
        """Do everything that is due now."""
        while (item := self.schedule.pop(self.now)) is not None:
            if isinstance(item, Transaction):
                self._carry_out(item, item.take_deadline(self.now))
            else:
                item.handle_deadline()

    def transport_failed(self, peer: Peer) -> None:
        """Take note that what was sent to `peer` did not arrive, or that the connection is gone.

        Responses then go by a new connection to where the request says that its sender listens (18.2.2), once.
        """
        for server in [server for server in self._servers.values() if server.peer == peer]:
            listens = Peer(peer.host, server.request.via.port, "tcp")
            if peer == server.source and peer != listens:
                server.peer = listens
                if server.kind is Kind.SERVER or server.state is State.COMPLETED:
                    self._carry_out(server, server.take(Input.REQUEST, self.now))
            else:
                self._carry_out(server, server.take(Input.TRANSPORT_ERROR, self.now))
        for client in [client for client in self._clients.values() if client.peer == peer]:
            self._carry_out(client, client.take(Input.TRANSPORT_ERROR, self.now))

    def _carry_out(self, transaction: Transaction, actions: tuple[Action, ...]) -> None:
        self._plan(transaction)
        for action in actions:
            if action is Action.RESEND and transaction.sent:
                self.send(transaction.peer, transaction.sent)
            elif action is Action.TIMED_OUT and isinstance(transaction, ClientTransaction):
                transaction.user.on_failure(transaction, 408)
            elif action is Action.FAILED and isinstance(transaction, ClientTransaction):
                transaction.user.on_failure(transaction, 503)

    def _plan(self, transaction: Transaction) -> None:
        self.schedule.set(transaction, transaction.due)
        if not transaction.over:
            return
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            if transaction.merge_key and self._merge.get(transaction.merge_key) == transaction.key:
                del self._merge[transaction.merge_key]
        else:
            self._clients.pop(transaction.key, None)


def server_key(request: Request, *, method: str = "") -> Key:
    """Return what a request's transaction is found by (17.2.3)."""
    via = request.via
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    sent_by = f"{via.host}:{via.port}"
    if via.branch.startswith(COOKIE) and via.branch != COOKIE:
        return (via.branch, sent_by, method)
    number = str(request.cseq.sequence)
    return (via.branch, sent_by, method, request.uri, request.caller.tag, request.call_id, number)


def answer_to(request: Request, source: Peer) -> Peer:
    """Return where the responses to a request go (18.2.2; RFC 3581, 4)."""
    if source.transport == "tcp":
        return source
    return Peer(source.host, source.port if "rport" in request.via.parameters else request.via.port)


def received(request: Request, source: Peer) -> None:
    """Note in the top Via where the request came from."""
    lines = request.vias
    request.headers.setlist("Via", [stamped(lines[0], source.host, source.port), *lines[1:]])


def acknowledgement(invite: Request, response: Response) -> Request:
    """Return the ACK of a final response other than 2xx: it belongs to the INVITE's transaction (17.1.1.3)."""
    ack = _same_transaction(invite, "ACK")
    ack.headers.set("To", response.headers["To"])
    return ack


def cancel(invite: Request) -> Request:
    """Return the CANCEL of an INVITE (9.1)."""
    return _same_transaction(invite, "CANCEL")


def _same_transaction(invite: Request, method: str) -> Request:
    request = Request(method, invite.uri)
    copy(invite, request, "Route", "From", "To", "Call-ID")
    request.headers.set("Via", invite.vias[0])
    request.headers.set("CSeq", f"{invite.cseq.sequence} {method}")
    request.headers.set("Max-Forwards", "70")
    return request


def copy(source: Message, target: Message, *names: str) -> None:
    """Copy header fields as they stand."""
    for name in names:
        if values := source.headers.getlist(name):
            target.headers.setlist(name, list(values))


def _input_of(status: int) -> Input:
    if status < 200:
        return Input.PROVISIONAL
    return Input.SUCCESS if status < 300 else Input.FAILURE
