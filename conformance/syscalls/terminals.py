"""ioctl_tty(2), pty(7), termios(3): what is asked of the two ends of a pseudoterminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from conformance.syscalls.files import ioctls
from conformance.syscalls.files.ioctls import IntIn, IntOut, IoctlRequest, PidPointer, Requests, ioctl
from conformance.syscalls.files.opening import O_CLOEXEC, O_FLAGS, O_NOCTTY, O_NONBLOCK, O_RDWR
from conformance.syscalls.files.status import DeviceNumber
from conformance.syscalls.machinery.aliases import AlwaysZero, In, InBytes, Out, Pid32, Signal, Zero
from conformance.syscalls.machinery.buffers import U8, U16, U32, Struct
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import Blob, Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Hex, Renamed, named
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED

IGNBRK, BRKINT, IGNPAR, PARMRK, INPCK, ISTRIP, INLCR, IGNCR = 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80
ICRNL, IUCLC, IXON, IXANY, IXOFF, IMAXBEL, IUTF8 = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000
OPOST, OLCUC, ONLCR, OCRNL, ONOCR, ONLRET, OFILL, OFDEL = 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80
NL1, CR1, CR2, CR3, TAB1, TAB2, TAB3 = 0x100, 0x200, 0x400, 0x600, 0x800, 0x1000, 0x1800
XTABS, BS1, VT1, FF1 = 0x1800, 0x2000, 0x4000, 0x8000
B0, B50, B75, B110, B134, B150, B200, B300, B600, B1200, B1800, B2400, B4800, B9600, B19200, B38400 = range(16)
B57600, B115200, B230400, B460800, B500000, B576000, B921600, B1000000 = range(0x1001, 0x1009)
B1152000, B1500000, B2000000, B2500000, B3000000, B3500000, B4000000 = range(0x1009, 0x1010)
BOTHER, CIBAUD, CS5, CS6, CS7, CS8 = 0x1000, 0x100F0000, 0, 0x10, 0x20, 0x30
CSTOPB, CREAD, PARENB, PARODD, HUPCL, CLOCAL = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
ADDRB, CMSPAR, CRTSCTS = 0x20000000, 0x40000000, 0x80000000
ISIG, ICANON, XCASE, ECHO, ECHOE, ECHOK, ECHONL, NOFLSH = 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80
TOSTOP, ECHOCTL, ECHOPRT, ECHOKE, FLUSHO, PENDIN, IEXTEN, EXTPROC = (
    *(0x100, 0x200, 0x400, 0x800, 0x1000, 0x4000, 0x8000),
    0x10000,
)
TCOOFF, TCOON, TCIOFF, TCION = range(4)
TCIFLUSH, TCOFLUSH, TCIOFLUSH = range(3)
N_TTY = 0

# -- what a terminal is set to

_INPUT = ("IGNBRK", "BRKINT", "IGNPAR", "PARMRK", "INPCK", "ISTRIP", "INLCR", "IGNCR", "ICRNL", "IUCLC")
_INPUT_FLAGS = Flags(named(globals(), *_INPUT, "IXON", "IXANY", "IXOFF", "IMAXBEL", "IUTF8"))
_OUTPUT = ("OPOST", "OLCUC", "ONLCR", "OCRNL", "ONOCR", "ONLRET", "OFILL", "OFDEL")
_DELAYS = ("NL1", "CR1", "CR2", "CR3", "TAB1", "TAB2", "TAB3", "BS1", "VT1", "FF1")
_OUTPUT_FLAGS = Flags(named(globals(), *_OUTPUT, *_DELAYS))
_CONTROL = ("CS6", "CS7", "CS8", "CSTOPB", "CREAD", "PARENB", "PARODD", "HUPCL", "CLOCAL")
_SPEEDS = {name: each for name, each in named(globals(), "B").items() if name[1:].isdigit() and each}
_CONTROL_FLAGS = Flags(_SPEEDS | named(globals(), "BOTHER", "CIBAUD", *_CONTROL, "ADDRB", "CMSPAR", "CRTSCTS"))
_LOCAL = ("ISIG", "ICANON", "XCASE", "ECHO", "NOFLSH", "TOSTOP", "FLUSHO", "PENDIN", "IEXTEN", "EXTPROC")
_LOCAL_FLAGS = Flags(named(globals(), *_LOCAL))

_INPUT_CHOICES = Choices(
    *(ICRNL | IXON, 0, ICRNL, INLCR, IGNCR, ISTRIP, IUCLC, IXON | IXOFF, IXON | IXANY, ICRNL | IXON | IUTF8),
    *(ICRNL | IMAXBEL, PARMRK, IGNBRK | IGNPAR, 0xFFFF),
)
_OUTPUT_CHOICES = Choices(
    *(OPOST | ONLCR, 0, OPOST, OPOST | OCRNL, OPOST | OLCUC, OPOST | ONLCR | XTABS, OPOST | ONOCR | OCRNL),
    *(OPOST | ONLRET, ONLCR, 0xFFFF),
)
_CONTROL_CHOICES = Choices(
    *(B38400 | CS8 | CREAD, B9600 | CS8 | CREAD, B0 | CS8, B38400 | CS5, B38400 | CS7 | PARENB | PARODD | CREAD),
    *(BOTHER | CS8 | CREAD, B115200 | CS8 | CREAD, B38400 | CS8 | CREAD | HUPCL | CLOCAL | CSTOPB, CRTSCTS | CS8),
    CMSPAR | PARENB | CS8,
)
_COOKED = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN
_LOCAL_CHOICES = Choices(
    *(_COOKED, 0, ISIG | ICANON | IEXTEN, ISIG | ECHO, ICANON, ICANON | ECHO, ICANON | ECHO | ECHOCTL),
    *(_COOKED | NOFLSH, _COOKED | TOSTOP, _COOKED & ~ISIG, ICANON | ECHONL, _COOKED | ECHOPRT),
    *(_COOKED | EXTPROC, _COOKED & ~ECHOCTL, _COOKED | XCASE),
)

InputFlags = Annotated[U32, _INPUT_FLAGS, _INPUT_CHOICES]
OutputFlags = Annotated[U32, _OUTPUT_FLAGS, _OUTPUT_CHOICES]
ControlFlags = Annotated[U32, _CONTROL_FLAGS, _CONTROL_CHOICES]
LocalFlags = Annotated[U32, _LOCAL_FLAGS, _LOCAL_CHOICES]
Discipline8 = Annotated[U8, Choices(N_TTY, 1, 255)]
Speed = Annotated[U32, Choices(38400, 9600, 0, 115200, 12345, -1)]


_Intr = Annotated[U8, Hex(), Choices(3, 0, ord("h"))]
_Quit = Annotated[U8, Hex(), Choices(0x1C, 0)]
_Erase = Annotated[U8, Hex(), Choices(0x7F, 0, ord("l"))]
_Kill = Annotated[U8, Hex(), Choices(0x15, 0)]
_Eof = Annotated[U8, Hex(), Choices(4, 0, ord("o"))]
_Time = Annotated[U8, Choices(0, 1)]
_Min = Annotated[U8, Choices(1, 0, 2, 255)]
_Unset = Annotated[U8, Hex(), Choices(0, ord("l"))]


class EarlyControlCharacters(Struct):
    """Those of the old calls (`struct termio`)."""

    vintr: _Intr
    vquit: _Quit
    verase: _Erase
    vkill: _Kill
    veof: _Eof
    vtime: _Time
    vmin: _Min
    vswtc: _Unset


class ControlCharacters(Struct):
    """What has a meaning of its own among what is typed, and when a read is over (termios(3))."""

    vintr: _Intr
    vquit: _Quit
    verase: _Erase
    vkill: _Kill
    veof: _Eof
    vtime: _Time
    vmin: _Min
    vswtc: _Unset
    vstart: Annotated[U8, Hex(), Choices(0x11, 0)]
    vstop: Annotated[U8, Hex(), Choices(0x13, 0, ord("e"))]
    vsusp: Annotated[U8, Hex(), Choices(0x1A, 0)]
    veol: _Unset
    vreprint: Annotated[U8, Hex(), Choices(0x12, 0)]
    vdiscard: Annotated[U8, Hex(), Choices(0xF, 0)]
    vwerase: Annotated[U8, Hex(), Choices(0x17, 0)]
    vlnext: Annotated[U8, Hex(), Choices(0x16, 0)]
    veol2: _Unset
    reserved0: U8
    reserved1: U8


class Termios(Struct):
    """The kernel's `struct termios`."""

    c_iflag: InputFlags
    c_oflag: OutputFlags
    c_cflag: ControlFlags
    c_lflag: LocalFlags
    c_line: Discipline8
    c_cc: ControlCharacters


