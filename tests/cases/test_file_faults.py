"""Faults that were reported of files and sockets, and others of their kind: which cases see each, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cases.kernels import Fault, Kernel

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="most of these cases need root"),
    pytest.mark.deadline(120),
]

REQUESTS = "cases/netlink/test_requests.py"
NAMES = "cases/files/test_existing_names.py"
POSITIONS = "cases/files/test_positions.py"
RINGS = "cases/events/test_io_uring.py"
SHAPES = "cases/proc/test_shapes.py"

ANSWERS = """
def answer_of(data):  # kind, error and kind of the request, of an error that netlink answers
    kind, = struct.unpack_from("=H", data, 4)
    return (kind, *struct.unpack_from("=i4xH", data, 16)) if len(data) >= 36 else (kind, 0, 0)
"""

RING = """
seen = {}

def completion():  # where the last one is, and what was asked: opcode, flags, length
    mask, tail = (struct.unpack("=I", memory_at(seen["cq"] + at, 4))[0] for at in (seen["mask"], seen["tail"]))
    head = memory_at(seen["sqes"], 64)
    return seen["cqes"] + seen["cq"] + 16 * (tail - 1 & mask), head[0], head[1], struct.unpack_from("=I", head, 24)[0]
"""
WATCHED = """
    if call.name == "io_uring_setup":
        answer = made()
        if not answer[1]:
            _, seen["tail"], seen["mask"], _, _, seen["cqes"] = struct.unpack_from("=6I", bytes(args[1]), 80)
        return answer
    if call.name == "mmap" and args[5] in (0x8000000, 0x10000000):
        answer = made()
        seen["cq" if args[5] == 0x8000000 else "sqes"] = answer[0]
        return answer
    if call.name == "io_uring_enter":
        answer = made()
        place, opcode, flags, length = completion()
        result, told = struct.unpack("=iI", memory_at(place + 8, 8))
        selected = opcode == 22 and flags & 32 and result > 0
