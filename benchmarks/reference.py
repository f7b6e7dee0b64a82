"""HiGHS, in a process of its own because its symbols clash with OR-tools': `python -m benchmarks.reference FILE`.

Says "ready" when the linear program is read, solves it when told to go, and answers with its value as JSON.
"""

import json
import sys
from typing import Any

import highspy
import numpy as np

from benchmarks.stopwatch import peak


def main() -> None:
    """Reads the program's file from the command line, and "go" from standard input."""
    with np.load(sys.argv[1]) as asked:
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(asked["cost"]), len(asked["low"])
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_, model.col_upper_ = asked["cost"], asked["top"]
        model.col_lower_ = np.zeros(model.num_col_)
        model.row_lower_, model.row_upper_ = asked["low"], asked["high"]
        order = np.lexsort((asked["row"], asked["column"]))
        many = np.bincount(asked["column"], minlength=model.num_col_)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(many)]).astype(np.int32)
        model.a_matrix_.index_ = asked["row"][order].astype(np.int32)
        model.a_matrix_.value_ = asked["entry"][order]
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.passModel(model)
    print("ready", flush=True)
    sys.stdin.readline()
    highs.run()
    print(json.dumps({"value": highs.getInfo().objective_function_value, "memory": peak()}), flush=True)


if __name__ == "__main__":
    main()
