"""Scenarios that are played differently on purpose: from which level on and where. Why is in docs/differences.md."""

from __future__ import annotations

BY_DESIGN: dict[str, tuple[int, set[str]]] = {
    "code-comment-filename": (
        1,
        {"conversations", "model_requests[1]", "ops[0].chats[0].chat_history", "ops[0].deliveries"},
    ),
    "code-comment-with-slash": (
        1,
        {
            "conversations",
            "counters",
            "exception family",
            "number of model requests",
            "ops[0] number of chats",
            "ops[0].deliveries",
        },
    ),
    "code-dangerous": (
        1,
        {
            "conversations",
            "counters",
            "exception family",
            "number of model requests",
            "ops[0] number of chats",
            "ops[0].deliveries",
        },
    ),
    "code-scan-zero": (
        1,
        {
            "conversations",
            "model_requests[1]",
            "model_requests[2]",
            "ops[0].chats[0].chat_history",
            "ops[0].deliveries",
        },
    ),
    "human-async-asked-twice": (
        1,
        {
            "conversations",
            "counters",
            "exception family",
            "human_requests",
            "number of model requests",
            "ops[0] number of chats",
            "ops[0].deliveries",
        },
    ),
    "human-async": (3, {"counters"}),
    "t2-async-double-count": (
        1,
        {
            "conversations",
            "counters",
            "number of model requests",
            "ops[0].chats[0].chat_history",
            "ops[0].chats[0].summary",
            "ops[0].deliveries",
        },
    ),
    "t2-async-max-turns": (3, {"counters"}),
    "t2-recipient-limit-with-max-turns": (
        1,
        {
            "conversations",
            "counters",
            "number of model requests",
            "ops[0].chats[0].chat_history",
            "ops[0].deliveries",
        },
    ),
    "t2-recipient-silent-on-termination-with-max-turns": (
        1,
        {
            "conversations",
            "counters",
            "number of model requests",
            "ops[0].chats[0].chat_history",
            "ops[0].chats[0].summary",
            "ops[0].deliveries",
        },
    ),
    "tool-async-chat": (3, {"counters"}),
}
