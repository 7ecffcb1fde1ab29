"""Short vectors inside the kernels: numbers that one instruction adds, compares or stores at once.

LLVM finds no vectors by itself in loops that jump about in memory, as these do. Here they are a
numba type with the usual operators: lanes of float32, of int32, or of truths. LLVM lowers them to
what the CPU has: for sixteen numbers one register of AVX-512, two of AVX2, four of SSE or NEON. The
arrays handed to ``load`` and ``store`` are contiguous; the index counts elements from their first
and is not checked.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import extending as _extending
from numba import types
from numba.core import cgutils as _cgutils
from numba.core.typing import templates as _templates

# What numba offers to those who extend it is not typed.
numba_builder: Any = _cgutils
extending: Any = _extending
templates: Any = _templates
_BIT, _BYTE, _INT = ir.IntType(1), ir.IntType(8), ir.IntType(32)
_FLOAT: Final = ir.FloatType()
_ELEMENTS: Final = {"float": _FLOAT, "int": _INT, "bool": _BIT}


def _instruction(build: Callable[..., Any]) -> Any:
    """An intrinsic that sees how many lanes are asked for."""
    return extending.intrinsic(prefer_literal=True)(build)


class Vector(types.Type):
    """Numba type of ``lanes`` elements of one kind."""

    def __init__(self, kind: str, lanes: int) -> None:
        self.kind, self.lanes = kind, lanes
        super().__init__(name=f"{kind}32x{lanes}")


@extending.register_model(Vector)
class _Model(extending.models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(_ELEMENTS[kind.kind], kind.lanes))


def _binary(
    symbol: Callable[..., Any],
    on: tuple[str, ...],
    build: Callable[[Any, str, Any, Any], Any],
    gives: str | None = None,
) -> None:
    """Teach ``symbol`` to take two vectors of the same type."""

    class Template(templates.AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            fits = len(args) == 2 and isinstance(args[0], Vector) and args[0] == args[1]
            if not fits or args[0].kind not in on:
                return None
            return templates.signature(Vector(gives or args[0].kind, args[0].lanes), *args)

    templates.infer_global(symbol)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return build(builder, sig.args[0].kind, *args)

    extending.lower_builtin(symbol, Vector, Vector)(lower)


def _arithmetic(name: str) -> Callable[[Any, str, Any, Any], Any]:
    def build(builder: Any, kind: str, a: Any, b: Any) -> Any:
        return getattr(builder, f"f{name}" if kind == "float" else name)(a, b)

    return build


def _compare(sign: str) -> Callable[[Any, str, Any, Any], Any]:
    def build(builder: Any, kind: str, a: Any, b: Any) -> Any:
        if kind == "float":
            return builder.fcmp_ordered(sign, a, b)
        return builder.icmp_signed(sign, a, b)

    return build


def _choose(sign: str) -> Callable[[Any, str, Any, Any], Any]:
    compare = _compare(sign)

    def build(builder: Any, kind: str, a: Any, b: Any) -> Any:
        return builder.select(compare(builder, kind, a, b), a, b)

    return build


def least(a: Any, b: Any) -> Any:
    """The smaller of each lane."""
    raise NotImplementedError("only inside kernels")


def most(a: Any, b: Any) -> Any:
    """The larger of each lane."""
    raise NotImplementedError("only inside kernels")


_NUMBERS: Final = ("float", "int")
_binary(operator.add, _NUMBERS, _arithmetic("add"))
_binary(operator.sub, _NUMBERS, _arithmetic("sub"))
_binary(operator.mul, _NUMBERS, _arithmetic("mul"))
_binary(operator.truediv, ("float",), lambda builder, _, a, b: builder.fdiv(a, b))
_binary(operator.lshift, ("int",), lambda builder, _, a, b: builder.shl(a, b))
_binary(operator.rshift, ("int",), lambda builder, _, a, b: builder.ashr(a, b))
_binary(operator.and_, ("int", "bool"), lambda builder, _, a, b: builder.and_(a, b))
_binary(operator.or_, ("int", "bool"), lambda builder, _, a, b: builder.or_(a, b))
_binary(operator.ge, _NUMBERS, _compare(">="), "bool")
_binary(operator.gt, _NUMBERS, _compare(">"), "bool")
_binary(operator.le, _NUMBERS, _compare("<="), "bool")
_binary(operator.lt, _NUMBERS, _compare("<"), "bool")
_binary(least, _NUMBERS, _choose("<"))
_binary(most, _NUMBERS, _choose(">"))


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, wanted: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    place = builder.gep(data, [index])
    return builder.bitcast(place, ir.PointerType(wanted))


def _lanes(lanes: Any) -> int:
    return int(lanes.literal_value)


@_instruction
def splat(typing: Any, lanes: Any, number: Any) -> Any:
    """``lanes`` copies of a float32 or int32."""
    result = Vector("float" if number == types.float32 else "int", _lanes(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(args[1].type, result.lanes)
        one = builder.insert_element(ir.Constant(wide, ir.Undefined), args[1], _INT(0))
        zeros = ir.Constant(ir.VectorType(_INT, result.lanes), [0] * result.lanes)
        return builder.shuffle_vector(one, ir.Constant(wide, ir.Undefined), zeros)

    return result(lanes, number), build


@_instruction
def load(typing: Any, lanes: Any, array: Any, index: Any) -> Any:
    """``lanes`` elements of a float32 or int32 array from ``index`` on."""
    result = Vector("float" if array.dtype == types.float32 else "int", _lanes(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(_ELEMENTS[result.kind], result.lanes)
        place = _place(context, builder, array, args[1], args[2], wide)
        return builder.load(place, align=4)

    return result(lanes, array, types.uintp), build


@_instruction
def gather(typing: Any, array: Any, indices: Any) -> Any:
    """The elements of a float32 or int32 array at ``indices``, a vector of ints."""
    result = Vector("float" if array.dtype == types.float32 else "int", indices.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = result.lanes
        address, many = ir.IntType(64), ir.VectorType(ir.IntType(64), lanes)
        element = _ELEMENTS[result.kind]
        data = context.make_array(array)(context, builder, args[0]).data
        start = builder.insert_element(
            ir.Constant(many, ir.Undefined), builder.ptrtoint(data, address), _INT(0)
        )
        first = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
        start = builder.shuffle_vector(start, ir.Constant(many, ir.Undefined), first)
        steps = builder.shl(builder.sext(args[1], many), ir.Constant(many, [2] * lanes))
        places = ir.VectorType(ir.PointerType(element), lanes)
        where_ = builder.inttoptr(builder.add(start, steps), places)
        wide, truths = ir.VectorType(element, lanes), ir.VectorType(_BIT, lanes)
        name = f"llvm.masked.gather.v{lanes}{'f' if result.kind == 'float' else 'i'}32.v{lanes}p0"
        function = numba_builder.get_or_insert_function(
            builder.module, ir.FunctionType(wide, [places, _INT, truths, wide]), name
        )
        every = ir.Constant(truths, [1] * lanes)
        return builder.call(function, [where_, _INT(4), every, ir.Constant(wide, ir.Undefined)])

    return result(array, indices), build


@_instruction
def load_bytes(typing: Any, lanes: Any, array: Any, index: Any) -> Any:
    """``lanes`` uint8 elements as floats."""
    result = Vector("float", _lanes(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(
            context, builder, array, args[1], args[2], ir.VectorType(_BYTE, result.lanes)
        )
        narrow = builder.load(place, align=1)
        wide = builder.zext(narrow, ir.VectorType(_INT, result.lanes))
        return builder.sitofp(wide, ir.VectorType(_FLOAT, result.lanes))

    return result(lanes, array, types.uintp), build


@_instruction
def store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector into an array of its elements from ``index`` on."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, array, args[0], args[1], args[2].type)
        builder.store(args[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build


@_instruction
def store_low(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write the low byte of each int into a uint8 array."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.trunc(args[2], ir.VectorType(_BYTE, vector.lanes))
        builder.store(
            narrow, _place(context, builder, array, args[0], args[1], narrow.type), align=1
        )
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build


@_instruction
def repeat(typing: Any, vector: Any, times: Any) -> Any:
    """Each lane ``times`` times, one after another."""
    result = Vector(vector.kind, vector.lanes * _lanes(times))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [number // _lanes(times) for number in range(result.lanes)]
        mask = ir.Constant(ir.VectorType(_INT, result.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return result(vector, times), build


@_instruction
def pairs(typing: Any, vector: Any) -> Any:
    """Sums of two neighbours each: half as many ints."""
    result = Vector(vector.kind, vector.lanes // 2)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(_INT, result.lanes)
        nothing = ir.Constant(args[0].type, ir.Undefined)
        even, odd = (
            builder.shuffle_vector(
                args[0],
                nothing,
                ir.Constant(wide, [2 * number + first for number in range(result.lanes)]),
            )
            for first in (0, 1)
        )
        return builder.add(even, odd)

    return result(vector), build


@_instruction
def store_bytes(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write floats 0..255 into a uint8 array, cut to whole numbers."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = vector.lanes
        whole = builder.fptosi(args[2], ir.VectorType(_INT, lanes))
        narrow = builder.trunc(whole, ir.VectorType(_BYTE, lanes))
        place = _place(context, builder, array, args[0], args[1], narrow.type)
        builder.store(narrow, place, align=1)
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build


@_instruction
def copy_bytes(typing: Any, lanes: Any, to: Any, at: Any, array: Any, index: Any) -> Any:
    """Copy ``lanes`` uint8 elements of ``array`` from ``index`` on to ``to`` from ``at`` on."""
    wide = ir.VectorType(_BYTE, _lanes(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        source = _place(context, builder, array, args[3], args[4], wide)
        target = _place(context, builder, to, args[1], args[2], wide)
        builder.store(builder.load(source, align=1), target, align=1)
        return context.get_dummy_value()

    return types.void(lanes, to, types.uintp, array, types.uintp), build


@_instruction
def whole(typing: Any, vector: Any) -> Any:
    """Floats cut to ints."""
    result = Vector("int", vector.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fptosi(args[0], ir.VectorType(_INT, result.lanes))

    return result(vector), build


@_instruction
def real(typing: Any, vector: Any) -> Any:
    """Ints as floats."""
    result = Vector("float", vector.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(args[0], ir.VectorType(_FLOAT, result.lanes))

    return result(vector), build


@_instruction
def root(typing: Any, vector: Any) -> Any:
    """Square root of each lane."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = args[0].type
        name = f"llvm.sqrt.v{vector.lanes}f32"
        function = numba_builder.get_or_insert_function(
            builder.module, ir.FunctionType(wide, [wide]), name
        )
        return builder.call(function, args, fastmath=("fast",))

    return vector(vector), build


