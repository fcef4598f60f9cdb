"""Ways in which a file on disk is damaged, by name: each takes the intact bytes and returns others."""

from collections.abc import Callable

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "flipped": lambda content: (
        content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 0x55]) + content[len(content) // 2 + 1 :]
    ),
    "other type": lambda _: b"\xff\xd8\xff\xe0 neither a table nor an archive\x00\x80",
}
