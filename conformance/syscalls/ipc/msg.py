"""msgget(2), msgsnd(2), msgctl(2): System V message queues."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.ipc.sysv import (
    IN_PERM,
    IPC_COMMANDS,
    IPC_INFO,
    IPC_NOWAIT,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    GetFlags,
    IpcId,
    IpcIndex,
    IpcPerm,
    Key,
    Nothing,
    OutMasked,
)
from conformance.syscalls.machinery.aliases import Count, In, InBytes, InOut, Int, Out, Pid32, Time64, Varying, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.touches import IPC

MSG_NOERROR, MSG_EXCEPT, MSG_COPY = 0o10000, 0o20000, 0o40000

MSG_STAT, MSG_INFO, MSG_STAT_ANY = 11, 12, 13


def msgbuf(type: int, text: bytes) -> Blob:
    """A `struct msgbuf`."""
    return Blob(struct.pack("=q", type) + text)


MsgId = Annotated[int, Renamed("ipc:msg")]
InMessage = Annotated[
    InBytes,
    Choices(
        *(msgbuf(1, b"hello"), seldom(msgbuf(2, b"second"))),
        rarely(msgbuf(3, b""), msgbuf(1, b"x" * 100), msgbuf(0, b"none"), msgbuf(-1, b"none"), Blob(b"\1")),
        rarely(0, KERNEL_ADDRESS),
    ),
]
MessageSize = Annotated[int, Choices(5, rarely(1, 0, 6, 100, 8193, -1))]
SendFlags = Annotated[int, Choices(IPC_NOWAIT, seldom(IPC_NOWAIT | MSG_NOERROR, IPC_NOWAIT | 1))]
OutMessage = Annotated[Out[Struct], Choices(often(room(72)), room(12), room(72, edge=True), KERNEL_ADDRESS, 0)]
RoomSize = Annotated[int, Choices(often(64), 3, 0, -1)]
MessageType = Annotated[int, Choices(0, seldom(1), rarely(2, 3, -2, -3, -1, 99, -(1 << 63)))]
ReceiveFlags = Annotated[
    int,
    Flags(named(globals(), "IPC_NOWAIT", "MSG_NOERROR", "MSG_EXCEPT", "MSG_COPY")),
    Choices(
        *(IPC_NOWAIT, IPC_NOWAIT | MSG_NOERROR),
        seldom(IPC_NOWAIT | MSG_EXCEPT, IPC_NOWAIT | MSG_COPY, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT, IPC_NOWAIT | 1),
    ),
]
Command = Annotated[int, Flags(named(globals(), "MSG_STAT", "MSG_INFO") | IPC_COMMANDS, bits=False)]
OtherCommand = Annotated[Command, Choices(99, 4, -1)]
QueueBytes = Annotated[U64, Choices(16384, 100, 0, 8, 1 << 20)]


class MsqidDs(Struct):
    """`struct msqid64_ds` of x86-64."""

    former = IN_PERM

    perm: IpcPerm
    stime: Time64
    rtime: Time64
    ctime: Time64
    cbytes: U64
    qnum: U64
    qbytes: QueueBytes
    lspid: Pid32
    lrpid: Pid32
    unused2: U64
    unused3: U64


OutMsqid = Annotated[Out[MsqidDs], Choices(often(room(120)), room(120, edge=True), 0, KERNEL_ADDRESS)]


@syscall(x86_64=68, aarch64=186, touches=IPC)
def msgget(key: Key, flags: GetFlags) -> MsgId: ...
@syscall(x86_64=69, aarch64=189, touches=IPC)
def msgsnd(id: MsgId, message: InMessage, size: MessageSize, flags: SendFlags) -> Zero: ...
@syscall(x86_64=70, aarch64=188, touches=IPC, shows="ipc:msg", after=("msgsnd",))
def msgrcv(id: MsgId, message: OutMessage, size: RoomSize, type: MessageType, flags: ReceiveFlags) -> Count: ...
@syscall(x86_64=71, aarch64=187, touches=IPC)
def msgctl(id: MsgId, command: OtherCommand, buf: InOut[MsqidDs]) -> Int: ...
@operation(msgctl, command=IPC_STAT, shows="ipc:msg")
def msgctl_stat(id: MsgId, command: Command, buf: OutMsqid) -> Zero: ...
@operation(msgctl, command=IPC_SET)
def msgctl_set(id: MsgId, command: Command, buf: In[MsqidDs]) -> Zero: ...
@operation(msgctl, command=IPC_RMID, after=("msgsnd", "msgctl_stat"))
def msgctl_rmid(id: MsgId, command: Command, buf: Nothing) -> Zero: ...
@operation(msgctl, command=(IPC_INFO, MSG_INFO))
def msgctl_info(id: MsgId, command: Command, buf: OutMasked) -> Varying: ...
@operation(msgctl, command=(MSG_STAT, MSG_STAT_ANY))
def msgctl_stat_of(id: IpcIndex, command: Command, buf: OutMsqid) -> IpcId: ...
