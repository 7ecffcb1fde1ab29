"""Between memory and vectors."""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types

from .vector import BIT, BYTE, ELEMENTS, FLOAT, INT, Vector, instruction, lanes_of, numba_builder

_COMPRESSES: Final = bool(get_host_cpu_features().get("avx512f"))
"""Whether one instruction moves chosen lanes to the front; numba's cache tells such CPUs apart."""


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, wanted: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    place = builder.gep(data, [index])
    return builder.bitcast(place, ir.PointerType(wanted))


@instruction
def load(typing: Any, lanes: Any, array: Any, index: Any) -> Any:
    """``lanes`` elements of a float32 or int32 array from ``index`` on."""
    result = Vector("float" if array.dtype == types.float32 else "int", lanes_of(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(ELEMENTS[result.kind], result.lanes)
        place = _place(context, builder, array, args[1], args[2], wide)
        return builder.load(place, align=4)

    return result(lanes, array, types.uintp), build


@instruction
def load_bytes(typing: Any, lanes: Any, array: Any, index: Any) -> Any:
    """``lanes`` uint8 elements as floats."""
    result = Vector("float", lanes_of(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, array, args[1], args[2], ir.VectorType(BYTE, result.lanes))
        narrow = builder.load(place, align=1)
        wide = builder.zext(narrow, ir.VectorType(INT, result.lanes))
        return builder.sitofp(wide, ir.VectorType(FLOAT, result.lanes))

    return result(lanes, array, types.uintp), build


@instruction
def gather(typing: Any, array: Any, indices: Any) -> Any:
    """The elements of a float32 or int32 array at ``indices``, a vector of ints."""
    result = Vector("float" if array.dtype == types.float32 else "int", indices.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = result.lanes
        element = ELEMENTS[result.kind]
        places = ir.VectorType(ir.PointerType(element), lanes)
        # llvmlite takes no vector for an index: the instruction is made with one that it takes.
        where_ = builder.gep(context.make_array(array)(context, builder, args[0]).data, [INT(0)])
        where_.type, where_.indices = places, [args[1]]
        wide, truths = ir.VectorType(element, lanes), ir.VectorType(BIT, lanes)
        name = f"llvm.masked.gather.v{lanes}{'f' if result.kind == 'float' else 'i'}32.v{lanes}p0"
        function = numba_builder.get_or_insert_function(
            builder.module, ir.FunctionType(wide, [places, INT, truths, wide]), name
        )
        every = ir.Constant(truths, [1] * lanes)
        return builder.call(function, [where_, INT(4), every, ir.Constant(wide, ir.Undefined)])

    return result(array, indices), build


@instruction
def store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector into an array of its elements from ``index`` on."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, array, args[0], args[1], args[2].type)
        builder.store(args[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build


@instruction
def store_where(typing: Any, array: Any, index: Any, vector: Any, condition: Any) -> Any:
    """Write the lanes of ints where ``condition`` holds, side by side from ``index`` on.

    What follows, up to as many elements as the vector has, is anything.
    """

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes, truths = vector.lanes, args[3]
        data = context.make_array(array)(context, builder, args[0]).data
        if _COMPRESSES:
            wide = args[2].type
            name = f"llvm.experimental.vector.compress.v{lanes}i32"
            function = numba_builder.get_or_insert_function(
                builder.module, ir.FunctionType(wide, [wide, truths.type, wide]), name
            )
            packed = builder.call(function, [args[2], truths, ir.Constant(wide, ir.Undefined)])
            place = builder.bitcast(builder.gep(data, [args[1]]), ir.PointerType(wide))
            builder.store(packed, place, align=4)
            return context.get_dummy_value()
        # LLVM would do the same on the stack, and wait for it to read all of it back.
        bits = builder.zext(builder.bitcast(truths, ir.IntType(lanes)), args[1].type)
        at, one = args[1], ir.Constant(args[1].type, 1)
        for lane in range(lanes):
            builder.store(builder.extract_element(args[2], INT(lane)), builder.gep(data, [at]))
            at = builder.add(at, builder.and_(builder.lshr(bits, args[1].type(lane)), one))
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector, condition), build


@instruction
def store_low(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write the low byte of each int into a uint8 array."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.trunc(args[2], ir.VectorType(BYTE, vector.lanes))
        builder.store(
            narrow, _place(context, builder, array, args[0], args[1], narrow.type), align=1
        )
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build


@instruction
def store_bytes(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write floats 0..255 into a uint8 array, cut to whole numbers."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        lanes = vector.lanes
        whole = builder.fptosi(args[2], ir.VectorType(INT, lanes))
        narrow = builder.trunc(whole, ir.VectorType(BYTE, lanes))
        place = _place(context, builder, array, args[0], args[1], narrow.type)
        builder.store(narrow, place, align=1)
        return context.get_dummy_value()

    return types.void(array, types.uintp, vector), build
