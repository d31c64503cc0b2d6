"""Templates: the nesting that a call's arguments had when they were traced, to see at once whether others have it."""

import types

from numpy import ndarray

from fastbp.nesting import like
from fastbp.graph.numpy_protocol import means_else
from cpython.buffer cimport PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer
from libc.string cimport memcmp

cdef enum:
    LEAF            # an array or number that a program takes; of the type `form` alone, where there is one
    FIXED           # part of the trace: the same object, or an equal one of the same type
    FROZEN          # an array that is part of the trace: equal content
    COPIED          # part of the trace, and mutable: what was copied of it is what would be copied now
    SEQUENCE
    MAPPING
    RECORD          # a dataclass


cdef class Template:
    """The form of one value: what must be the same, and where the leaves are.

    Made by `leaf`, `fixed`, `frozen`, `copied` and `nested`.
    """

    def leaves(self, value) -> list | None:
        """The leaves of a value in order, or None where it has another form."""
        cdef list found = []
        return found if fill(self, value, found) else None

    def put_together(self, list leaves not None) -> object:
        """A value of this form, with these leaves in order; what is fixed is the same object."""
        cdef Py_ssize_t at = 0
        return build(self, leaves, &at)


cdef object build(Template t, list leaves, Py_ssize_t *at):
    cdef Template child
    if t.kind == LEAF:
        at[0] += 1
        return leaves[at[0] - 1]
    if t.kind == FROZEN:
        return t.value.copy()
    if t.kind == FIXED or t.kind == COPIED:
        return t.value
    cdef list parts = []
    for child in t.children:
        parts.append(build(child, leaves, at))
    if t.form is tuple:
        return tuple(parts)
    if t.form is list:
        return parts
    if t.kind == SEQUENCE:
        return like(t.value, parts)
    if t.form is dict:
        return dict(zip(t.keys, parts))
    return like(t.value, dict(zip(t.keys, parts)))


cdef bint fill(Template t, object value, list found) except -1:
    cdef Py_ssize_t i
    cdef Template child
    if t.kind == LEAF:
        found.append(value)
        if t.form is not None and (type(value) is int) != (t.form is int):
            return False
        if t.value is not None and value != t.value:
            return False
        return type(value) is ndarray or not isinstance(value, ndarray) or means_else(value) is None
    if t.kind == FIXED:
        return value is t.value or (t.form is not None and type(value) is t.form and equal(value, t.value))
    if type(value) is not t.form:
        return False
    if t.beside is not None and not fill(t.beside, value, found):
        return False
    if t.kind == FROZEN:
        return same_numbers(value, t.value)
    if t.kind == COPIED:
        return t.keys[0](value) == t.value
    if t.kind == RECORD:
        for i in range(len(t.keys)):
            child = t.children[i]
            if not fill(child, getattr(value, t.keys[i]), found):
                return False
        return True
    if len(value) != len(t.children):
        return False
    if t.kind == MAPPING:
        return fill_mapping(t, value, found)
    if isinstance(value, (list, tuple)):
        for i in range(len(t.children)):
            child = t.children[i]
            if not fill(child, value[i], found):
                return False
        return True
    for child, item in zip(t.children, value):
        if not fill(child, item, found):
            return False
    return True


cdef bint fill_mapping(Template t, object value, list found) except -1:
    """The items in the order that they had: a function may walk over them."""
    cdef Py_ssize_t i = 0
    cdef Template child
    for key in value:
        known = t.keys[i]
        if key is not known and not (type(key) is type(known) and key == known):
            return False
        child = t.children[i]
        if not fill(child, value[key], found):
            return False
        i += 1
    return True


cdef bint equal(object value, object known) except -1:
    """Whether two values of one type are equal; of floats each bit counts: -0.0 is another number, NaN is itself."""
    cdef double a, b
    if type(value) is float:
        a, b = value, known
        return memcmp(&a, &b, sizeof(double)) == 0
    return value == known


cdef bint same_numbers(object value, object known) except -1:
    """Whether an array has the shape, dtype and content of another one, which is in C order."""
    cdef Py_buffer a, b
    if value.shape != known.shape or value.dtype != known.dtype:
        return False
    try:
        PyObject_GetBuffer(value, &a, PyBUF_STRIDES)
    except (BufferError, TypeError, ValueError):    # dates have no buffer
        return value.tobytes() == known.tobytes()
    try:
        if not PyBuffer_IsContiguous(&a, c"C"):
            return value.tobytes() == known.tobytes()
        PyObject_GetBuffer(known, &b, PyBUF_STRIDES)
        found = memcmp(a.buf, b.buf, a.len) == 0
        PyBuffer_Release(&b)
        return found
    finally:
        PyBuffer_Release(&a)


