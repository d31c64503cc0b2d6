"""Templates: the nesting that a call's arguments had when they were traced, to see at once whether others have it."""

from dataclasses import replace

from numpy import ndarray

from fastbp.graph.numpy_protocol import means_else

cdef enum:
    LEAF            # an array or number that a program takes; of the type `form` alone, where there is one
    FIXED           # part of the trace: the same object, or an equal one of the same type
    FROZEN          # an array that is part of the trace: equal content
    SEQUENCE
    MAPPING
    RECORD          # a dataclass


cdef class Template:
    """The form of one value: what must be the same, and where the leaves are.

    Made by `leaf`, `fixed`, `frozen` and `nested`.
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
    if t.kind == FIXED or t.kind == FROZEN:
        return t.value
    cdef list parts = []
    for child in t.children:
        parts.append(build(child, leaves, at))
    if t.form is tuple:
        return tuple(parts)
    if t.kind == SEQUENCE:
        return t.form(*parts) if hasattr(t.form, "_fields") else t.form(parts)
    if t.kind == MAPPING:
        found = dict(zip(t.keys, parts))
        return found if t.form is dict else t.form(found)
    return replace(t.value, **dict(zip(t.keys, parts)))


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
        return value is t.value or (t.form is not None and type(value) is t.form and value == t.value)
    if type(value) is not t.form:
        return False
    if t.kind == FROZEN:
        return value.shape == t.value.shape and value.dtype == t.value.dtype and bool((value == t.value).all())
    if t.kind == RECORD:
        for i in range(len(t.keys)):
            child = t.children[i]
            if not fill(child, getattr(value, t.keys[i]), found):
                return False
        return True
    if len(value) != len(t.children):
        return False
    for i in range(len(t.children)):
        child = t.children[i]
        if t.kind == SEQUENCE:
            if not fill(child, value[i], found):
                return False
        elif t.keys[i] not in value or not fill(child, value[t.keys[i]], found):
            return False
    return True


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


def fixed(value) -> Template:
    """The form of a value that the trace depends on: numbers and text by what they are, the rest by identity."""
    plain = type(value) in (bool, int, float, complex, str, bytes, type(None), tuple)
    return made(FIXED, type(value) if plain else None, value, None, None)


def frozen(array) -> Template:
    """The form of an array whose content the trace depends on."""
    return made(FROZEN, type(array), array.copy(), None, None)


def nested(value, tuple keys, tuple children) -> Template:
    """The form of a dict (with its keys), list, tuple (keys None) or dataclass (with its fields' names)."""
    kind = MAPPING if isinstance(value, dict) else SEQUENCE if isinstance(value, (list, tuple)) else RECORD
    return made(kind, type(value), value if kind == RECORD else None, keys, children)


cdef class Watch:
    """One name that a function uses from outside: where it is bound, and the form of what it was bound to.

    Parameters
    ----------
    holder : a cell, or a dict of globals.
    name : the key in the dict.
    form : Template
    """
    cdef object holder, name
    cdef Template form
    cdef bint cell

    def __cinit__(self, holder, name, Template form not None):
        self.holder, self.name, self.form = holder, name, form
        self.cell = not isinstance(holder, dict)


def call_leaves(Template form not None, list watches not None, args, kwargs) -> list | None:
    """The leaves of a call, then those of the names that are watched; None where one has another form."""
    cdef list found = []
    cdef Watch watch
    if not fill(form, (args, kwargs), found):
        return None
    for watch in watches:
        try:
            value = watch.holder.cell_contents if watch.cell else watch.holder[watch.name]
        except (KeyError, ValueError):          # bound to nothing now
            return None
        if not fill(watch.form, value, found):
            return None
    return found
