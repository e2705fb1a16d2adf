"""dbutils as a notebook of a job sees it: widgets, notebook.exit, jobs.taskValues and library.restartPython."""

import json

# Databricks keeps at most 48 KiB of JSON per task value.
TASK_VALUE_LIMIT = 48 * 1024


class NotebookExit(BaseException):
    """Ends the notebook with success. Not an Exception, so that a notebook's own handlers let it pass."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """The namespace is emptied, the next cell goes on."""


class InputWidgetNotDefined(Exception):
    """No widget and no parameter of this name."""


class Unsupported:
    """A part of dbutils that this workspace has not got; says so when it is used."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        raise NotImplementedError(f"{self._name}.{attribute} is not available in this workspace.")


class Widgets:
    """Values come from the task's parameters, else from what the notebook defined."""

    def __init__(self, given):
        self._given = dict(given)
        self._defined = {}

    def give(self, values):
        self._given.update(values)

    def text(self, name, defaultValue="", label=None):
        self._defined.setdefault(name, str(defaultValue))

    def dropdown(self, name, defaultValue, choices, label=None):
        if defaultValue not in choices:
            raise ValueError(f"The default value of widget {name}, {defaultValue!r}, is not among its choices.")
        self.text(name, defaultValue, label)

    def combobox(self, name, defaultValue, choices, label=None):
        self.text(name, defaultValue, label)

    def multiselect(self, name, defaultValue, choices, label=None):
        self.dropdown(name, defaultValue, choices, label)

    def get(self, name):
        for values in (self._given, self._defined):
            if name in values:
                return values[name]
        raise InputWidgetNotDefined(f"No input widget named {name} is defined")

    def getArgument(self, name, defaultValue=None):
        try:
            return self.get(name)
        except InputWidgetNotDefined:
            if defaultValue is None:
                raise
            return defaultValue

    def getAll(self):
        return {**self._defined, **self._given}

    def remove(self, name):
        self._defined.pop(name, None)
        self._given.pop(name, None)

    def removeAll(self):
        self._defined.clear()
        self._given.clear()


class Notebook:
    def exit(self, value=""):
        raise NotebookExit(str(value))

    def run(self, path, timeout_seconds=0, arguments=None):
        raise NotImplementedError(
            "dbutils.notebook.run is not available in this workspace: use %run, or a task of its own."
        )


class TaskValues:
    def __init__(self, upstream):
        self._upstream = upstream
        self.own = {}

    def set(self, key, value):
        text = json.dumps(value)
        if len(text.encode()) > TASK_VALUE_LIMIT:
            raise ValueError(f"The value of {key} has more than 48 KiB as JSON.")
        self.own[key] = json.loads(text)

    def get(self, taskKey, key, default=None, debugValue=None):
        values = self._upstream.get(taskKey, {})
        if key in values:
            return values[key]
        if default is not None:
            return default
        raise ValueError(f"Task {taskKey} has set no value named {key}, and no default was given.")


class Jobs:
    def __init__(self, upstream):
        self.taskValues = TaskValues(upstream)


class Library:
    def restartPython(self):
        raise PythonRestart


class DBUtils:
    def __init__(self, widgets, upstream):
        self.widgets = Widgets(widgets)
        self.notebook = Notebook()
        self.jobs = Jobs(upstream)
        self.library = Library()
        self.fs = Unsupported("dbutils.fs")
        self.secrets = Unsupported("dbutils.secrets")
