from __future__ import annotations

from conformance.syscalls.files.xattrs import XattrNames, setxattr
from conformance.syscalls.machinery.kinds import Names


def test_names_of_attributes_have_no_order() -> None:
    assert XattrNames().normal("user.b\0user.a\0", Names()) == ["user.a", "user.b"]
    assert XattrNames().normal("user.b", Names()) == "user.b"


def test_that_an_attribute_was_set_is_what_others_need() -> None:
    assert setxattr.result.family == "xattr"