@_instruction
def where(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` in the lanes where ``condition`` holds, else ``no``."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(condition, yes, no), build


@_instruction
def bits_of(typing: Any, condition: Any) -> Any:
    """One bit for each lane, the first lowest, as an int32 (lanes < 32)."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.bitcast(args[0], ir.IntType(condition.lanes))
        return builder.zext(narrow, _INT)

    return types.int32(condition), build


@_instruction
def mask_of(typing: Any, lanes: Any, bits: Any) -> Any:
    """The condition of which :func:`bits_of` gives ``bits``."""
    result = Vector("bool", _lanes(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.trunc(args[1], ir.IntType(result.lanes))
        return builder.bitcast(narrow, ir.VectorType(_BIT, result.lanes))

    return result(lanes, types.int32), build


@_instruction
def lane(typing: Any, vector: Any, number: Any) -> Any:
    """One element."""
    element = types.float32 if vector.kind == "float" else types.int32
    at = int(number.literal_value)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], _INT(at))

    return element(vector, number), build


@_instruction
def part(typing: Any, vector: Any, first: Any, lanes: Any) -> Any:
    """``lanes`` elements from the ``first`` on."""
    result = Vector(vector.kind, _lanes(lanes))
    at = int(first.literal_value)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [at + number for number in range(result.lanes)]
        mask = ir.Constant(ir.VectorType(_INT, result.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return result(vector, first, lanes), build


@_instruction
def join(typing: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four float32 as a vector."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.Constant(ir.VectorType(_FLOAT, 4), ir.Undefined)
        for number, value in enumerate(args):
            vector = builder.insert_element(vector, value, _INT(number))
        return vector

    return Vector("float", 4)(*[types.float32] * 4), build