class Termios2(Struct):
    """`struct termios2`."""

    c_iflag: InputFlags
    c_oflag: OutputFlags
    c_cflag: ControlFlags
    c_lflag: LocalFlags
    c_line: Discipline8
    c_cc: ControlCharacters
    c_ispeed: Speed
    c_ospeed: Speed


class Termio(Struct):
    """`struct termio`."""

    c_iflag: Annotated[U16, _INPUT_FLAGS, _INPUT_CHOICES]
    c_oflag: Annotated[U16, _OUTPUT_FLAGS, _OUTPUT_CHOICES]
    c_cflag: Annotated[U16, _CONTROL_FLAGS, Choices(B38400 | CS8 | CREAD, B9600 | CS8 | CREAD, B0, 0xFFFF)]
    c_lflag: Annotated[U16, _LOCAL_FLAGS, _LOCAL_CHOICES]
    c_line: Discipline8
    c_cc: EarlyControlCharacters


class Winsize(Struct):
    """`struct winsize`."""

    ws_row: Annotated[U16, Choices(24, 0, 1, 0xFFFF)]
    ws_col: Annotated[U16, Choices(80, 0, 1, 0xFFFF)]
    ws_xpixel: Annotated[U16, Choices(0, 640)]
    ws_ypixel: Annotated[U16, Choices(0, 480)]


