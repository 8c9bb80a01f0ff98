import logging
import os
import warnings

from pipeline.console import log_capture


def test_everything_but_the_console_goes_to_the_log(tmp_path, capfd):
    log = tmp_path / "logs" / "run.log"
    with log_capture.console_apart(str(log)) as console:
        print("printed")
        os.write(2, b"written from C++\n")
        logging.getLogger("tfx").warning("logged")
        warnings.warn("warned", stacklevel=1)
        print("shown", file=console)
    text = log.read_text()
    for part in ("printed", "written from C++", "logged", "warned"):
        assert part in text
    assert "shown" not in text
    assert capfd.readouterr().out == "shown\n"


def test_streams_and_handlers_come_back(tmp_path, capfd):
    before = logging.getLogger().handlers[:]
    with log_capture.console_apart(str(tmp_path / "run.log")):
        pass
    print("again")
    assert capfd.readouterr().out == "again\n"
    assert logging.getLogger().handlers == before
