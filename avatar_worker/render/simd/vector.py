"""The type: so many lanes of float32, of int32 or of truths, with the usual operators."""

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
extending: Any = _extending
numba_builder: Any = _cgutils
templates: Any = _templates
BIT, BYTE, INT = ir.IntType(1), ir.IntType(8), ir.IntType(32)
FLOAT: Final = ir.FloatType()
ELEMENTS: Final = {"float": FLOAT, "int": INT, "bool": BIT}


def instruction(build: Callable[..., Any]) -> Any:
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
        super().__init__(manager, kind, ir.VectorType(ELEMENTS[kind.kind], kind.lanes))


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
_binary(operator.eq, _NUMBERS, _compare("=="), "bool")
_binary(operator.ge, _NUMBERS, _compare(">="), "bool")
_binary(operator.gt, _NUMBERS, _compare(">"), "bool")
_binary(operator.le, _NUMBERS, _compare("<="), "bool")
_binary(operator.lt, _NUMBERS, _compare("<"), "bool")
_binary(least, _NUMBERS, _choose("<"))
_binary(most, _NUMBERS, _choose(">"))


def lanes_of(lanes: Any) -> int:
    """The number that a kernel has named."""
    return int(lanes.literal_value)
