"""Runs the steps of a notebook in one namespace: notebook_runner.py <program.json> <result.json>.

The result is {"exit": text or absent, "values": {...}, "error": ..., "trace": ...}; without error the task succeeded.
"""

import ast
import json
import linecache
import os
import re
import subprocess
import sys
import traceback
import types

from notebook_dbutils import DBUtils, NotebookExit, PythonRestart, Unsupported

# IPython's line magics that change nothing about what a program computes.
IGNORED_MAGICS = {"matplotlib", "load_ext", "reload_ext", "autoreload", "config", "pylab", "restart_python"}


def display(*values):
    for value in values:
        print(value)


def line_magic(line):
    name, _, rest = line[1:].partition(" ")
    if name == "pip":
        print("Installed before the notebook started:", rest)
    elif name == "sh":
        shell(rest)
    elif name == "restart_python":
        raise PythonRestart
    elif name not in IGNORED_MAGICS:
        raise NotImplementedError(f"The line magic %{name} is not available in this workspace.")


def shell(script):
    sys.stdout.flush()
    done = subprocess.run(["/bin/sh", "-c", script], check=False)
    if done.returncode != 0:
        raise RuntimeError(f"The shell command failed with exit code {done.returncode}.")


def without_magics(code):
    """IPython's lines (%name …, !command) as calls; only asked for code that is no Python as it stands."""

    def call(match):
        indent, sign, rest = match.groups()
        target = "__line_magic__" if sign == "%" else "__shell__"
        return f"{indent}{target}({(sign + rest if sign == '%' else rest)!r})"

    return re.sub(r"^([ \t]*)([%!])(?=\w|/|\.)(.*)$", call, code, flags=re.MULTILINE)


def parse(code, name):
    try:
        return ast.parse(code, name)
    except SyntaxError:
        translated = without_magics(code)
        if translated == code:
            raise
        return ast.parse(translated, name)


class Runner:
    def __init__(self, program):
        self.notebooks = program["notebooks"]
        self.dbutils = DBUtils(program["widgets"], program["task_values"])
        self.main = None
        self.restart()

    def restart(self):
        # Classes of the notebook are found again by pickle, as they are in any program.
        self.main = types.ModuleType("__main__")
        sys.modules["__main__"] = self.main
        self.main.__dict__.update(
            dbutils=self.dbutils,
            display=display,
            displayHTML=lambda html: None,
            getArgument=self.dbutils.widgets.getArgument,
            spark=Unsupported("spark"),
            sc=Unsupported("sc"),
            __line_magic__=line_magic,
            __shell__=shell,
        )

    def run(self, path, above=()):
        notebook = self.notebooks[path]
        if "error" in notebook:
            raise FileNotFoundError(notebook["error"])
        if path in above:
            raise RecursionError(f"Notebook {path} runs itself with %run.")
        for step in notebook["steps"]:
            try:
                self.step(path, step, (*above, path))
            except PythonRestart:
                self.restart()

    def step(self, path, step, above):
        kind = step["kind"]
        if kind == "python":
            self.python(f"<cell {step['cell']} of /Workspace{path}>", step["code"])
        elif kind == "shell":
            shell(step["script"])
        elif kind == "run":
            self.dbutils.widgets.give(step["widgets"])
            self.run(step["path"], above)
        else:
            raise NotImplementedError(f"Cell {step['cell']} of /Workspace{path}: {step['message']}")

    def python(self, name, code):
        # Tracebacks quote the cell's lines; an entry without a time stays in the cache.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        tree = parse(code, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), self.main.__dict__)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), self.main.__dict__)
            if value is not None:
                print(repr(value))


def cells_only(error):
    """The traceback without this program's own frames."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return error.with_traceback(frames)


def main():
    program_path, result_path = sys.argv[1:]
    with open(program_path, encoding="utf-8") as file:
        program = json.load(file)
    # As on Databricks, modules beside the notebook can be imported.
    sys.path[0] = os.getcwd()
    sys.argv = [program["path"]]
    runner = Runner(program)
    result = {}
    try:
        runner.run(program["path"])
    except NotebookExit as end:
        result["exit"] = end.value
    except BaseException as error:
        error = cells_only(error)
        result["error"] = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
        result["trace"] = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        print(result["trace"], file=sys.stderr)
    result["values"] = runner.dbutils.jobs.taskValues.own
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file)
    sys.exit(1 if "error" in result else 0)


if __name__ == "__main__":
    main()
