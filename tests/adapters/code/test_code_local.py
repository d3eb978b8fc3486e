"""Local execution: what a reader sees, what hostile code cannot do, and that nothing is left running."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowagents.coding import CodeBlock, CodeExecutor, LocalCommandLineCodeExecutor
from flowagents.errors import CodeError, ConfigError, ExecutorClosed, SandboxLost

SLEEPER = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)"


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[LocalCommandLineCodeExecutor]:
    with LocalCommandLineCodeExecutor(20, tmp_path) as made:
        yield made


def python(code: str) -> list[CodeBlock]:
    return [CodeBlock(code, "python")]


def shell(code: str) -> list[CodeBlock]:
    return [CodeBlock(code, "sh")]


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet buried does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def sleeper_in(folder: Path) -> int:
    """Wait until SLEEPER runs in a folder; return its process."""
    pause = threading.Event()
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        pause.wait(0.01)
    return int((folder / "pid").read_text())


def interrupt_when_asleep(folder: Path) -> None:
    """Press Ctrl-C as soon as SLEEPER runs in a folder."""
    sleeper_in(folder)
    os.kill(os.getpid(), signal.SIGINT)


# What a reader sees.


def test_errors_come_before_output(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run(python("import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)"))
    assert (result.exit_code, result.output) == (3, "err\nout\n")
    assert (result.stdout, result.stderr, result.total_bytes) == ("out\n", "err\n", 8)


def test_blocks_run_in_order_until_one_fails(executor: LocalCommandLineCodeExecutor) -> None:
    blocks = [
        CodeBlock("print('a')", "py"),
        CodeBlock("echo b; exit 2", "bash"),
        CodeBlock("echo never", "sh"),
    ]
    result = executor.execute_code_blocks(blocks)
    assert (result.exit_code, result.output) == (2, "a\nb\n")
    assert [block.exit_code for block in result.blocks] == [0, 2]


def test_a_block_that_is_late_is_killed_and_its_output_not_shown(
    executor: LocalCommandLineCodeExecutor,
) -> None:
    code = "import time\nprint('x', flush=True)\ntime.sleep(600)"
    result = executor.run([CodeBlock("echo a", "sh"), *python(code)], timeout_seconds=1)
    assert (result.exit_code, result.output, result.timed_out) == (124, "a\n\nTimeout", True)
    assert (result.blocks[1].exit_code, result.blocks[1].stdout) == (None, "x\n")


def test_code_that_exits_with_124_is_not_late(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run(shell("exit 124"))
    assert (result.exit_code, result.timed_out) == (124, False)


def test_an_unknown_language_fails(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run([CodeBlock("echo a", "sh"), CodeBlock("fn main() {}", "Rust")])
    assert (result.exit_code, result.output) == (1, "a\n\nunknown language rust")


def test_code_without_a_language_is_inferred(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run([CodeBlock("print(1)")]).output == "1\n"
    assert executor.run([CodeBlock("what, this?")]).output == "\nunknown language "


def test_a_language_that_is_not_run_is_saved(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    result = executor.run([CodeBlock("<p>hi</p>", "html")])
    path = result.output.removeprefix("Code saved to ").removesuffix("\n")
    assert path == result.code_file
    assert path.startswith(f"{tmp_path}/tmp_code_")
    assert Path(path).read_text() == "<p>hi</p>"


def test_a_policy_makes_a_language_saved_only(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path, {"Python": False}) as executor:
        assert executor.run(python("print(1)")).output.startswith("Code saved to ")


def test_a_shell_block_installs_quietly(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path, {"sh": False}) as executor:
        saved = executor.run(shell("pip install rich")).code_file
    assert saved is not None
    assert Path(saved).read_text() == "pip install -qqq rich"


def test_a_message_goes_from_text_to_result(executor: LocalCommandLineCodeExecutor) -> None:
    blocks = executor.code_extractor.extract_code_blocks("Run:\n```sh\necho hi\n```")
    assert executor.run(blocks).output == "hi\n"


def test_a_named_file_is_there_for_the_next_block(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    blocks = [CodeBlock("# filename: src/one.py\nONE = 1", "python"), CodeBlock("cat src/one.py", "sh")]
    assert executor.run(blocks).output == "# filename: src/one.py\nONE = 1"
    assert executor.run(blocks[:1]).code_file == str(tmp_path / "src/one.py")


def test_code_imports_a_module_that_an_earlier_block_wrote(executor: LocalCommandLineCodeExecutor) -> None:
    executor.run(python("# filename: stocks.py\nPRICE = 7"))
    assert executor.run(python("import stocks\nprint(stocks.PRICE)")).output == "7\n"


def test_a_comment_with_a_slash_is_just_a_comment(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run(python("# ratio a/b\nprint(1)")).output == "1\n"


def test_dangerous_shell_text_is_a_failed_result(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    result = executor.run(shell("rm -rf ./x"))
    assert result.exit_code == 1
    assert "Refused to run this code" in result.output
    assert (tmp_path / "x").is_dir()


def test_no_blocks_and_too_many_blocks_have_results(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run([]).exit_code == 0
    assert "at most 100" in executor.run(shell("true") * 101).output


def test_a_missing_interpreter_is_a_failed_result(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    with LocalCommandLineCodeExecutor(20, tmp_path, environment=environment) as executor:
        result = executor.run(shell("true"))
    assert result.exit_code == 127
    assert "sh cannot be started" in result.output


def test_a_signal_is_a_negative_exit_code(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run(shell("kill -9 $$")).exit_code == -9


def test_code_reads_an_empty_input(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run(python("import sys\nprint(repr(sys.stdin.read()))")).output == "''\n"


def test_text_that_is_no_unicode_runs(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run(python("print('\ud800')")).output == "?\n"


# Hostile code.


def test_a_loop_that_ignores_term_is_killed(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
    assert executor.run(python(code), timeout_seconds=1).timed_out
    assert not runs(sleeper_in(tmp_path))


def test_children_of_late_code_are_killed(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    assert executor.run(shell("sleep 600 & echo $! > pid; wait"), timeout_seconds=1).timed_out
    assert not runs(sleeper_in(tmp_path))


def test_children_left_behind_are_killed(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    result = executor.run(shell("sleep 600 & echo $! > pid; echo done"))
    assert (result.exit_code, result.output) == (0, "done\n")
    assert not runs(sleeper_in(tmp_path))


def test_a_child_of_another_session_does_not_hold_the_call(
    executor: LocalCommandLineCodeExecutor, tmp_path: Path
) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    command = f"setsid {sys.executable} sleeper.py & echo done; while [ ! -s pid ]; do :; done"
    result = executor.run(shell(command))
    escaped = sleeper_in(tmp_path)
    assert (result.exit_code, result.output) == (0, "done\n")
    assert not executor.capabilities.kills_process_tree
    assert runs(escaped)  # as the capabilities say
    os.kill(escaped, signal.SIGKILL)


def test_the_end_of_a_pipeline_may_write_after_its_program(executor: LocalCommandLineCodeExecutor) -> None:
    assert executor.run(shell("(sleep 0.01; echo late) & echo first")).output == "first\nlate\n"


def test_a_flood_is_cut_and_counted(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run(shell("echo first; yes | head -c 100000000; echo last"))
    assert (result.exit_code, result.truncated, result.total_bytes) == (0, True, 100_000_011)
    assert result.output.startswith("first\ny\n")
    assert result.output.endswith("y\nlast\n")
    assert len(result.output) < 101_000


def test_an_endless_flood_ends_with_the_timeout(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run(shell("yes"), timeout_seconds=1)
    assert (result.timed_out, result.truncated, result.output) == (True, True, "\nTimeout")


def test_the_budget_holds_for_all_blocks_together(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path, output_bytes_max=100) as executor:
        result = executor.run(shell("printf %090d 1") * 5)
    assert (result.truncated, result.total_bytes) == (True, 450)
    assert len(result.output) < 200


def test_binary_output_is_text(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run(python("import os\nos.write(1, bytes(range(256)) + b'end')"))
    assert result.output.endswith("end")
    assert (result.truncated, result.total_bytes) == (False, 259)


@pytest.mark.parametrize("name", ["../x.py", "/tmp/x.py", "a/../../x.py"])
def test_a_file_outside_is_not_written(executor: LocalCommandLineCodeExecutor, tmp_path: Path, name: str) -> None:
    result = executor.run(python(f"# filename: {name}\nprint('ran')"))
    assert (result.exit_code, result.output) == (1, "Filename is not in the workspace")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["-rf", ".bashrc", "$(touch pwned).py", "a;touch pwned;.py", "a\\b.py", "x" * 300])
def test_a_file_name_is_never_a_command(executor: LocalCommandLineCodeExecutor, tmp_path: Path, name: str) -> None:
    result = executor.run([CodeBlock("print('ran')", "python", filename=name)])
    assert result.exit_code == 1
    assert "is refused" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_refused_file_name_stands_alone_in_the_output(executor: LocalCommandLineCodeExecutor) -> None:
    result = executor.run([CodeBlock("echo a", "sh"), CodeBlock("echo b", "sh", filename="../b")])
    assert (result.output, result.stdout) == ("Filename is not in the workspace", "a\n")


def test_a_planted_link_is_not_followed(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    work, secret = tmp_path / "work", tmp_path / "secret"
    secret.write_text("host")
    with LocalCommandLineCodeExecutor(20, work) as executor:
        executor.run(shell("ln -s ../secret a.py"))
        result = executor.run(python("# filename: a.py\nprint('ran')"))
    assert (result.exit_code, result.output) == (1, "Filename is not in the workspace")
    assert secret.read_text() == "host"


def test_a_planted_site_module_is_not_loaded(executor: LocalCommandLineCodeExecutor) -> None:
    executor.run(python("# filename: sitecustomize.py\nprint('planted')"))
    assert executor.run(python("print(1)")).output == "1\n"


def test_keys_of_the_host_are_not_in_the_environment(
    executor: LocalCommandLineCodeExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("LC_TIME", "C")
    result = executor.run(shell("env"))
    assert "sk-secret" not in result.output
    assert "LC_TIME=C" in result.output
    assert f"HOME={tmp_path}\n" in result.output


def test_a_given_variable_is_in_the_environment(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path, environment={"MODE": "dry"}) as executor:
        assert executor.run(shell("echo $MODE")).output == "dry\n"


def test_shell_and_python_blocks_share_a_virtual_environment(tmp_path: Path) -> None:
    python_dir = tmp_path / "env" / "bin"
    python_dir.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
    (python_dir / "python").symlink_to(os.path.realpath(sys.executable))
    with LocalCommandLineCodeExecutor(20, tmp_path / "w", python=str(python_dir / "python")) as executor:
        prefix = executor.run(python("import sys\nprint(sys.prefix)")).output
        assert prefix == f"{tmp_path / 'env'}\n"
        assert executor.run(shell("python -c 'import sys; print(sys.prefix)'")).output == prefix


# Ends and beginnings.


def test_a_folder_of_its_own_is_removed_at_the_end() -> None:
    with LocalCommandLineCodeExecutor() as executor:
        folder = executor.work_dir
        assert folder.is_dir()
    assert not folder.exists()


def test_a_given_folder_is_made_and_stays(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path / "a" / "b") as executor:
        executor.run(python("1"))
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


def test_a_folder_that_code_removed_is_made_again(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path / "w") as executor:
        executor.run(python("import shutil\nshutil.rmtree('.', ignore_errors=True)\nshutil.rmtree('../w')"))
        result = executor.run(python("print(1)"))
    assert (result.output, result.sandbox_reset) == ("1\n", True)


def test_a_folder_that_cannot_be_made_again_is_an_error(tmp_path: Path) -> None:
    with LocalCommandLineCodeExecutor(20, tmp_path / "w") as executor:
        (tmp_path / "w").rmdir()
        (tmp_path / "w").touch()
        with pytest.raises(SandboxLost, match="cannot be made again"):
            executor.run(python("print(1)"))


def test_a_closed_executor_refuses_everything() -> None:
    executor = LocalCommandLineCodeExecutor()
    executor.close()
    executor.close()
    with pytest.raises(ExecutorClosed, match="make a new one"):
        executor.run(python("1"))
    with pytest.raises(ExecutorClosed):
        asyncio.run(executor.execute(python("1")))
    asyncio.run(executor.stop())


@pytest.mark.parametrize("timeout", [0, -1, 0.5, float("nan"), float("inf"), True, "60"])
def test_a_bad_timeout_is_refused(timeout: float) -> None:
    with pytest.raises(ConfigError, match="give a number of seconds"):
        LocalCommandLineCodeExecutor(timeout)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="'cobol'"):
        LocalCommandLineCodeExecutor(execution_policies={"cobol": True})
    with pytest.raises(ConfigError, match="only be saved"):
        LocalCommandLineCodeExecutor(execution_policies={"html": True})
    with pytest.raises(ConfigError, match="no such program"):
        LocalCommandLineCodeExecutor(python="/no/such/python")
    with pytest.raises(ConfigError, match="at least 1"):
        LocalCommandLineCodeExecutor(output_bytes_max=0)


def test_an_interrupt_kills_the_code_and_is_raised(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    pressing = threading.Thread(target=interrupt_when_asleep, args=(tmp_path,))
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        executor.run(python(SLEEPER), timeout_seconds=600)
    pressing.join()
    assert not runs(sleeper_in(tmp_path))
    assert executor.run(python("print(1)")).output == "1\n"


# The asynchronous face.


def test_it_is_a_code_executor() -> None:
    async def use() -> str:
        async with LocalCommandLineCodeExecutor(20) as made:
            executor: CodeExecutor = made
            await executor.put({"data/in.txt": b"42"})
            result = await executor.execute(shell("cp data/in.txt out.txt; echo ok"))
            assert await executor.get(["out.txt"]) == {"out.txt": b"42"}
            return result.output

    assert asyncio.run(use()) == "ok\n"


def test_it_serves_one_event_loop_after_another(executor: LocalCommandLineCodeExecutor) -> None:
    outputs = [asyncio.run(executor.execute(shell("echo hi"))).output for _ in range(2)]
    assert outputs == ["hi\n", "hi\n"]


def test_cancelling_leaves_no_process(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    async def cancel() -> None:
        task = asyncio.ensure_future(executor.execute(python(SLEEPER), timeout_seconds=600))
        await asyncio.to_thread(sleeper_in, tmp_path)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not runs(sleeper_in(tmp_path))

    asyncio.run(cancel())
    assert executor.run(python("print(1)")).output == "1\n"


def test_a_call_cancelled_before_its_turn_never_begins(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    async def cancel() -> None:
        first = asyncio.ensure_future(executor.execute(python(SLEEPER), timeout_seconds=600))
        second = asyncio.ensure_future(executor.execute(shell("touch second")))
        await asyncio.to_thread(sleeper_in, tmp_path)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(cancel())
    assert not (tmp_path / "second").exists()


def test_a_call_cancelled_while_another_thread_runs_code_never_begins(
    executor: LocalCommandLineCodeExecutor, tmp_path: Path
) -> None:
    async def cancel() -> None:
        blocking = threading.Thread(target=executor.run, args=(python(SLEEPER),))
        blocking.start()
        sleeper = await asyncio.to_thread(sleeper_in, tmp_path)
        task = asyncio.ensure_future(executor.execute(shell("touch second"), timeout_seconds=600))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert runs(sleeper)
        os.kill(sleeper, signal.SIGKILL)
        blocking.join()

    asyncio.run(cancel())
    assert not (tmp_path / "second").exists()


def test_stopping_ends_what_runs_as_cancelled(tmp_path: Path) -> None:
    async def stop() -> None:
        executor = LocalCommandLineCodeExecutor(600, tmp_path)
        running = asyncio.ensure_future(executor.execute([*python(SLEEPER), *shell("touch second")]))
        await asyncio.to_thread(sleeper_in, tmp_path)
        await executor.stop()
        result = await running
        assert (result.cancelled, result.exit_code, result.timed_out) == (True, 137, False)

    asyncio.run(stop())
    assert not runs(sleeper_in(tmp_path))
    assert not (tmp_path / "second").exists()


def test_restarting_empties_a_folder_of_its_own() -> None:
    async def restart() -> str:
        async with LocalCommandLineCodeExecutor(20) as executor:
            await executor.execute(shell("touch left"))
            await executor.restart()
            return (await executor.execute(shell("ls left"))).output

    assert "left" in asyncio.run(restart())


def test_restarting_leaves_the_files_of_a_given_folder(executor: LocalCommandLineCodeExecutor, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    executor.run(python("# filename: theirs.py\n1"))
    asyncio.run(executor.restart())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_reading_and_writing_refuse_what_is_outside(executor: LocalCommandLineCodeExecutor) -> None:
    with pytest.raises(CodeError, match="not in the workspace"):
        asyncio.run(executor.put({"../x": b""}))
    with pytest.raises(CodeError, match="not in the workspace"):
        asyncio.run(executor.get(["/etc/passwd"]))
    with pytest.raises(CodeError, match="'missing' is not in the workspace"):
        asyncio.run(executor.get(["missing"]))
