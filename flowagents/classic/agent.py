"""The conversable agent: settings, registrations and histories. Its conversations are compiled and run elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flowagents.classic.base import Agent
from flowagents.classic.chat import BareMessage, Chat, Conversation, OneReply, check_pair
from flowagents.classic.histories import Ledger, given_history
from flowagents.classic.keeping import Keeping, check_limit
from flowagents.classic.messages import Message, MessageSource, checked_message
from flowagents.classic.model import executor_of, model_of
from flowagents.classic.result import ChatResult
from flowagents.classic.slots import ReplySlot, Trigger, base_slots, function_slot, steps_of
from flowagents.classic.texts import CONVERSABLE_SYSTEM
from flowagents.classic.tooling import Tooling
from flowagents.core.guards import Says
from flowagents.errors import ConfigError, SetupError
from flowagents.patterns.spec import AgentSpec, Hooks, ReplyStep, Step
from flowagents.ports import NodeParts
from flowagents.runtime.run import Run, perform, perform_async

F = TypeVar("F", bound=Callable[..., Any])
MODES = ("ALWAYS", "TERMINATE", "NEVER")
HOOKS = {
    "process_last_received_message": "last received",
    "process_all_messages_before_reply": "all messages",
    "process_message_before_send": "before send",
}
"""The hooks a program may register, and what the graph calls them."""
ENGINE_METHODS = (
    "send",
    "a_send",
    "receive",
    "a_receive",
    "initiate_chat",
    "a_initiate_chat",
    "spec_for",
)
"""Methods that the engine replaces: an override would never be called, so a class with one is refused."""
FOREIGN_METHODS = (
    "_process_received_message",
    "_append_oai_message",
    "_prepare_chat",
    "generate_init_message",
    "a_generate_init_message",
    "generate_oai_reply",
    "a_generate_oai_reply",
    "generate_tool_calls_reply",
    "a_generate_tool_calls_reply",
    "generate_function_call_reply",
    "a_generate_function_call_reply",
    "generate_code_execution_reply",
    "check_termination_and_human_reply",
    "a_check_termination_and_human_reply",
    "execute_function",
    "a_execute_function",
    "execute_code_blocks",
    "process_last_received_message",
    "process_all_messages_before_reply",
)
"""Methods that classes written for other engines override and that have no counterpart here: refused likewise."""


def draw(graph: Any, format: str = "svg", **options: Any) -> Any:
    """Draw a graph or a run; loads the pictures when first used."""
    from flowagents.view.draw import draw as drawn

    return drawn(graph, format, **options)


async def performed(asked: Conversation | OneReply, watchers: Sequence[Any]) -> Run:
    """Run on the caller's event loop; a run that was cancelled is returned too, so that what it left is published."""
    from asyncio import CancelledError

    try:
        return await perform_async(
            asked.linked, asked.bindings, asked.data, asked.memory, watchers=watchers, drawer=draw
        )
    except CancelledError as cancelled:
        run: Run = cancelled.run  # type: ignore[attr-defined]  # perform_async attaches it
        return run