class TerminalNumber(Struct):
    """Which of its file system's terminals it is: the kernel's choice."""

    number: Annotated[U32, Renamed("terminal", resource=False)]


class Foreground(Struct):
    """A session, or a group of processes."""

    pid: Pid32


class Discipline(Struct):
    """A line discipline. Programs ask for the usual one and for those that there are none: others are modules, which
    the kernel would load, and one of them makes a network interface."""

    number: Annotated[U32, Choices(N_TTY, 64, -1)]


class TerminalDevice(Struct):
    """Its device's number."""

    number: Annotated[U32, DeviceNumber()]


# -- whom is asked what

_SLAVE, _MASTER = Use("fd:pty:slave"), Use("fd:pty:master")
AnyTerminal = Annotated[int, FileDescriptor("pty")]
Terminal = Annotated[AnyTerminal, Choices(often(_SLAVE), _MASTER, _MASTER, rarely(Use("fd"), -1))]
"""The slave is what a program sees as its terminal; most of what is asked of the master is done to it."""
Master = Annotated[AnyTerminal, Choices(often(_MASTER), _SLAVE, rarely(Use("fd"), -1))]
Slave = Annotated[int, FileDescriptor("pty:slave")]
PeerFlags = Annotated[
    int,
    Flags({name: value for name, value in O_FLAGS.items() if value}),
    Choices(often(O_RDWR | O_NOCTTY | O_NONBLOCK), O_RDWR | O_NONBLOCK, seldom(O_RDWR | O_NOCTTY | O_CLOEXEC, 0, 1)),
]
_REQUESTS: Mapping[str, int] = named(vars(ioctls), "TC", "TIOC")
TerminalRequest = Annotated[int, Requests(_REQUESTS, bits=False)]
"""With this one, also such as reach beyond a program where their argument is not as described."""
Drain = Annotated[int, Choices(often(1), 0, 2)]
Flow = Annotated[int, Flags(named(globals(), "TCOOFF", "TCOON", "TCIOFF", "TCION"), bits=False)]
Queue = Annotated[int, Flags(named(globals(), "TCIFLUSH", "TCOFLUSH", "TCIOFLUSH"), bits=False)]
Steal = Annotated[int, Choices(often(0), 1)]
Typed = Annotated[
    InBytes, Choices(Blob(b"\n"), *map(Blob, (b"a", b"\3", b"\4", b"\x13", b"\x1a")), rarely(UNMAPPED, 0))
]
Bell = Annotated[Signal, Choices(often(2), 3, 20, seldom(1, 9, 0, 65))]
"""SIGINT, SIGQUIT and SIGTSTP are what a terminal sends when somebody types."""


