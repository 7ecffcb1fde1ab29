"""What is done to the lanes of a vector that no operator stands for."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from .vector import BIT, FLOAT, INT, Vector, instruction, lanes_of, numba_builder


@instruction
def splat(typing: Any, lanes: Any, number: Any) -> Any:
    """``lanes`` copies of a float32 or int32."""
    result = Vector("float" if number == types.float32 else "int", lanes_of(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(args[1].type, result.lanes)
        one = builder.insert_element(ir.Constant(wide, ir.Undefined), args[1], INT(0))
        zeros = ir.Constant(ir.VectorType(INT, result.lanes), [0] * result.lanes)
        return builder.shuffle_vector(one, ir.Constant(wide, ir.Undefined), zeros)

    return result(lanes, number), build


@instruction
def join(typing: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four float32 as a vector."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.Constant(ir.VectorType(FLOAT, 4), ir.Undefined)
        for number, value in enumerate(args):
            vector = builder.insert_element(vector, value, INT(number))
        return vector

    return Vector("float", 4)(*[types.float32] * 4), build


@instruction
def part(typing: Any, vector: Any, first: Any, lanes: Any) -> Any:
    """``lanes`` elements from the ``first`` on."""
    result = Vector(vector.kind, lanes_of(lanes))
    at = int(first.literal_value)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [at + number for number in range(result.lanes)]
        mask = ir.Constant(ir.VectorType(INT, result.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return result(vector, first, lanes), build


@instruction
def repeat(typing: Any, vector: Any, times: Any) -> Any:
    """Each lane ``times`` times, one after another."""
    result = Vector(vector.kind, vector.lanes * lanes_of(times))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [number // lanes_of(times) for number in range(result.lanes)]
        mask = ir.Constant(ir.VectorType(INT, result.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return result(vector, times), build


@instruction
def pairs(typing: Any, vector: Any) -> Any:
    """Sums of two neighbours each: half as many ints."""
    result = Vector(vector.kind, vector.lanes // 2)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.VectorType(INT, result.lanes)
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


@instruction
def whole(typing: Any, vector: Any) -> Any:
    """Floats cut to ints."""
    result = Vector("int", vector.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.fptosi(args[0], ir.VectorType(INT, result.lanes))

    return result(vector), build


@instruction
def real(typing: Any, vector: Any) -> Any:
    """Ints as floats."""
    result = Vector("float", vector.lanes)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sitofp(args[0], ir.VectorType(FLOAT, result.lanes))

    return result(vector), build


@instruction
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


@instruction
def where(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` in the lanes where ``condition`` holds, else ``no``."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(condition, yes, no), build


@instruction
def bits_of(typing: Any, condition: Any) -> Any:
    """One bit for each lane, the first lowest, as an int32 (lanes < 32)."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.bitcast(args[0], ir.IntType(condition.lanes))
        return builder.zext(narrow, INT)

    return types.int32(condition), build


@instruction
def mask_of(typing: Any, lanes: Any, bits: Any) -> Any:
    """The condition of which :func:`bits_of` gives ``bits``."""
    result = Vector("bool", lanes_of(lanes))

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.trunc(args[1], ir.IntType(result.lanes))
        return builder.bitcast(narrow, ir.VectorType(BIT, result.lanes))

    return result(lanes, types.int32), build


@instruction
def swap(typing: Any, vector: Any, distance: Any) -> Any:
    """Lanes of numbers that differ by the bits of ``distance`` change places."""
    bits = int(distance.literal_value)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [number ^ bits for number in range(vector.lanes)]
        mask = ir.Constant(ir.VectorType(INT, vector.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return vector(vector, distance), build


@instruction
def last_of_four(typing: Any, vector: Any) -> Any:
    """The last of each four lanes, in all four."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [number | 3 for number in range(vector.lanes)]
        mask = ir.Constant(ir.VectorType(INT, vector.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return vector(vector), build


@instruction
def firsts(typing: Any, vector: Any) -> Any:
    """The first of each four lanes."""
    result = Vector(vector.kind, vector.lanes // 4)

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        chosen = [number * 4 for number in range(result.lanes)]
        mask = ir.Constant(ir.VectorType(INT, result.lanes), chosen)
        return builder.shuffle_vector(args[0], ir.Constant(args[0].type, ir.Undefined), mask)

    return result(vector), build


@instruction
def count_of(typing: Any, condition: Any) -> Any:
    """In how many lanes ``condition`` holds, as an int32 (lanes < 32)."""

    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        narrow = builder.bitcast(args[0], ir.IntType(condition.lanes))
        return builder.ctpop(builder.zext(narrow, INT))

    return types.int32(condition), build