class ConversableAgent(Tooling, Keeping):
    """An agent that answers messages with a model, tools, code, a human, functions, or a fixed reply.

    ``max_consecutive_auto_reply`` is how often it goes on by itself with one partner (None: 100).
    ``human_input_mode`` says when its human is asked: ALWAYS before every reply, TERMINATE when the conversation would
    end, NEVER. ``is_termination_msg`` gets the received message and returns whether it ends the conversation; without
    it the message ``TERMINATE`` does. ``llm_config`` is False, a dict with a ``config_list``, or a model client.
    ``code_execution_config`` is False or a dict; ``chat_messages`` gives histories by partner.

    Raises ConfigError for settings that nobody could obey.

    >>> bot = ConversableAgent("bot", human_input_mode="NEVER", default_auto_reply="pong")
    >>> user = ConversableAgent("user", human_input_mode="NEVER")
    >>> user.initiate_chat(bot, message="ping", max_turns=1, silent=True).summary
    'pong'
    """

    DEFAULT_LIMIT = 100

    def __init__(
        self,
        name: str,
        system_message: str | None = CONVERSABLE_SYSTEM,
        is_termination_msg: Callable[[dict[str, Any]], Any] | None = None,
        max_consecutive_auto_reply: int | None = None,
        human_input_mode: str = "TERMINATE",
        function_map: Mapping[str, Callable[..., Any]] | None = None,
        code_execution_config: Mapping[str, Any] | bool | None = False,
        llm_config: Any = None,
        default_auto_reply: Message | None = "",
        description: str | None = None,
        chat_messages: Mapping[Agent, Sequence[Mapping[str, Any]]] | None = None,
        silent: bool | None = None,
    ) -> None:
        """Set up the agent. Nothing of a network, a container or a terminal is touched."""
        _check_name(name)
        _check_overrides(type(self))
        if human_input_mode not in MODES:
            raise ConfigError(f"{name!r} has human_input_mode {human_input_mode!r}; give one of {', '.join(MODES)}")
        limit = self.DEFAULT_LIMIT if max_consecutive_auto_reply is None else max_consecutive_auto_reply
        check_limit(name, limit)
        self.name = name
        self.system_message = "" if system_message is None else system_message
        self.description = self.system_message if description is None else description
        self.human_input_mode = human_input_mode
        self.is_termination_msg = is_termination_msg
        self.default_auto_reply = None if default_auto_reply is None else checked_message(default_auto_reply, name)
        self.silent = bool(silent)
        self.llm_config = llm_config
        self.client, tools, functions = model_of(llm_config, name)
        self.executor, scan = executor_of(code_execution_config, name)
        self.reply_slots: list[ReplySlot] = base_slots(scan)
        self.hooks: dict[str, list[Callable[..., Any]]] = {kind: [] for kind in HOOKS.values()}
        self.ledger = Ledger(limit)
        self._set_up_tools(tools, functions, function_map)
        self._functions_registered = 0
        for peer, messages in (chat_messages or {}).items():
            given_history(self, peer, messages)

    def __repr__(self) -> str:
        """Show class and name."""
        return f"{type(self).__name__}({self.name!r})"

    # -- talking

    def initiate_chat(
        self,
        recipient: Agent,
        clear_history: bool = True,
        silent: bool | None = False,
        cache: Any = None,
        max_turns: int | None = None,
        summary_method: Any = "last_msg",
        summary_args: Mapping[str, Any] | None = None,
        message: MessageSource = None,
        **context: Any,
    ) -> ChatResult:
        """Begin a chat with ``recipient`` and run it to its end.

        Without ``message`` this agent's human is asked for it; a function as ``message`` gets this agent, the recipient
        and ``context``. ``max_turns`` is how many messages this agent may send. ``cache`` keeps the answers of both
        models, in place of a ``cache_seed`` of their own. ``summary_method`` is ``last_msg``, None, or a function of
        sender, recipient and ``summary_args``. Raises SetupError before anything runs, and what made the run fail
        with the run attached as ``.run``; Ctrl-C raises KeyboardInterrupt likewise.
        """
        asked = (clear_history, max_turns, summary_method, summary_args, message, context)
        chat = self._chat(recipient, *asked, asynchronous=False, cache=cache)
        watchers = chat.watchers(silent=bool(silent))
        return chat.finish(perform(chat.linked, chat.bindings, chat.data, chat.memory, watchers=watchers, drawer=draw))

    async def a_initiate_chat(
        self,
        recipient: Agent,
        clear_history: bool = True,
        silent: bool | None = False,
        cache: Any = None,
        max_turns: int | None = None,
        summary_method: Any = "last_msg",
        summary_args: Mapping[str, Any] | None = None,
        message: MessageSource = None,
        **context: Any,
    ) -> ChatResult:
        """Begin a chat on the running event loop; otherwise as ``initiate_chat``."""
        asked = (clear_history, max_turns, summary_method, summary_args, message, context)
        chat = self._chat(recipient, *asked, asynchronous=True, cache=cache)
        watchers = chat.watchers(silent=bool(silent))
        return chat.finish(await performed(chat, watchers))

    def _chat(
        self,
        recipient: Agent,
        clear_history: bool,
        max_turns: int | None,
        summary_method: Any,
        summary_args: Mapping[str, Any] | None,
        message: MessageSource,
        context: Mapping[str, Any],
        *,
        asynchronous: bool,
        cache: Any,
    ) -> Chat:
        """Return a chat that is ready to run."""
        return Chat(
            self,
            recipient,
            message=message,
            clear_history=clear_history,
            max_turns=max_turns,
            summary_method=summary_method,
            summary_args=summary_args,
            context=context,
            asynchronous=asynchronous,
            cache=cache,
        )

    def send(
        self,
        message: Message,
        recipient: Agent,
        request_reply: bool | None = None,
        silent: bool | None = False,
    ) -> None:
        """Send a message outside a chat. It is answered if ``request_reply``, or else the last chat, says so."""
        bare = BareMessage(self, recipient, message, request_reply=request_reply, asynchronous=False)
        watchers = bare.watchers(silent=bool(silent))
        bare.finish(perform(bare.linked, bare.bindings, bare.data, bare.memory, watchers=watchers, drawer=draw))

    async def a_send(
        self,
        message: Message,
        recipient: Agent,
        request_reply: bool | None = None,
        silent: bool | None = False,
    ) -> None:
        """Send a message on the running event loop; otherwise as ``send``."""
        bare = BareMessage(self, recipient, message, request_reply=request_reply, asynchronous=True)
        watchers = bare.watchers(silent=bool(silent))
        bare.finish(await performed(bare, watchers))

    def receive(
        self,
        message: Message,
        sender: ConversableAgent,
        request_reply: bool | None = None,
        silent: bool | None = False,
    ) -> None:
        """Receive a message of ``sender``, as if that agent had sent it."""
        check_pair(self, sender)
        sender.send(message, self, request_reply, silent)

    async def a_receive(
        self,
        message: Message,
        sender: ConversableAgent,
        request_reply: bool | None = None,
        silent: bool | None = False,
    ) -> None:
        """Receive a message on the running event loop; otherwise as ``receive``."""
        check_pair(self, sender)
        await sender.a_send(message, self, request_reply, silent)

    def generate_reply(
        self, messages: Sequence[Mapping[str, Any]] | None = None, sender: Agent | None = None, **unused: Any
    ) -> Any:
        """Return what this agent would say to ``messages``, or to its history with ``sender``; nothing is said.

        The reply is a text, a dict where it carries calls or results, or None for silence.
        """
        reply = OneReply(self, messages, sender, asynchronous=False)
        return reply.finish(perform(reply.linked, reply.bindings, reply.data, reply.memory, drawer=draw))

    async def a_generate_reply(
        self, messages: Sequence[Mapping[str, Any]] | None = None, sender: Agent | None = None, **unused: Any
    ) -> Any:
        """Return what this agent would say, on the running event loop; otherwise as ``generate_reply``."""
        reply = OneReply(self, messages, sender, asynchronous=True)
        return reply.finish(await performed(reply, []))

    # -- how it replies

    def register_reply(
        self,
        trigger: Trigger,
        reply_func: Callable[..., Any],
        position: int = 0,
        config: Any = None,
        reset_config: Callable[[Any], Any] | None = None,
        *,
        ignore_async_in_sync_chat: bool = False,
        remove_other_reply_funcs: bool = False,
    ) -> None:
        """Let a function answer messages whose sender matches ``trigger``; it is tried before earlier ones.

        It is called with this agent, ``messages``, ``sender`` and ``config``, and returns a pair: whether this is
        final, and the reply (None for silence). Registered during a run it takes effect in the next one.
        """
        self._functions_registered += 1
        title = str(getattr(reply_func, "__name__", "function")).replace("/", "|")
        key = f"{self._functions_registered} {title}"
        slot = function_slot(reply_func, trigger, config, key, ignored_in_sync=ignore_async_in_sync_chat)
        slot.reset_config = reset_config
        if remove_other_reply_funcs:
            self.reply_slots.clear()
        self.reply_slots.insert(position, slot)

    def register_hook(self, hookable_method: str, hook: Callable[..., Any]) -> None:
        """Let a function change messages, at one of the names in ``HOOKS``. Hooks run in the order of registration."""
        if hookable_method not in HOOKS:
            raise ConfigError(f"{hookable_method!r} cannot be hooked; hookable are {', '.join(HOOKS)}")
        self.hooks[HOOKS[hookable_method]].append(hook)

    @property
    def overrides_async(self) -> bool:
        """Whether the class has an ``a_generate_reply`` of its own."""
        return type(self).a_generate_reply is not ConversableAgent.a_generate_reply

    def spec_for(self, peer: Agent | None, *, synchronous: bool, replying: bool = False) -> AgentSpec:
        """Return what a graph needs to know of this agent when it talks to ``peer``.

        A class that overrides ``generate_reply`` is asked as one function, unless this is for a reply that it asks
        of us (``replying``).
        """
        overridden = type(self).generate_reply is not ConversableAgent.generate_reply
        steps: tuple[Step, ...]
        if not replying and (overridden or (self.overrides_async and not synchronous)):
            steps = (ReplyStep("generate_reply", "generate_reply"),)
            hooks = Hooks(before_send=len(self.hooks["before send"]))
        else:
            steps = steps_of(self.reply_slots, peer, has_model=self.client is not None, synchronous=synchronous)
            hooks = Hooks(*(len(self.hooks[kind]) for kind in HOOKS.values()))
        return AgentSpec(
            self.name,
            steps,
            self.human_input_mode,
            Says("heard", "TERMINATE") if self.is_termination_msg is None else None,
            self.default_auto_reply,
            hooks,
            limit=self.ledger.limits.get(peer, self.ledger.limit),
        )

    def as_node(self, peer: str) -> NodeParts:
        """Return what this agent brings to a code graph; ``Flow`` calls it, programs need not."""
        from flowagents.classic.node import node_parts

        return node_parts(self, peer)

    def get_human_input(self, prompt: str) -> str:
        """Ask the human behind this agent; override it to ask somewhere else. Called in a thread where others work."""
        from flowagents.adapters.human import ask_at_terminal

        return ask_at_terminal(prompt)


def _check_name(name: object) -> None:
    """Raise ConfigError for a name nobody could be called."""
    if not (isinstance(name, str) and name.strip()):
        raise ConfigError(f"an agent was named {name!r}; give a text that is not empty")
    if len(name) > 200 or not name.isprintable():
        raise ConfigError(f"an agent was named {name!r:.80}; give at most 200 characters, all of them printable")


def _check_overrides(kind: type) -> None:
    """Raise SetupError if a class overrides a method that is never called."""
    for method in (*ENGINE_METHODS, *FOREIGN_METHODS):
        if getattr(kind, method, None) is not getattr(ConversableAgent, method, None):
            raise SetupError(
                f"{kind.__name__} overrides {method}, which the engine replaces, so it would never be called; override "
                "get_human_input or generate_reply, or register a reply function or a hook"
            )