@operation(ioctl, request=ioctls.TCGETS, touches=NOTHING, shows="fd:pty")
def ioctl_tcgets(fd: Terminal, request: IoctlRequest, arg: Out[Termios] = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TCSETS, ioctls.TCSETSW, ioctls.TCSETSF), touches=NOTHING)
def ioctl_tcsets(fd: Terminal, request: IoctlRequest, arg: In[Termios] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TCGETS2, touches=NOTHING)
def ioctl_tcgets2(fd: Terminal, request: IoctlRequest, arg: Out[Termios2] = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TCSETS2, ioctls.TCSETSW2, ioctls.TCSETSF2), touches=NOTHING)
def ioctl_tcsets2(fd: Terminal, request: IoctlRequest, arg: In[Termios2] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TCGETA, touches=NOTHING)
def ioctl_tcgeta(fd: Terminal, request: IoctlRequest, arg: Out[Termio] = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TCSETA, ioctls.TCSETAW, ioctls.TCSETAF), touches=NOTHING)
def ioctl_tcseta(fd: Terminal, request: IoctlRequest, arg: In[Termio] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGLCKTRMIOS, touches=NOTHING)
def ioctl_glcktrmios(fd: Terminal, request: IoctlRequest, arg: Out[Termios] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSLCKTRMIOS, touches=NOTHING)
def ioctl_slcktrmios(fd: Terminal, request: IoctlRequest, arg: In[Termios] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGWINSZ, touches=NOTHING, shows="fd:pty")
def ioctl_gwinsz(fd: Terminal, request: IoctlRequest, arg: Out[Winsize] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSWINSZ, touches=NOTHING)
def ioctl_swinsz(fd: Terminal, request: IoctlRequest, arg: In[Winsize] = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TCSBRK, ioctls.TCSBRKP), touches=NOTHING)
def ioctl_tcsbrk(fd: Terminal, request: IoctlRequest, arg: Drain = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TIOCSBRK, ioctls.TIOCCBRK), touches=NOTHING)
def ioctl_break(fd: Terminal, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TCXONC, touches=NOTHING)
def ioctl_tcxonc(fd: Terminal, request: IoctlRequest, arg: Flow = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TCFLSH, touches=NOTHING)
def ioctl_tcflsh(fd: Terminal, request: IoctlRequest, arg: Queue = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TIOCEXCL, ioctls.TIOCNXCL), touches=NOTHING)
def ioctl_excl(fd: Terminal, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGEXCL, touches=NOTHING, shows="fd:pty")
def ioctl_gexcl(fd: Terminal, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSSOFTCAR, touches=NOTHING)
def ioctl_ssoftcar(fd: Terminal, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGSOFTCAR, touches=NOTHING)
def ioctl_gsoftcar(fd: Terminal, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGETD, touches=NOTHING)
def ioctl_getd(fd: Terminal, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSETD, touches=NOTHING)
def ioctl_setd(fd: Terminal, request: TerminalRequest, arg: In[Discipline] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGDEV, touches=NOTHING)
def ioctl_gdev(fd: Terminal, request: IoctlRequest, arg: Out[TerminalDevice] = 0) -> Zero: ...


# -- the master


@operation(ioctl, request=ioctls.TIOCGPTN, touches=NOTHING)
def ioctl_gptn(fd: Master, request: IoctlRequest, arg: Out[TerminalNumber] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSPTLCK, touches=NOTHING)
def ioctl_sptlck(fd: Master, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGPTLCK, touches=NOTHING, shows="fd:pty:master")
def ioctl_gptlck(fd: Master, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCPKT, touches=NOTHING)
def ioctl_pkt(fd: Master, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGPKT, touches=NOTHING, shows="fd:pty:master")
def ioctl_gpkt(fd: Master, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSIG, touches=NOTHING)
def ioctl_sig(fd: Master, request: IoctlRequest, arg: Bell = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCGPTPEER, touches=PROCESS)
def ioctl_gptpeer(fd: Master, request: IoctlRequest, arg: PeerFlags = 0) -> Slave: ...


# -- a session's terminal


@operation(ioctl, request=ioctls.TIOCSCTTY, touches=PROCESS)
def ioctl_sctty(fd: Terminal, request: IoctlRequest, arg: Steal = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCNOTTY, touches=PROCESS, after=("ioctl_sctty",))
def ioctl_notty(fd: Terminal, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
@operation(ioctl, request=(ioctls.TIOCGPGRP, ioctls.TIOCGSID), touches=NOTHING, after=("ioctl_sctty",))
def ioctl_gpgrp(fd: Terminal, request: IoctlRequest, arg: Out[Foreground] = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSPGRP, touches=PROCESS, after=("ioctl_sctty",))
def ioctl_spgrp(fd: Terminal, request: IoctlRequest, arg: PidPointer = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCSTI, touches=PROCESS, after=("ioctl_sctty",))
def ioctl_sti(fd: Terminal, request: IoctlRequest, arg: Typed = 0) -> Zero: ...
@operation(ioctl, request=ioctls.TIOCVHANGUP, touches=PROCESS)
def ioctl_vhangup(fd: Terminal, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