cdef Template made(int kind, object form, object value, tuple keys, tuple children):
    cdef Template t = Template.__new__(Template)
    t.kind, t.form, t.value, t.keys, t.children = kind, form, value, keys, children
    return t


def leaf(kind=None) -> Template:
    """The form of an array or number that a program takes; the program looks at shape and dtype.

    `kind` int: Python's whole numbers alone; float: none of them.
    """
    return made(LEAF, kind, None, None, None)


def pin(Template form not None, value) -> None:
    """Have the form of a whole number ask for this very one."""
    form.value = value


# What never changes, so that an equal one is as good.
PLAIN = frozenset([
    bool, int, float, complex, str, bytes, type(None), slice, range, types.MethodType, types.BuiltinMethodType,
])


def fixed(value) -> Template:
    """The form of a value that the trace depends on: numbers and text by what they are, the rest by identity."""
    return made(FIXED, type(value) if type(value) in PLAIN else None, value, None, None)


def frozen(array) -> Template:
    """The form of an array whose content the trace depends on."""
    return made(FROZEN, type(array), array.copy(order="C"), None, None)


def copied(value, take) -> Template:
    """The form of a value that can change: `take` makes of it what is compared, as it is now."""
    return made(COPIED, type(value), take(value), (take,), None)


def nested(value, tuple keys, tuple children) -> Template:
    """The form of a mapping (with its keys), list, tuple, deque (keys None) or dataclass (with its fields' names)."""
    kind = SEQUENCE if keys is None else MAPPING if isinstance(value, (dict, types.MappingProxyType)) else RECORD
    return made(kind, type(value), None, keys, children)


def beside(Template form not None, value, tuple names, tuple children) -> None:
    """Have the form of a container or dataclass ask for attributes, too."""
    form.beside = made(RECORD, type(value), None, names, children)


def result(value, tuple keys, tuple children) -> Template:
    """The same for what a function returned: `put_together` makes others like it, with its other attributes."""
    cdef Template t = nested(value, keys, children)
    if type(value) not in (dict, list, tuple):
        nothing = [None] * len(children)        # not its nodes, and all that they follow from
        t.value = like(value, nothing if keys is None else dict(zip(keys, nothing)))
    return t


cdef class Watch:
    """Something that a function uses from outside: where it is found, and the form that it had.

    Parameters
    ----------
    holder : a cell, a dict, or an object.
    key : the key in the dict, the attribute's name; None for a cell.
    form : Template
    label : str
        What it is called in messages.
    """
    cdef object holder, key
    cdef Template form
    cdef int place
    cdef readonly str label

    def __cinit__(self, holder, key, Template form not None, str label not None):
        self.holder, self.key, self.form, self.label = holder, key, form, label
        self.place = CELL if isinstance(holder, types.CellType) else ITEM if type(holder) is dict else ATTRIBUTE


cdef enum:
    CELL
    ITEM
    ATTRIBUTE
    ABSENT          # names that dicts have not
    KEYS            # all names that dicts have


def absent(tuple spaces not None, frozenset names not None, str label not None) -> Watch:
    """That each of these dicts, or their like, still lacks those of the names that it lacks now."""
    views, lacking = tuple([space.keys() for space in spaces]), tuple([names - space.keys() for space in spaces])
    cdef Watch watch = Watch(views, lacking, fixed(None), label)
    watch.place = ABSENT
    return watch


def keys(tuple spaces not None, str label not None) -> Watch:
    """That these dicts have the names that they have now."""
    cdef Watch watch = Watch(spaces, tuple([tuple(space) for space in spaces]), fixed(None), label)
    watch.place = KEYS
    return watch


cdef bint watched(Watch watch, list found) except -1:
    try:
        if watch.place == ABSENT:
            for space, names in zip(watch.holder, watch.key):
                if not space.isdisjoint(names):
                    return False
            return True
        if watch.place == KEYS:
            for space, names in zip(watch.holder, watch.key):
                if tuple(space) != names:
                    return False
            return True
        if watch.place == CELL:
            value = watch.holder.cell_contents
        elif watch.place == ITEM:
            value = watch.holder[watch.key]
        else:
            value = getattr(watch.holder, watch.key)
        return fill(watch.form, value, found)
    except CHANGED:
        return False


# Bound to nothing now, or changed by another thread while it is looked at.
cdef tuple CHANGED = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def all_hold(list watches not None) -> bool:
    """Whether all that is watched still has its form."""
    cdef list found = []
    cdef Watch watch
    for watch in watches:
        if not watched(watch, found):
            return False
    return True


def call_leaves(Template form not None, list watches not None, args, kwargs) -> list | None:
    """The leaves of a call, then those of what is watched; None where one has another form."""
    cdef list found = []
    cdef Watch watch
    if not fill(form, (args, kwargs), found):
        return None
    for watch in watches:
        if not watched(watch, found):
            return None
    return found
