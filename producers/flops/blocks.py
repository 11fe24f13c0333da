"""The graph of one block, from its shapes."""

from dataclasses import dataclass

from producers.flops.families import Family
from producers.flops.graph import STREAM, Attention, Block, Join, Node, Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """The sizes of a model's blocks, in elements.

    Attributes:
        width: the residual stream.
        attention: all query heads together.
        key: all key heads together; the value heads are as wide.
        inner: inside the perceptron.
        parallel: whether the perceptron reads the block's input.
        last_is_saved: see `Block`; routed blocks always save the last result.
        experts: routed experts; 0 where there are none.
        experts_active: experts that each token meets.
        expert_inner: inside one expert.
        shared_inner: inside the expert that every token meets; 0 where there is none.
        sparse_step: every how manyth block is routed.
        dense_layers: blocks that are not, though their turn comes.
    """

    width: int
    attention: int
    key: int
    inner: int
    parallel: bool
    last_is_saved: bool
    experts: int = 0
    experts_active: int = 0
    expert_inner: int = 0
    shared_inner: int = 0
    sparse_step: int = 1
    dense_layers: tuple[int, ...] = ()


def block(family: Family, shapes: Shapes, index: int) -> Block:
    """The block at `index`, 0-based."""
    nodes, middle = _attention(family, shapes)
    reads = STREAM if shapes.parallel else middle
    is_routed = (
        shapes.experts > 0
        and index not in shapes.dense_layers
        and (index + 1) % shapes.sparse_step == 0
    )
    inside = _routed(shapes, reads) if is_routed else _dense(family, shapes, reads)
    end = Join(name="block", reads=(middle, inside[-1].name))
    return Block(
        nodes=(*nodes, *inside, end),
        last_is_saved=shapes.last_is_saved or is_routed,
    )


def _attention(family: Family, shapes: Shapes) -> tuple[list[Node], str]:
    """The nodes of attention, and the name of the stream behind it."""
    names = [family.qkv] * 3 if family.qkv else ["q_proj", "k_proj", "v_proj"]
    if family.qkv:
        sizes = {family.qkv: shapes.attention + 2 * shapes.key}
    else:
        sizes = dict(
            zip(names, (shapes.attention, shapes.key, shapes.key), strict=True)
        )
    projections: list[Node] = [
        Product(name=name, reads=(STREAM,), size_in=shapes.width, size_out=size)
        for name, size in sizes.items()
    ]
    heads = Attention(
        name="heads",
        query=names[0],
        key=names[1],
        value=names[2],
        width=shapes.attention,
    )
    out = Product(
        name=family.out,
        reads=(heads.name,),
        size_in=shapes.attention,
        size_out=shapes.width,
    )
    middle = Join(name="middle", reads=(STREAM, out.name))
    return [*projections, heads, out, middle], middle.name


def _dense(family: Family, shapes: Shapes, reads: str) -> list[Node]:
    """A perceptron of two matrices, or of three with a gate."""
    names = [name for name in (family.gate, family.up) if name]
    size = shapes.inner * (2 if family.gate_fused else 1)
    into: list[Node] = [
        Product(name=name, reads=(reads,), size_in=shapes.width, size_out=size)
        for name in names
    ]
    down = Product(
        name=family.down,
        reads=tuple(names),
        size_in=shapes.inner,
        size_out=shapes.width,
    )
    return [*into, down]


def _routed(shapes: Shapes, reads: str) -> list[Node]:
    """A router, gated experts of which each token meets a few, and a shared one."""
    nodes: list[Node] = [
        _inside("mlp.gate", reads, shapes.width, shapes.experts),
        _expert("experts.gate_proj", reads, shapes, shapes.width, shapes.expert_inner),
        _expert("experts.up_proj", reads, shapes, shapes.width, shapes.expert_inner),
    ]
    inner = Join(name="experts.inner", reads=("experts.gate_proj", "experts.up_proj"))
    down = _expert(
        "experts.down_proj", inner.name, shapes, shapes.expert_inner, shapes.width
    )
    weighted = ["mlp.gate", down.name]
    nodes += [inner, down]
    if shapes.shared_inner:
        nodes += [
            _inside(
                "shared_expert.gate_proj", reads, shapes.width, shapes.shared_inner
            ),
            _inside("shared_expert.up_proj", reads, shapes.width, shapes.shared_inner),
            Join(
                name="shared.inner",
                reads=("shared_expert.gate_proj", "shared_expert.up_proj"),
            ),
            _inside(
                "shared_expert.down_proj",
                "shared.inner",
                shapes.shared_inner,
                shapes.width,
            ),
            _inside("shared_expert_gate", reads, shapes.width, 1),
        ]
        weighted += ["shared_expert.down_proj", "shared_expert_gate"]
    return [*nodes, Join(name="mixed", reads=tuple(weighted))]


def _inside(name: str, reads: str, size_in: int, size_out: int) -> Product:
    return Product(
        name=name, reads=(reads,), size_in=size_in, size_out=size_out, adaptable=False
    )


def _expert(
    name: str, reads: str, shapes: Shapes, size_in: int, size_out: int
) -> Product:
    return Product(
        name=name,
        reads=(reads,),
        size_in=size_in,
        size_out=size_out,
        times=shapes.experts_active,
        copies=shapes.experts,
        adaptable=False,
    )