"""

TEXT = """
names = {}
"""
CHANGED = """
    if call.name == "openat":
        answer = made()
        names[answer[0]] = args[1]
        return answer
    if call.name == "read" and names.get(args[0]) == %r:
        result, error = made()
        data = args[1].take(max(result, 0))
        if not data: return result, error
        data = %s
        write_memory(args[1].address, data)
        return len(data), 0"""


def text(path: bytes, change: str) -> Kernel:
    """A kernel whose file has another text: `data` after an expression."""
    return Kernel(SHAPES, CHANGED % (path, change), TEXT)


FAULTS = {
    # google/gvisor#14915: netlink requests
    "does not know a request without a family": Fault(
        Kernel(
            REQUESTS,
            """
    if call.name == "recvfrom":
        answer = made()
        if answer_of(args[1].take(max(answer[0], 0)).ljust(6, b"\\0")) == (2, -EOPNOTSUPP, 26):
            write_memory(args[1].address + 16, struct.pack("=i", -EINVAL))
        return answer""",
            ANSWERS,
        ),
        ("test_request_that_nobody_answers_for_its_family_is_eopnotsupp?route*",),
    ),
    "wants all of the head for a list": Fault(
        Kernel(
            REQUESTS,
            """
    if call.name == "sendto" and len(args[1]) == 20 and args[1][7] & 3 == 3:
        unknown = args[1][:4] + struct.pack("=H", 0x3FFC) + args[1][6:]
        return enter(call, (args[0], unknown, *args[2:]))""",
        ),
        ("test_dump_needs_no_more_than_a_family*",),
    ),
    "refuses what follows a request": Fault(
        Kernel(
            REQUESTS,
            """
    if call.name == "sendto" and args[1][4] == 18 and len(args[1]) > 32:
        short = struct.pack("=I", 20) + args[1][4:20]
        return enter(call, (args[0], short, 20, *args[3:]))[0] + len(args[1]) - 20, 0""",
        ),
        ("test_what_follows_a_request_and_means_nothing_is_ignored*",),
    ),
    # google/gvisor#5164: what is looked at first
    "asks for permission before it looks for a directory": Fault(
        Kernel(
            NAMES,
            """
    if call.name in ("mkdir", "mkdirat"):
        result, error = made()
        return result, EACCES if error == EEXIST and os.geteuid() else error""",
        ),
        (
            "test_name_that_exists_is_eexist_where_no_name_can_be_made?mkdir*",
            "test_path_that_names_no_new_entry_is_eexist_to_mkdir*",
        ),
    ),
    "asks whether a mount can be written before it looks for a link": Fault(
        Kernel(
            NAMES,
            """
    if call.name == "symlink":
        result, error = made()
        return result, EROFS if error == EEXIST and not os.geteuid() else error""",
        ),
        ("test_name_that_exists_is_eexist_on_a_mount_that_is_read_only?symlink?",),
    ),
    "asks for permission before it sees that two names are of one file": Fault(
        Kernel(NAMES, '    if call.name == "rename" and args[1] == b"name": return -1, EACCES'),
        ("test_two_names_of_one_file_are_left_as_they_are",),
    ),
    # google/gvisor#13737: positions
    "says that a position of a terminal is wrong": Fault(
        Kernel(
            POSITIONS,
            """
    if call.name in ("pwritev", "pwritev2") and os.isatty(args[0]):
        result, error = made()
        return result, EINVAL if error == ESPIPE else error""",
        ),
        ("test_position_in_what_has_none_is_espipe?[tm]*-pwritev*",),
    ),
    "takes the position of minus one for a position": Fault(
        Kernel(POSITIONS, '    if call.name == "preadv2" and args[3] == -1: return -1, ESPIPE'),
        ("test_position_of_minus_one_reads_and_writes_as_if_there_were_none*",),
    ),
    "lets a position be set where there is none": Fault(
        Kernel(
            POSITIONS,
            """
    if call.name == "lseek":
        result, error = made()
        return (0, 0) if error == ESPIPE and os.fstat(args[0]).st_mode & 0o170000 == 0o140000 else (result, error)""",
        ),
        ("test_offset_of_what_has_none_is_espipe?socket?",),
    ),
    # tokio-rs/io-uring#173: buffers that the kernel chooses
    "reads nothing where no length is given": Fault(
        Kernel(
            RINGS,
            WATCHED
            + """
        if selected and not length: write_memory(place + 8, struct.pack("=i", 0))
        return answer""",
            RING,
        ),
        (
            "test_read_takes_as_much_as_is_asked_for_and_the_buffer_has_room_for?zero?",
            "test_buffers_of_a_ring_are_taken_in_order_until_there_are_none",
            "test_buffers_that_are_provided_by_a_request_are_read_into_alike?zero?",
        ),
    ),
    "reads more than is asked for": Fault(
        Kernel(
            RINGS,
            WATCHED
            + """
        if selected and length == 5: write_memory(place + 8, struct.pack("=i", 11))
        return answer""",
            RING,
        ),
        ("*?less?",),
    ),
    "tells another buffer": Fault(
        Kernel(
            RINGS,
            WATCHED
            + """
        if selected and told >> 16 == 5: write_memory(place + 12, struct.pack("=I", told + (1 << 16)))
        return answer""",
            RING,
        ),
        ("test_buffers_of_a_ring_are_taken_in_order_until_there_are_none",),
    ),
    # giampaolo/psutil#2455: texts of a form
    "ends stat before its forty-second field": Fault(
        text(b"/proc/self/stat", 'b" ".join(data.split(b" ")[:data.count(b" ") - 10]) + b"\\n"'),
        ("test_stat_has_fifty_two_fields", "test_fields_of_stat*", "test_name_in_stat*"),
    ),
    "has no name for cancelled writes": Fault(
        text(b"/proc/self/io", 'data.rpartition(b"cancelled")[0]'),
        ("test_input_and_output_are_counted_by_seven_names",),
    ),
    "tells no optional fields' end in mountinfo": Fault(
        text(b"/proc/self/mountinfo", 'data.replace(b" - ", b" ")'),
        ("test_lines_have_a_form?self-mountinfo?",),
    ),
    "counts pages in six numbers": Fault(
        text(b"/proc/self/statm", 'data.rpartition(b" ")[0] + b"\\n"'),
        ("test_lines_have_a_form?self-statm?",),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen_by_the_cases_that_are_about_it_and_by_no_other(tmp_path: Path, name: str) -> None:
    seen = FAULTS[name].seen(tmp_path)
    assert seen.cases == seen.about, seen.output
