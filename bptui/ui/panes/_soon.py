from textual.widgets import Static


class SourcePane(Static):
    def show_program(self, program, source=None):
        self.update(program.source if program else source or "", layout=False)

    def show(self, snapshot):
        pass


class CurvePane(Static):
    def wants(self, snapshot, param):
        return None

    def show(self, snapshot, param, rows):
        pass

    def show_curve(self, curve):
        pass


class TimelinePane(Static, can_focus=True):
    def show(self, rows, param):
        self.update(f"{len(rows)} rows", layout=False)

    def clear(self):
        pass


class ConsolePane(Static, can_focus=True):
    t = ""

    def add(self, printed, errors):
        self.t = (self.t + printed + errors)[-300:]
        self.update(self.t.replace("[", "("), layout=False)

    def add_failure(self, failure):
        self.add(failure.traceback, "")

    def add_note(self, text):
        self.add(text, "")

    def clear(self):
        self.t = ""
