"""Operations that may multiply matrices and have no formula."""

import re
from typing import Final

_WORDS: Final = re.compile(
    r"[a-z]*mm|[a-z]*mv|[a-z]*matmul|[a-z]*linear|gemm|gemv|dot|inner|outer|addr|ger"
    r"|vecdot|kron|einsum|tensordot|conv[a-z]*[0-9]?d?|attention|attn|cdist|dist|lstm"
    r"|gru|rnn|lu|cholesky|qr|geqrf|orgqr|ormqr|eig[a-z]*|svd[a-z]*|solve|inv|pinv|det"
    r"|slogdet|lstsq|householder|ldl|vander|combination|[a-z]*fft[a-z0-9]*|stft|istft"
    r"|power|exp",
)
"""Words of names of operations of the tensor library that multiply matrices."""

_HARMLESS: Final = frozenset({"exp", "exp_", "special_exp2"})
"""Names with such a word that multiply none: `exp` is a word of `matrix_exp`."""

_OWN: Final = frozenset({"aten", "prims", "prim"})
"""Namespaces of the tensor library itself."""

_SILENT: Final = frozenset({"c10d", "_c10d_functional", "profiler", "rngprims"})
"""Namespaces that hold no product: communication, profiling, random numbers."""


def may_multiply(namespace: str, name: str) -> bool:
    """Whether an operation without a formula may stand for matrix products.

    Of the library's own operations, the words of the name decide. Of anybody else's
    nothing is known, so each of them may.
    """
    if namespace in _SILENT:
        return False
    if namespace not in _OWN:
        return True
    if name in _HARMLESS:
        return False
    return any(_WORDS.fullmatch(word) for word in name.split("_"))
