"""What the two ends of a stream must agree on: a module a protocol, which both ends import.

`agent`     many processes of a machine over one stream, in frames. The host's end is the `Multiplexer` of the runner
            that boots it, the other is `conformance.guest.init`, the machine's PID 1. Over a virtio-serial port, or a
            serial port where there is none.
`executor`  programs go in, outcomes come out, in frames. The host's end is `conformance.run.lane`, a case's is
            `conformance.guest.programs`; the other end is the executor, in C (`conformance/programs/executor`). Over
            its standard input and output, or a port of the machine that it is PID 1 of.

`lines`     what a guest's suite says, and what it is asked for, a JSON line each. The host's end is
            `conformance.run.session` with `conformance.run.records`, the other is `conformance.guest.serve` with the
            plugin; under pytest alone there is no other end, but a file. Over the suite's standard input and output.

The executor runs programs that were drawn at random on a kernel that may do anything: what comes out of a guest, and
from whatever runs in it, is hostile. Who reads it trusts no length, no number and no text; what is not as the protocol
says is refused in one sentence or passed over, and takes bounded memory. What goes into a guest comes from the suite
itself, and is taken at its word there.

A guest has nothing but the standard library, and in an emulated one an import takes twenty times as long as here. So
nothing is imported here that is not there already when the suite starts.
"""
